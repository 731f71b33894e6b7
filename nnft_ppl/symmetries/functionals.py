r"""The functionals F that Ward identities are written for, unless a symmetry names its own.

Beside F = 1: products of the fields at the symmetry's points, whose Gaussian amplitudes are averaged by hand where that
can be done, and bounded functions of them, which have a variance whatever the law of the parameters.
"""

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl.observables import Insertion, Observable, at, product
from nnft_ppl.symmetries.lift import Points
from nnft_ppl.theory import Theory, field_names

MOST_LEGS = 4
"""Fields and components that are taken, at two points each, at most."""
MOST_PAIRS = 6
"""Products of two fields."""
PILOT = 32
"""Free draws from which the scale of a bounded functional is taken."""


def default_functionals(theory: Theory, points: Points) -> dict[str, Observable]:
    """Products of two and four fields, and bounded functions of products of two, by name.

    Args:
        theory: The theory.
        points: Where fields are looked at, shape (point, dim).
    """
    legs = _legs(theory, points)
    pairs = sorted(combinations_with_replacement(range(len(legs)), 2), key=lambda pair: (pair[0] == pair[1], pair))
    names = list(legs)
    # One field alone sees what leaves through two edges with opposite signs.
    found = {names[0]: product(legs[names[0]])}
    found |= {
        f"{names[i]}·{names[j]}": product(legs[names[i]], legs[names[j]]) for i, j in pairs[:MOST_PAIRS]
    }  # fmt: skip
    first, last = names[0], names[-1]
    found[f"{first}³·{last}"] = product(*[legs[first]] * 3, legs[last])
    scales = _scales(theory, found)
    for one in list(found)[:3]:
        found[f"tanh({one}/{scales[one]:.2g})"] = _bounded(found[one], scales[one])
    return found


def _legs(theory: Theory, points: Points) -> dict[str, Insertion]:
    """Fields and components at the first two points (conjugate at the second), by words."""
    position = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
    shapes: list[Any] = []

    def look(z: Any) -> None:
        returned = theory.realise(z)
        names = field_names(returned)
        for key in names if names is not None else (None,):
            value = jax.eval_shape(returned if key is None else returned[key], points[0])
            shapes.append((key, value.shape, jnp.issubdtype(value.dtype, jnp.complexfloating)))

    jax.eval_shape(look, position)
    ends = np.asarray(points)[[0, min(1, len(points) - 1)]]
    entries = [(key, index, is_complex) for key, shape, is_complex in shapes for index in np.ndindex(shape)]
    found = {}
    for point, words in zip(ends, ("x", "y"), strict=True):
        for key, index, is_complex in entries[:MOST_LEGS]:
            name = "φ" + ("" if key is None else f".{key}") + (str(list(index)) if index else "")
            leg = at(point, field=key, component=index or None)
            conjugated = is_complex and words == "y"
            found[f"{name}{'*' if conjugated else ''}({words})"] = leg.conjugate if conjugated else leg
    return found


def _scales(theory: Theory, observables: Mapping[str, Observable]) -> dict[str, float]:
    """Root mean squares on free draws; 1 where that is no number."""

    def values(key: Any) -> dict[str, Any]:
        reading = theory.at(theory.free_draw(key))
        return {name: one.on(reading) for name, one in observables.items()}

    found = jax.jit(jax.vmap(values))(jax.random.split(jax.random.key(0), PILOT))
    sizes = {name: float(np.median(np.abs(np.asarray(value)))) for name, value in found.items()}
    return {name: float(f"{size:.2g}") if np.isfinite(size) and size > 0 else 1.0 for name, size in sizes.items()}


def _bounded(observable: Observable, scale: float) -> Observable:
    return Observable(lambda fields: jnp.tanh(jnp.real(observable(fields)) / scale))
