r"""n-point functions, disconnected: nothing is subtracted."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.observable import Field, Observable


def two_point(
    separation: Sequence[float], dim: int = 1, centre: Sequence[float] | Float[np.ndarray, " dim"] | float = 0.0
) -> Observable:
    r"""Two-point function of symmetric pairs on the first axis.

    $$G(r) = \langle \phi(x_c - r e_1/2)\, \phi(x_c + r e_1/2) \rangle$$

    Disconnected; no average over positions.

    Args:
        separation: Distances r, in units of length (inverse mass).
        dim: Dimension of the points.
        centre: Centre x_c of the pairs: one number for every axis, or one per axis.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    separations = np.asarray(separation, dtype=float)
    offset = separations[:, None] / 2 * np.eye(dim)[0]
    middle = np.broadcast_to(np.asarray(centre, dtype=float), (dim,))
    pairs = np.stack([middle - offset, middle + offset], axis=1)
    return n_point(pairs, ("separation",), {"separation": tuple(separations.tolist())})


def n_point(
    points: Float[ArrayLike, "*shape factor dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Sequence[float]] | None = None,
) -> Observable:
    r"""Product of the field at given points, $\langle \phi(x_1) \cdots \phi(x_n) \rangle$, disconnected.

    It keeps its points, so that its average over Gaussian amplitudes can be taken by hand
    (`nnft_ppl.identities.improved`). A connected function is a `Derived` quantity of several of these.

    Args:
        points: One set of n points for every entry of the value.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.

    Returns:
        Observable of shape `shape` (and the field's own components, each to itself), in units of the field to the power
        n.

    Raises:
        TypeError: If the points are not real numbers.
        ValueError: If they have fewer than two axes, or are not finite.
    """
    places = require_finite("n_point", "points", points)
    if places.ndim < 2:
        raise ValueError(f"n_point: points have shape {places.shape}; give shape (*shape, factor, dim)")

    def product(phi: Field) -> Array:
        values = jax.vmap(phi)(jnp.asarray(places.reshape(-1, places.shape[-1])))
        return jnp.prod(values.reshape(*places.shape[:-1], *values.shape[1:]), axis=places.ndim - 2)

    return Observable(product, dims, dict(coords or {}), places)


def circle_two_point(separation: Sequence[float]) -> Observable:
    r"""Two-point function of a `nnft_ppl.fields.FourierSeries`, averaged exactly over the circle.

    $$G(t) = \frac1T \int_0^T ds\, \langle \phi(s)\, \phi(s+t) \rangle$$

    computed from the mode sums, so that no separation has to fall on a grid.

    Args:
        separation: Distances t along the circle, in units of length.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    separations = np.asarray(separation, dtype=float)

    def average(phi: Any) -> Array:
        return phi.translation_average(separations)

    return Observable(average, ("separation",), {"separation": tuple(separations.tolist())})
