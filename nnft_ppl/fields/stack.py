"""Several fields as the components of one."""

from collections.abc import Callable, Sequence
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.fields.plane_waves import PlaneWaves


def stack(fields: Sequence[Callable]) -> Callable[..., Array]:
    """The field whose components are given fields, φ_a(x) of the a-th.

    It has a fast path to grids (`on_grid`, `on_sphere`) if every one of them has it. Plane waves that share their
    momenta, the same array, become one field, whose cosines and sines are computed once.

    Args:
        fields: Callables from a point of shape (dim,), all to a scalar or to components of one shape.

    Returns:
        A field with values of shape (field, *components).

    Raises:
        TypeError: If one of them is not callable.
        ValueError: If there are none.

    Example:
        >>> plane = stack([lambda x: x[0], lambda x: 2 * x[0]])
        >>> plane(jnp.array([3.0])).tolist()
        [3.0, 6.0]

    Source: derived here.
    """
    fields = tuple(fields)
    if not fields:
        raise ValueError("stack: there are no fields; give at least one")
    for number, field in enumerate(fields):
        if not callable(field):
            raise TypeError(f"stack: entry {number} is {field!r}, no field; give callables phi(x)")
    first = fields[0]
    if isinstance(first, PlaneWaves):
        waves = [field for field in fields if isinstance(field, PlaneWaves) and field.momentum is first.momentum]
        if len(waves) == len(fields) and len({field.cosine.shape for field in waves}) == 1:
            return first.with_amplitudes(
                jnp.stack([field.cosine for field in waves], axis=1), jnp.stack([field.sine for field in waves], axis=1)
            )
    return Stacked(fields)


@final
class Stacked(eqx.Module):
    """The field whose components are given fields, φ_a(x) of the a-th; see `stack`."""

    fields: tuple[Any, ...]

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Shaped[Array, "field *component"]:
        """The components at one point x of shape (dim,)."""
        return jnp.stack([field(x) for field in self.fields])

    @property
    def on_grid(self) -> Callable[..., Array]:
        """Values on a tensor grid, shape (n_1, ..., n_dim, field, *components), if every field has them."""
        paths = [field.on_grid for field in self.fields]  # AttributeError says that there is none
        return lambda axes: jnp.stack([path(axes) for path in paths], axis=len(axes))

    @property
    def on_sphere(self) -> Callable[..., Array]:
        """Values on a grid of the sphere, shape (height, azimuth, field, *components), if every field has them."""
        paths = [field.on_sphere for field in self.fields]
        return lambda height, azimuth: jnp.stack([path(height, azimuth) for path in paths], axis=2)
