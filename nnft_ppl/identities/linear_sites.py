r"""Which parameters the field is linear in: those, of Gaussian law, whose average can be taken by hand.

In reference coordinates φ(x) = φ_0(x) + Σ_i z_i h_i(x) for the coordinates of such sites, where φ_0 and h depend on
the others only (output weights of a network, Fourier coefficients, pairs of amplitudes).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.theory import Theory

POINTS = 3
"""Points at which fields are compared."""
ROUNDING = 1e4
"""A field is linear where it is so to this many rounding units."""


def linear_sites(theory: Theory) -> tuple[str, ...]:
    """Names of the sites in whose reference coordinates every field is jointly linear up to a constant.

    Found by evaluating the fields at a few points: sums of parameters against sums of fields.

    Args:
        theory: Any theory.
    """
    centre, side = theory.window
    offsets = np.random.default_rng(0).uniform(-side / 4, side / 4, (POINTS, theory.dim))
    points = jnp.asarray(centre + offsets)

    @jax.jit
    @jax.vmap
    def values(position: Array) -> Array:
        fields = theory.fields(position).values()
        return jnp.concatenate([jnp.ravel(jax.vmap(field)(points)) for field in fields])

    first, second = some_positions(theory)
    linear: list[str] = []
    for site in theory.sites:
        if site.exact and _affine(values, first, second, mask_of(theory, (*linear, site.label))):
            linear.append(site.label)
    return tuple(linear)


def some_positions(theory: Theory) -> np.ndarray:
    """Two positions z to try things at, (2, dimension); the same every time."""
    return np.random.default_rng(1).normal(size=(2, theory.dimension))


def mask_of(theory: Theory, sites: tuple[str, ...]) -> np.ndarray:
    """One on the coordinates of the sites, zero elsewhere."""
    mask = np.zeros(theory.dimension)
    for name in sites:
        mask[theory.groups[name]] = 1
    return mask


def _affine(values: Callable, first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> bool:
    """Whether f(a + b) + f(0) = f(a) + f(b) in the masked coordinates, the others fixed."""
    rest, a, b = (1 - mask) * first, mask * first, mask * (2 * second + first)
    tried = np.stack([rest + a + b, rest, rest + a, rest + b])
    both, none, left, right = np.asarray(values(jnp.asarray(tried)))
    if np.iscomplexobj(both):
        return False
    size = max(np.max(np.abs(part)) for part in (both, none, left, right))
    moved = np.max(np.abs(both - none))
    excess = np.max(np.abs(both + none - left - right))
    return bool(moved > 0 and excess <= ROUNDING * jnp.finfo(both.dtype).eps * size)
