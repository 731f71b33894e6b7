"""Moves of discrete sites that a model file brings: whether they give levels, of all sites, in the right shape."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.display import error_words
from nnft_ppl.theory.errors import ModelError

DRAWS = 16
"""Free draws that are moved."""
NEAR = 1e-6
"""A value is one of a table's up to so much, in its own units."""


def refuse_wrong_moves(theory: Any) -> None:
    """Refuse moves that do not map the levels of the discrete sites onto levels of the same sites.

    Whether they keep the density is not looked at.

    Args:
        theory: A `Theory`.

    Raises:
        ModelError: Naming the site.
    """
    if (moves := theory.moves) is None:
        return
    words = f"{theory.name}: moves()"
    sites = {site.label: site.shape for site in theory.sites if site.discrete}
    if not callable(moves):
        raise ModelError(f"{words} returned {moves!r}, not a function (key, values) -> values")

    def one(key: Array) -> dict[str, tuple[Array, Array]]:
        key_draw, key_move = jax.random.split(key)
        reading = theory.at(theory.free_draw(key_draw))
        try:
            given: Any = moves(key_move, {name: reading.values[name] for name in sites})
            moved: dict[str, Any] = dict(given)
        except Exception as error:  # whatever the model file is made of
            raise ModelError(f"{words} fails: {error_words(error)}") from error
        if set(moved) != set(sites):
            raise ModelError(f"{words} gives {sorted(moved)}; give every discrete site and no other: {sorted(sites)}")
        for name, shape in sites.items():
            if jnp.shape(moved[name]) != shape:
                raise ModelError(f"{words} gives {name!r} the shape {jnp.shape(moved[name])}; the site has {shape}")
        laws = reading.discrete_laws
        return {
            name: (found := jnp.asarray(moved[name]), laws[name].value(laws[name].level_of(found))) for name in sites
        }

    found = jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), DRAWS))
    for name, (given, nearest) in jax.tree.map(np.asarray, found).items():
        wrong = ~(np.abs(given - nearest) <= NEAR * np.maximum(1.0, np.abs(nearest)))
        if wrong.any():
            raise ModelError(f"{words} gives {name!r} the value {given[wrong][0]:g}, which is no level of the site")
