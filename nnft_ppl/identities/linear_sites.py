r"""Which parameters the field is linear in: those, of Gaussian law, whose average can be taken by hand.

In reference coordinates φ(x) = φ_0(x) + Σ_i z_i h_i(x), real or complex, for the coordinates of such sites, where φ_0
and h depend on the others only (output weights of a network, Fourier coefficients, pairs of amplitudes).
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.observables import read_off, some_points
from nnft_ppl.theory import Theory, named_fields

POINTS = 3
"""Points at which fields are compared, beside those of the observables."""
MOST_POINTS = 16
"""Points of the observables at which they are, at most."""
TRIES = 48
"""Positions at which linearity is tried."""
SMALLEST, LARGEST = 0.1, 30.0
"""Sizes of parameters in units of their law: what is linear near zero may saturate, or begin to act, farther out."""
ROUNDING = 1e4
"""A field is linear where it is so to this many rounding units."""
AT_ONCE = 2**15
"""Reference coordinates of all positions in one call, about; a field on all of them at once would take memory."""

MOST_AMPLITUDES = 512
"""More are not averaged over by hand: whoever does takes a derivative, or two, for each."""


@lru_cache(maxsize=4)
def linear_sites(theory: Theory) -> tuple[str, ...]:
    """Names of the sites in whose reference coordinates every field is jointly linear up to a constant.

    Found by evaluating the fields at many positions, small and large, and at the points where observables look at them:
    sums of parameters against sums of fields. Their derivatives are used, so that a field whose derivative in a site
    may be another than it seems (`nnft_ppl.identities.smoothness`) is not linear in it.

    Args:
        theory: Any theory.
    """
    points, doubtful = _points(theory), smoothness(theory).fields
    named = some_points((one for measured in theory.observables.values() for one in measured.insertions), MOST_POINTS)

    def values(position: Array) -> Array:
        fields = theory.realise(position)
        found = [jax.vmap(field)(points) for field in named_fields(fields).values()]
        found += [read_off(named, fields).values] if named else []
        return jnp.concatenate([jnp.ravel(one) for one in found])

    evaluate = jax.jit(jax.vmap(values))
    linear: list[str] = []
    for site in theory.sites:
        mask = mask_of(theory, (*linear, site.label))
        if site.exact and site.label not in doubtful and affine(evaluate, positions_to_try(theory, mask)):
            linear.append(site.label)
    return tuple(linear)


@lru_cache(maxsize=4)
def free_amplitudes(theory: Theory) -> tuple[str, ...]:
    """Names of the sites in which every field is linear and the action does not occur; none where they are too many.

    Args:
        theory: Any theory.
    """
    if theory.phase_terms:
        return ()
    acting = smoothness(theory).acting
    if all(site.label in acting for site in theory.sites):
        return ()  # whether fields are linear costs a program
    found = tuple(name for name in linear_sites(theory) if name not in acting)
    size = sum(theory.groups[name].stop - theory.groups[name].start for name in found)
    return found if size <= MOST_AMPLITUDES else ()


def mask_of(theory: Theory, sites: tuple[str, ...]) -> np.ndarray:
    """One on the coordinates of the sites, zero elsewhere."""
    mask = np.zeros(theory.dimension)
    for name in sites:
        mask[theory.groups[name]] = 1
    return mask


def positions_to_try(theory: Theory, mask: np.ndarray) -> Iterator[Float[np.ndarray, "part try dimension"]]:
    """Positions of all sizes, the same every time: (rest, a, b) with a and b in the masked coordinates, rest outside.

    Args:
        theory: Gives the number of coordinates.
        mask: One on some of them, zero elsewhere.
    """
    generator = np.random.default_rng(1)
    together = max(1, min(TRIES, AT_ONCE // (4 * max(theory.dimension, 1))))
    for _ in range(0, TRIES, together):
        size = np.exp(generator.uniform(np.log(SMALLEST), np.log(LARGEST), (3, together, 1)))
        normal = size * generator.normal(size=(3, together, theory.dimension))
        yield np.stack([(1 - mask) * normal[0], mask * normal[1], mask * normal[2]])


def _points(theory: Theory) -> Float[Array, "point dim"]:
    """Some points of the region."""
    return jnp.asarray(theory.region.random_points(np.random.default_rng(0), POINTS))


def affine(evaluate: Callable, tries: Iterator[np.ndarray]) -> bool:
    """Whether f(a + b) + f(0) = f(a) + f(b) in the coordinates that are tried, the others fixed, and they move it.

    Args:
        evaluate: f of many positions, real or complex.
        tries: Positions, see `positions_to_try`.
    """
    moved = 0.0
    for rest, a, b in tries:
        positions = np.concatenate([rest, rest + a, rest + b, rest + a + b])
        fields = np.asarray(evaluate(jnp.asarray(positions))).reshape(4, len(rest), -1)
        # Far out another parameter may overflow: nothing is learnt there.
        known = np.isfinite(fields).all(axis=(0, 2))
        if np.sum(known) < len(known) / 2:
            return False
        none, left, right, both = fields[:, known]
        size = np.max(np.abs(fields[:, known]), axis=(0, 2), initial=0.0)
        excess = np.max(np.abs(both + none - left - right), axis=1, initial=0.0)
        if np.any(excess > ROUNDING * float(jnp.finfo(fields.dtype).eps) * size):
            return False
        moved = max(moved, float(np.max(np.abs(both - none), initial=0.0)))
    return moved > 0


def quadratic(evaluate: Callable, tries: Iterator[np.ndarray]) -> bool:
    """Whether f(a + b) + f(a − b) = 2 f(a) + 2 f(b) and f(2a) = 4 f(a) in the coordinates that are tried.

    Args:
        evaluate: f of many positions, real.
        tries: Positions, see `positions_to_try`.
    """
    for rest, a, b in tries:
        positions = np.concatenate([rest + a + b, rest + a - b, rest + a, rest + b, rest + 2 * a])
        found = np.asarray(evaluate(jnp.asarray(positions))).reshape(5, len(rest), -1)
        known = np.isfinite(found).all(axis=(0, 2))
        if np.sum(known) < len(known) / 2 or not np.issubdtype(found.dtype, np.floating):
            return False
        plus, minus, one, other, twice = found[:, known]
        size = ROUNDING * float(jnp.finfo(found.dtype).eps) * np.max(np.abs(found[:, known]), axis=(0, 2))
        missed = np.abs([plus + minus - 2 * one - 2 * other, twice - 4 * one])
        if np.any(np.max(missed, axis=(0, 2), initial=0.0) > size):
            return False
    return True
