r"""The reference of a theory: the constants for which its Gaussian lies nearest to the density.

With z' ~ N(0, I) and S' of `nnft_ppl.reference.tilted`,

    E[S'(z'; c)] = KL(reference ‖ density) − ln Z

is smallest where the reference, of those there are, is nearest. For S = ∫V(φ) its stationary point is the gap equation
c = E[V''(φ)] in the reference itself. The same draws z' serve every c, so that differences are known well.

Source: derived in docs/theory/reference.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.identities import linear_sites, smoothness
from nnft_ppl.reference.gaussian import Gaussian, Reference
from nnft_ppl.reference.tilted import BARE_SHARE, log_mixture, tilted
from nnft_ppl.spaces import Space
from nnft_ppl.statistics import kish
from nnft_ppl.theory import Theory

DRAWS = 128
"""Draws z' over which S' is averaged."""
TOGETHER = 8
"""Of them, so many at a time."""
ENOUGH = 0.8
"""Where free draws are worth more than this share of their number, none but N(0, I) is wanted: below, the variance of
quoted estimates falls by more than what a root for every draw costs (docs/theory/reference.md)."""
NEARER = 0.1
"""By how much the divergence has to fall, at least."""
PARTS, BETTER = 4, 1.25
"""On so many times as many other draws the variance of weights has to be so many times smaller than that of free ones:
a few draws, and those that the constants were fitted to, flatter a Gaussian that misses a part of the density."""
SMALLEST, LARGEST = 1e-3, 1e4
"""Constants that are tried, in units of that at which the amplitudes feel the quadratic part at all."""
STEPS_OF_TWO = 4
"""Constants are rounded to this many steps in a factor of two: the minimum is flat, and equal constants share
compiled programs."""
LARGEST_ROOT, MOST_NUMBERS, MOST_FIXED = 1024, 2**22, 4096
"""Rows of the root that is taken for every draw, numbers in its features, and amplitudes of one taken once, at most."""


@dataclass(frozen=True)
class Sought:
    """What came of the search."""

    reference: Reference | None
    """None for N(0, I)."""
    reason: str
    """Why, in words."""


@lru_cache(maxsize=4)
def find_reference(theory: Theory) -> Sought:
    """The Gaussian reference of a theory; it depends on the theory alone, and on no seed.

    Args:
        theory: Any theory.
    """
    if reason := _why_not(theory):
        return Sought(None, reason)
    # Improved correlators average over all of them, also over those that the action leaves as they are.
    sites = linear_sites(theory)
    if smoothness(theory).acting.isdisjoint(sites):
        return Sought(None, "the action acts on no Gaussian parameter in which the field is linear")
    gaussian = Gaussian(theory, sites)
    size = min(gaussian.rows, gaussian.amplitudes)
    if gaussian.fixed and gaussian.amplitudes > MOST_FIXED:
        return Sought(None, f"{gaussian.amplitudes} amplitudes are too many")
    if not gaussian.fixed and (size > LARGEST_ROOT or gaussian.rows * gaussian.amplitudes > MOST_NUMBERS):
        return Sought(None, f"{gaussian.amplitudes} amplitudes on {gaussian.rows} points are too many")
    draws = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), DRAWS))
    actions = _program(theory, gaussian)
    none = np.zeros(len(gaussian.names))
    bare = np.asarray(actions(draws, none))
    if not np.all(np.isfinite(bare)):
        return Sought(None, "the action is infinite, or not a number, on free draws")
    if (share := _kish_share(bare)) > ENOUGH:
        return Sought(None, f"free draws are worth {share:.0%} of their number")
    constants = _nearest(lambda c: float(np.mean(actions(draws, c))), len(none), gaussian.unit)
    found = np.asarray(actions(draws, constants))
    fallen = float(np.mean(bare) - np.mean(found))
    if fallen <= NEARER:
        return Sought(None, "no positive mass term brings the free theory nearer to the density")
    reference = Reference(gaussian, tuple(constants.tolist()))
    # Where the density has parts that a narrower Gaussian hardly draws, free draws show what those weigh.
    others = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(1), PARTS * DRAWS)).reshape(PARTS, DRAWS, -1)
    worth, share = _shares(theory, reference, others)
    if 1 / share - 1 <= BETTER * (1 / worth - 1):
        return Sought(
            None, f"no positive mass term brings clearly more effective draws: {worth:.0%}, and free ones {share:.0%}"
        )
    values = ", ".join(f"{value:.3g}" for value in constants)
    shares = f"its draws are worth {worth:.0%} of their number, free ones {share:.0%}"
    return Sought(reference, f"c = {values}: {shares}")


def _why_not(theory: Theory) -> str:
    """Why there can be none; empty where there may."""
    if not theory.action_terms:
        return "there is no action"
    if theory.phase_terms:
        return "the action has a phase"
    if theory.discrete:
        return "there are discrete sites"
    if not isinstance(theory.space, Space):
        return "the theory has no space"
    if not all(site.exact for site in theory.sites):
        return "a site has no transport from N(0, 1)"
    return ""


def _program(theory: Theory, gaussian: Gaussian) -> Callable[[Array, np.ndarray], Array]:
    """(z', c) -> S' of every draw, compiled once."""
    target = theory.target()

    @jax.jit
    def actions(draws: Float[Array, "draw dimension"], constants: Float[Array, "field"]) -> Float[Array, "draw"]:
        return jax.lax.map(tilted(target, Reference(gaussian, constants)).action, draws, batch_size=TOGETHER)

    return lambda draws, constants: actions(draws, jnp.asarray(constants, draws.dtype))


def _shares(theory: Theory, reference: Reference, parts: Float[Array, "part draw dimension"]) -> tuple[float, float]:
    """Kish's share of draws of the reference with free ones among them, from as many of either, and of free ones."""
    target, gaussian = theory.target(), reference.gaussian

    @jax.jit
    def log_weights(draws: Float[Array, "draw dimension"]) -> Float[Array, "draw 3"]:
        def both(position: Array) -> Array:
            frame = reference.frame(position)
            amplitudes, parts = gaussian.split(position)
            pairs = (amplitudes, frame.place(amplitudes)), (frame.back(amplitudes), amplitudes)
            before, after = (jnp.stack(one) for one in zip(*pairs, strict=True))
            actions = jax.vmap(lambda own: target.action(gaussian.join(own, parts)))(after)
            of_mixture = -actions - jax.vmap(log_mixture, (None, 0, 0))(frame, before, after)
            return jnp.append(of_mixture, -actions[1])

        return jax.lax.map(both, draws, batch_size=TOGETHER)

    logs = np.nan_to_num(np.concatenate([log_weights(draws) for draws in parts]), nan=-np.inf)
    weights = np.exp(logs[:, :2] - np.max(logs[:, :2]))
    shares = np.array([1 - BARE_SHARE, BARE_SHARE])
    worth = float(np.mean(weights @ shares) ** 2 / np.mean(weights**2 @ shares))
    return worth, _kish_share(-logs[:, 2])


def _nearest(divergence: Callable[[np.ndarray], float], count: int, unit: float) -> np.ndarray:
    """The constants of smallest divergence: one for all fields, then, where there are more, one after the other."""
    from scipy.optimize import minimize_scalar  # late: it takes long to load, and most runs want no reference

    low, high = math.log(SMALLEST * unit), math.log(LARGEST * unit)

    def along(mask: np.ndarray, others: np.ndarray) -> float:
        def at(log: float) -> float:
            value = divergence(np.where(mask, math.exp(log), others))
            return value if math.isfinite(value) else 1e300

        return math.exp(minimize_scalar(at, bounds=(low, high), method="bounded", options={"xatol": 0.05}).x)

    constants = np.full(count, along(np.ones(count, bool), np.zeros(count)))
    if count > 1:
        for number in range(count):
            mask = np.arange(count) == number
            constants[mask] = along(mask, constants)
            if divergence(np.where(mask, 0.0, constants)) <= divergence(constants):
                constants[mask] = 0.0  # nothing acts on it
    with np.errstate(divide="ignore"):
        return 2.0 ** (np.round(np.log2(constants) * STEPS_OF_TWO) / STEPS_OF_TWO)


def _kish_share(action: Float[np.ndarray, " draw"]) -> float:
    return float(kish(-action)) / len(action)
