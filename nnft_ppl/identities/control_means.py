r"""Means of the free averages that are control variates: over features alone, without a grid and without an action.

At S = 0 an observable has the average C(features) over the amplitudes, and E[C] over the prior of the features is the
free theory's answer, whatever the action. Independent draws have that prior, and their average of C is off by as much
as their features are: E[C] has to be known far better than that. So features are drawn evenly: in sets of draws each of
which is an exact draw of the prior, while each neuron alone, over the draws of a set, fills its own coordinates as a
Sobol net does. A sum over neurons of functions of one neuron each, as K(x, y), then has an error that falls nearly as
one over the number of draws; of any other function, the usual one. Sets are independent: their spread is the error.

Source: derived in docs/theory/identities.md; the shift of a net by random bits is that of A. B. Owen, Randomly permuted
(t, m, s)-nets, in Lecture Notes in Statistics 106 (Springer, 1995).
"""

import math
from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtri

from nnft_ppl.devices import over_chains
from nnft_ppl.identities.improved import Improvement

SETS, LOG_DRAWS = 16, (6, 8)
"""Independent sets, and the logarithm to base 2 of the draws in each: more, where few do not know the means so well."""
AS_GOOD_AS = 5000
"""Plain draws that know a mean as well as is enough; of most correlators it is known hundreds of times better."""
FEWEST = 2 ** LOG_DRAWS[0]
"""Draws of a set that are evaluated in one call."""
BITS = 30
"""Of a coordinate of the net."""
TOGETHER = 16
"""Draws that are evaluated at a time."""


def control_means(improvement: Improvement, key: Array) -> dict[str, Float[np.ndarray, "set *shape"]]:
    """E[C], C = E_free[O | features], of each controlled observable once for each set; empty where none is controlled.

    Args:
        improvement: Improved estimators, whose controls these are.
        key: Random key; the same key gives the same means.

    Returns:
        Arrays of shape (set, *shape) by name, in the observables' units.

    Source: derived in docs/theory/identities.md.
    """
    if not improvement.controlled:
        return {}
    seed = np.random.SeedSequence(np.asarray(jax.random.key_data(key)).ravel().tolist())
    means: dict[str, np.ndarray] = {}
    for log_draws in LOG_DRAWS:
        means, squares = _means_of_sets(improvement, log_draws, seed)
        spread = {name: np.var(one, axis=0, ddof=1) / SETS for name, one in means.items()}
        of_one = {
            name: np.mean(squares[name], axis=0) - np.mean(np.abs(one) ** 2, axis=0) for name, one in means.items()
        }
        if all(np.all(AS_GOOD_AS * spread[name] <= of_one[name]) for name in means):
            break
    return means


def _means_of_sets(
    improvement: Improvement, log_draws: int, seed: np.random.SeedSequence
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """E[C] and E[|C|²] of every set, (set, *shape) by name."""
    theory, draws = improvement.theory, 2**log_draws
    shapes = {site.label: site.reference_shape for site in theory.sites if site.label not in improvement.sites}
    at_once, averages = _averages(improvement)
    found, together = [], np.zeros((at_once, draws, theory.dimension))
    for number, generator in enumerate(map(np.random.default_rng, seed.spawn(SETS))):
        for name, values in even_draws(shapes, log_draws, generator).items():
            together[number % at_once, :, theory.groups[name]] = values.reshape(draws, -1)
        if (number + 1) % at_once == 0:
            parts = np.split(together, draws // FEWEST, axis=1)
            each = [jax.tree.map(np.asarray, averages(jnp.asarray(part))) for part in parts]
            found.append(jax.tree.map(lambda *means: np.mean(means, axis=0), *each))
    return jax.tree.map(lambda *sets: np.concatenate(sets), *found)


@lru_cache(maxsize=4)
def _averages(improvement: Improvement) -> tuple[int, Callable[[Array], tuple[dict[str, Array], dict[str, Array]]]]:
    """How many sets are evaluated at once, one on each device, and the averages of the controls and of their squares.

    Positions, (set, draw, dimension), of `FEWEST` draws each -> averages, (set, *shape) by name, compiled once.
    """

    def averages(positions: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        found = jax.lax.map(improvement.control, positions, batch_size=TOGETHER)
        means = {name: jnp.mean(one, axis=0) for name, one in found.items()}
        return means, {name: jnp.mean(jnp.abs(one) ** 2, axis=0) for name, one in found.items()}

    at_once = math.gcd(SETS, len(jax.local_devices()))
    return at_once, over_chains(averages, at_once)


def even_draws(
    shapes: dict[str, tuple[int, ...]], log_draws: int, generator: np.random.Generator
) -> dict[str, Float[np.ndarray, "draw ..."]]:
    """Draws of N(0, I), each by itself exact, that fill evenly, together, the coordinates of each row.

    Rows of the same number along the first axis of arrays equally long belong together: a neuron's parameters.

    Args:
        shapes: Of the arrays, by name.
        log_draws: Logarithm to base 2 of their number.
        generator: Of random numbers.
    """
    draws, found = 2**log_draws, {}
    lengths = {name: shape[0] if shape else 1 for name, shape in shapes.items()}
    for length in dict.fromkeys(lengths.values()):
        names = [name for name in shapes if lengths[name] == length]
        sizes = [math.prod(shapes[name][1:]) for name in names]
        normal = _even(draws, length, sum(sizes), generator)
        ends = np.cumsum(sizes)
        for name, size, end in zip(names, sizes, ends, strict=True):
            found[name] = normal[:, :, end - size : end].reshape(draws, *shapes[name])
    return found


def _even(draws: int, rows: int, size: int, generator: np.random.Generator) -> Float[np.ndarray, "draw row entry"]:
    """N(0, 1) in every entry: over the draws each row has a net of its own, in an order of its own."""
    from scipy.stats import qmc  # late: it takes a second to load, and not every run needs it

    if size > qmc.Sobol.MAXDIM:
        return generator.normal(size=(draws, rows, size))
    net = (qmc.Sobol(size, scramble=False, bits=BITS).random(draws) * 2**BITS).astype(np.int64)
    shifts = generator.integers(2**BITS, size=(1, rows, size))
    order = np.argsort(generator.random((draws, rows)), axis=0)
    within = generator.random((draws, rows, size))
    return ndtri((np.bitwise_xor(net[order], shifts) + np.clip(within, 1e-9, 1)) / 2**BITS)
