"""Any field on a tensor grid: by its own fast path if it has one, else point by point."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped


def on_axes(field: Callable[[Array], Array], axes: Sequence[np.ndarray]) -> Shaped[Array, "..."]:
    """Values v[j1, ..., jd] = φ(x_{j1}, ..., x_{jd}) on a tensor grid, by the field's `on_grid` or point by point.

    Args:
        field: Callable from a point of shape (dim,) to a scalar or to components.
        axes: Coordinates along each axis, shapes (n_1,), ..., (n_dim,), taken in the dtype of the field's parameters.

    Returns:
        Values, shape (n_1, ..., n_dim) and the components, if any.
    """
    dtype = dtype_of(field)
    axes = tuple(axis.astype(dtype) for axis in axes)
    on_grid = getattr(field, "on_grid", None)
    return on_grid(axes) if on_grid is not None else at_points(field, meshed(axes))


def at_points(field: Callable[[Array], Array], points: Float[np.ndarray, "*shape dim"]) -> Shaped[Array, "..."]:
    """Values of a field at many points, shape (*shape) and the components, in the dtype of the field's parameters."""
    flat = points.reshape(-1, points.shape[-1]).astype(dtype_of(field))
    values = jax.vmap(field)(jnp.asarray(flat))
    return values.reshape(*points.shape[:-1], *values.shape[1:])


def meshed(axes: Sequence[np.ndarray]) -> Float[np.ndarray, "*grid dim"]:
    """The points of a tensor grid, shape (n_1, ..., n_dim, dim)."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def dtype_of(field: Any) -> np.dtype:
    """The floating-point type of a field's parameters, the default one for a field without array leaves."""
    leaves = [leaf for leaf in jax.tree.leaves(field) if isinstance(leaf, jax.Array | np.ndarray)]
    return jnp.finfo(jnp.result_type(float, *leaves)).dtype
