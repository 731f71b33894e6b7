"""What is measured for a model file that names no observables."""

from collections.abc import Sequence
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from nnft_ppl.observables.correlators import n_point
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
    x + r, on a sphere along a great circle. A tuple or dict of fields gets one of each per field, `two_point.NAME`.

    Args:
        names: Keys of the fields in the dict or tuple that the model returns; None where it returns one field.
        region: Where the fields are looked at, a space or `nnft_ppl.spaces.Unbounded`.
        labels: What observables of these fields are called; the keys in lower case unless given.
    """
    places = region.pairs(SEPARATIONS)
    coords = {"separation": tuple(places.separations)}

    def for_field(name: Any, suffix: str) -> dict[str, Observable]:
        return {
            f"phi_squared{suffix}": Observable(lambda fields: chosen(fields, name)(jnp.asarray(places.point)) ** 2),
            f"two_point{suffix}": n_point(places.points, ("separation",), coords, field=name),
        }

    if names is None:
        return for_field(None, "")
    shown = labels or [str(name).lower() for name in names]
    every = [for_field(name, f".{label}") for name, label in zip(names, shown, strict=True)]
    return {name: observable for of_field in every for name, observable in of_field.items()}
