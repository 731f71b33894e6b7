"""Any field on a tensor grid: by its own fast path if it has one, else point by point."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped


def on_axes(field: Callable[[Array], Array], axes: Sequence[np.ndarray]) -> Shaped[Array, "..."]:
    """Values v[j1, ..., jd] = φ(x_{j1}, ..., x_{jd}) on a tensor grid, by the field's `on_grid` or point by point.

    Args:
        field: Callable from a point of shape (dim,) to a scalar or to components.
        axes: Coordinates along each axis, shapes (n_1,), ..., (n_dim,), taken in the dtype of the field's parameters.

    Returns:
        Values, shape (n_1, ..., n_dim) and the components, if any.
    """
    leaves = [leaf for leaf in jax.tree.leaves(field) if isinstance(leaf, jax.Array | np.ndarray)]
    dtype = jnp.finfo(jnp.result_type(float, *leaves)).dtype
    axes = tuple(axis.astype(dtype) for axis in axes)
    on_grid = getattr(field, "on_grid", None)
    if on_grid is not None:
        return on_grid(axes)
    grid = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=-1)
    values = jax.vmap(field)(jnp.asarray(grid))
    return values.reshape(*(len(axis) for axis in axes), *values.shape[1:])
