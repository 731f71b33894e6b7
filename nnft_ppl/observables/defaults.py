"""What is measured for a model file that names no observables."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.observables.correlators import n_point, two_point
from nnft_ppl.observables.observable import Field, Observable


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
    fields gets one of each per field, `two_point.NAME`. Of a complex field they are |φ(x_c)|² and φ(x) φ(y)*.

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
        whole = sorted({float(np.floor(r / spacing + 0.25) * spacing) for r in separations})
        ends = point + np.array([[0.0, r] for r in whole])[..., None] * np.eye(dim)[0]
        pairs = n_point(ends, ("separation",), {"separation": tuple(whole)})
    else:
        pairs = two_point(separations, dim, centre)

    def for_field(select: Callable[[Any], Field], suffix: str) -> dict[str, Observable]:
        return {
            f"phi_squared{suffix}": Observable(lambda fields: _squared(select(fields)(jnp.asarray(point)))),
            f"two_point{suffix}": replace(pairs, function=lambda fields: _with_conjugate(pairs, select(fields))),
        }

    if names is None:
        return for_field(lambda phi: phi, "")
    shown = labels or [str(name).lower() for name in names]
    every = [
        for_field(lambda fields, name=name: fields[name], f".{label}") for name, label in zip(names, shown, strict=True)
    ]
    return {name: observable for of_field in every for name, observable in of_field.items()}


def _squared(value: Array) -> Array:
    """φ², or |φ|² where it is complex."""
    return jnp.real(value) ** 2 + jnp.imag(value) ** 2 if jnp.iscomplexobj(value) else value**2


def _with_conjugate(pairs: Observable, phi: Field) -> Array:
    """Products of the field at pairs of points, the second factor conjugate where it is complex."""
    assert pairs.points is not None  # they are those of an n-point function
    ends = jnp.asarray(pairs.points)
    shape = jax.eval_shape(phi, ends[0, 0])
    if not jnp.issubdtype(shape.dtype, jnp.complexfloating):
        return pairs(phi)
    return jax.vmap(phi)(ends[:, 0]) * jnp.conj(jax.vmap(phi)(ends[:, 1]))
