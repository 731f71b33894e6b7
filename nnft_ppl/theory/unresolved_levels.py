"""Levels of discrete sites that reference coordinates cannot tell apart, or do not reach."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl.densities import MOST_LEVELS, DiscreteLaw
from nnft_ppl.theory.errors import ModelError

DRAWS = 3
"""Free draws at which laws are looked at: they may depend on other sites."""
FAR, PLACES = 6.0, 49
"""Levels are looked at up to so many deviations, at so many places, and all of them where there are no more."""


def refuse_unresolved_levels(theory: Any) -> None:
    """Refuse discrete laws of which rounding would make others.

    Args:
        theory: A `Theory`.

    Raises:
        ModelError: For a level that has no room between its neighbours, or a law that goes beyond all that are sought.
    """
    if not theory.discrete:
        return
    shapes = {site.label: site.shape for site in theory.sites if site.discrete}

    def look(key: jax.Array) -> dict[str, tuple[jax.Array, jax.Array, jax.Array]]:
        found = {}
        for name, law in theory.at(theory.free_draw(key)).discrete_laws.items():
            levels = _some_levels(law, shapes[name])
            found[name] = levels, law.unresolved(levels), law.inside(levels) & (levels >= MOST_LEVELS)
        return found

    keys = jax.random.split(jax.random.key(0), DRAWS)
    for name, (levels, unresolved, beyond) in jax.tree.map(np.asarray, jax.jit(jax.vmap(look))(keys)).items():
        where = f"{theory.name}: site {name!r}"
        if unresolved.any():
            raise ModelError(
                f"{where} has levels, such as {levels[unresolved][0]}, too light beside others for rounding "
                f"({jnp.zeros(()).dtype}) to leave room for them: use float64, a continuous law where they are many, "
                "or flatter weights, and the rest as a numpyro.factor"
            )
        if beyond.any():
            raise ModelError(
                f"{where} reaches levels above {MOST_LEVELS}, where none is sought: use a continuous law or other units"
            )


def _some_levels(law: DiscreteLaw, shape: tuple[int, ...]) -> jax.Array:
    """Levels along a new first axis."""
    few = law.fixed and int(np.max(law.high - law.low)) < PLACES
    counted = jnp.arange(PLACES).reshape(PLACES, *(1,) * len(shape))
    if few:
        return jnp.broadcast_to(jnp.minimum(law.low + counted, law.high), (PLACES, *shape))
    z = jnp.broadcast_to(FAR * (2 * counted / (PLACES - 1) - 1), (PLACES, *shape))
    return law.level(z.astype(jnp.zeros(()).dtype))
