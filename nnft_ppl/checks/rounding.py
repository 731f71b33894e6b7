"""Observables that are nothing but the rounding of what was subtracted in them: a quantity that is conserved."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from nnft_ppl.complex_parts import without_noise_part
from nnft_ppl.theory import Theory

DRAWS = 16
SAME_SIZE = 0.03
"""Rounding changes by its own size wherever it is looked at again; anything else changes in proportion to the step."""
LARGER = 100.0
"""Draws may be so many times larger than the rounding of free draws; beyond, there is more in them."""


def without_rounding(theory: Theory, series: Mapping[str, ndarray]) -> dict[str, ndarray]:
    """The series, with zeros where an observable is nothing but rounding, such as (a + 1) − 1 − a.

    It is told from a small number by a step in z of the root of the rounding unit, relative: a function changes by
    about as little, rounding by its own size. Only what is below that root on every draw is looked at.

    Args:
        theory: What was sampled.
        series: Observables by name, (chain, draw, *shape).
    """
    series = {name: np.asarray(without_noise_part(values)) for name, values in series.items()}
    step = float(np.sqrt(jnp.finfo(jnp.zeros(()).dtype).eps))
    largest = {name: np.max(np.abs(values), axis=(0, 1)) for name, values in series.items()}
    tiny = [name for name, size in largest.items() if np.any((size > 0) & (size < step))]
    if not tiny:
        return series

    def twice(key: jax.Array) -> tuple[dict, dict]:
        position = theory.free_draw(key)
        moved = position * (1 + step * jax.random.uniform(key, position.shape, position.dtype, 0.5, 1.5))
        here, there = (theory.measure(place)["observables"] for place in (position, moved))
        return {name: here[name] for name in tiny}, {name: there[name] for name in tiny}

    here, there = jax.jit(jax.vmap(twice))(jax.random.split(jax.random.key(0), DRAWS))
    cleared = dict(series)
    for name in tiny:
        before, after = np.asarray(here[name]), np.asarray(there[name])
        size = np.max(np.abs(before), axis=0)
        change = np.mean(np.abs(after - before), axis=0)
        noise = (change >= SAME_SIZE * size) & (largest[name] < step) & (largest[name] <= LARGER * size)
        cleared[name] = np.where(noise & (size > 0), 0.0, series[name])
    return cleared
