"""What is measured for a model file that names no observables."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from nnft_ppl.observables.correlators import n_point, symmetric_pairs
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.readings import chosen


def default_observables(
    names: tuple | None,
    dim: int,
    centre: Sequence[float] | Float[np.ndarray, " dim"] | float = 0.0,
    side: float | None = None,
    *,
    labels: Sequence[str] | None = None,
    spacing: float | None = None,
) -> dict[str, Observable]:
    r"""What is measured for a model file that names no observables.

    `phi_squared` = φ(x_c)² at the centre (the origin without a space) and `two_point` of pairs symmetric about it at
    the separations 0, ½, 1, 2 (capped at half the side). A field on a lattice has no value of its own between sites:
    there x_c is a site, pairs are (x_c, x_c + r), and separations are rounded to whole spacings. A tuple or dict of
    fields gets one of each per field, `two_point.NAME`.

    Args:
        names: Keys of the fields in the dict or tuple that the model returns; None where it returns one field.
        dim: Dimension of the points.
        centre: Centre of the space, a number or shape (dim,).
        side: Side of the space, None for an unbounded one.
        labels: What observables of these fields are called; the keys in lower case unless given.
        spacing: Distance of neighbouring sites, where the fields are those of a lattice; its centre is to be a site.
    """
    separations = sorted({min(r, side / 2 if side else r) for r in (0.0, 0.5, 1.0, 2.0)})
    point = np.broadcast_to(np.asarray(centre, dtype=float), (dim,))
    if spacing:
        separations = sorted({float(np.floor(r / spacing + 0.25) * spacing) for r in separations})
        ends = point + np.array([[0.0, r] for r in separations])[..., None] * np.eye(dim)[0]
    else:
        ends = symmetric_pairs(separations, dim, centre)

    def for_field(name: Any, suffix: str) -> dict[str, Observable]:
        return {
            f"phi_squared{suffix}": Observable(lambda fields: chosen(fields, name)(jnp.asarray(point)) ** 2),
            f"two_point{suffix}": n_point(ends, ("separation",), {"separation": tuple(separations)}, field=name),
        }

    if names is None:
        return for_field(None, "")
    shown = labels or [str(name).lower() for name in names]
    every = [for_field(name, f".{label}") for name, label in zip(names, shown, strict=True)]
    return {name: observable for of_field in every for name, observable in of_field.items()}
