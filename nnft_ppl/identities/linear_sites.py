r"""Which parameters the field is linear in: those, of Gaussian law, whose average can be taken by hand.

In reference coordinates φ(x) = φ_0(x) + Σ_i z_i h_i(x) for the coordinates of such sites, where φ_0 and h depend on
the others only (output weights of a network, Fourier coefficients, pairs of amplitudes).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.theory import Theory, field_names

POINTS = 3
"""Points at which fields are compared."""
ROUNDING = 1e4
"""A field is linear where it is so to this many rounding units."""


def linear_sites(theory: Theory) -> tuple[str, ...]:
    """Names of the sites in whose reference coordinates every field is jointly linear up to a constant.

    Found by evaluating the fields: sums of parameters against sums of fields, at a few points in two free draws.

    Args:
        theory: Any theory.
    """
    centre = np.broadcast_to(np.asarray(theory.space.centre if theory.space else 0.0, float), (theory.dim,))
    reach = (theory.space.side if theory.space else 2.0) / 4
    offsets = np.random.default_rng(0).uniform(-reach, reach, (POINTS, theory.dim))
    points = jnp.asarray(centre + offsets)

    @jax.jit
    def values(position: Array) -> Array:
        return jnp.concatenate([jnp.ravel(jax.vmap(field)(points)) for field in fields_of(theory.realise(position))])

    first, second = (theory.free_draw(jax.random.key(number)) for number in (1, 2))
    found: list[str] = []
    for site in theory.sites:
        if not site.exact:
            continue
        mask = mask_of(theory, (*found, site.label))
        if _affine(values, first, second, mask):
            found.append(site.label)
    return tuple(found)


def fields_of(returned: Any) -> list[Any]:
    """The fields that a model returns, as a list."""
    names = field_names(returned)
    return [returned] if names is None else [returned[name] for name in names]


def mask_of(theory: Theory, sites: tuple[str, ...]) -> Float[Array, "dimension"]:
    """One on the coordinates of the sites, zero elsewhere."""
    mask = np.zeros(theory.dimension)
    for name in sites:
        mask[theory.groups[name]] = 1
    return jnp.asarray(mask)


def _affine(values: Any, first: Array, second: Array, mask: Array) -> bool:
    """Whether f(a + b) + f(0) = f(a) + f(b) in the masked coordinates, the others fixed."""
    rest = (1 - mask) * first
    one, other = mask * first, mask * (2 * second + first)
    parts = [values(rest + one + other), values(rest), -values(rest + one), -values(rest + other)]
    if jnp.iscomplexobj(parts[0]):
        return False
    size = max(float(jnp.max(jnp.abs(part))) for part in parts)
    moved = float(jnp.max(jnp.abs(parts[0] - parts[1])))
    excess = float(jnp.max(jnp.abs(sum(parts[1:], start=parts[0]))))
    return moved > 0 and excess <= ROUNDING * float(jnp.finfo(parts[0].dtype).eps) * size
