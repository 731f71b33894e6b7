"""What is measured for a model file that names no observables."""

from collections.abc import Sequence
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.observables.correlators import product
from nnft_ppl.observables.insertions import at
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.readings import chosen

SEPARATIONS = (0.0, 0.5, 1.0, 2.0)


class Pairs(Protocol):
    """One point, shape (dim,), and pairs of points, shape (pair, 2, dim), at these separations."""

    @property
    def point(self) -> Float[np.ndarray, "dim"]:
        """The one point."""
        ...

    @property
    def separations(self) -> Sequence[float]:
        """The separations."""
        ...

    @property
    def points(self) -> Float[np.ndarray, "pair 2 dim"]:
        """The pairs."""
        ...


class Looking(Protocol):
    """Where fields are looked at, such as a `nnft_ppl.spaces.Space`."""

    def pairs(self, separations: Sequence[float], /) -> Pairs:
        """Pairs of points at about these separations."""
        ...


def default_observables(
    names: tuple | None, region: Looking, *, labels: Sequence[str] | None = None
) -> dict[str, Observable]:
    r"""What is measured for a model file that names no observables.

    `phi_squared` = φ(x_c)² at one point and `two_point` of pairs at the separations 0, ½, 1, 2, where the region says:
    in a box at its centre and symmetric about it (and separations at most half the side), on a lattice at sites x and
    x + r, on a sphere along a great circle. A tuple or dict of fields gets one of each per field, `two_point.NAME`. Of
    a complex field they are |φ(x_c)|² and φ(x) φ(y)*.

    Args:
        names: Keys of the fields in the dict or tuple that the model returns; None where it returns one field.
        region: Where the fields are looked at, a space or `nnft_ppl.spaces.Unbounded`.
        labels: What observables of these fields are called; the keys in lower case unless given.
    """
    places = region.pairs(SEPARATIONS)
    coords = {"separation": tuple(places.separations)}
    x, y = np.moveaxis(places.points, -2, 0)
    centre = jnp.asarray(places.point)

    def for_field(name: Any, suffix: str) -> dict[str, Observable]:
        return {
            f"phi_squared{suffix}": Observable(lambda fields: _squared(chosen(fields, name)(centre))),
            f"two_point{suffix}": product(at(x, name), at(y, name).conjugate, dims=("separation",), coords=coords),
        }

    if names is None:
        return for_field(None, "")
    shown = labels or [str(name).lower() for name in names]
    every = [for_field(name, f".{label}") for name, label in zip(names, shown, strict=True)]
    return {name: observable for of_field in every for name, observable in of_field.items()}


def _squared(value: Array) -> Array:
    """φ², or |φ|² where it is complex."""
    return jnp.real(value) ** 2 + jnp.imag(value) ** 2 if jnp.iscomplexobj(value) else value**2
