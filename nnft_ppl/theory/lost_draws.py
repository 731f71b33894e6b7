"""Laws whose draws do not fit into floating-point numbers: zero in place of 1e-400, one in place of 1 − 1e-20."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.theory import Theory

DRAWS = 1024
"""Free draws that are looked at."""
MOST_ZEROS = 0.01
"""The largest share of draws whose value is zero though its logarithm is known."""
TIES = 3
"""So many draws at one end, in the same coordinate, are crowded there: a continuous law repeats none."""


def refuse_lost_draws(theory: Theory) -> None:
    """Refuse a theory with a site whose draws underflow, or crowd at the edge of its support.

    Sites with a transport are drawn in reference coordinates, where nothing is lost: they are not looked at.

    Args:
        theory: Any theory.

    Raises:
        ModelError: Naming the site.
    """
    own = [site for site in theory.sites if not site.exact]
    if not own:
        return

    def look(key: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        position = theory.free_draw(key)
        return theory.split(position), theory.transport(position)

    coordinates, values = jax.jit(jax.vmap(look))(jax.random.split(jax.random.key(0), DRAWS))
    for site in own:
        u, value = (np.asarray(one[site.label]).reshape(DRAWS, -1) for one in (coordinates, values))
        zero = value == 0
        # A zero here and there does no harm where the logarithm is kept; many leave a model nothing to go by.
        zeros = (zero & ~zero.all(axis=0)).any(axis=1)
        lost = ~np.isfinite(u).all(axis=1) | (zeros & (zeros.mean() > MOST_ZEROS))
        crowded = max(_ties(u, np.min), _ties(u, np.max))
        if lost.any() or crowded >= TIES:
            what = f"underflow or overflow in {lost.sum()}" if lost.any() else f"coincide at an edge in {crowded}"
            raise ModelError(
                f"{theory.name}: draws of site {site.name!r} {what} of {DRAWS}, so that its density cannot be held in "
                "floating-point numbers: take a larger shape (concentration), or sample its logarithm (logit) in its "
                "place"
            )


def _ties(u: np.ndarray, end: Callable) -> int:
    """The most draws that share the lowest or highest coordinate, over the site's coordinates."""
    return int((u == end(u, axis=0)).sum(axis=0).max(initial=0))
