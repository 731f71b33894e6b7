r"""The density along one discrete entry with all else as it is: which levels weigh, and whether they are one well.

At a point y the conditional law of entry i is p_k ∝ density(y with n_i = k). It is looked at over all levels that the
prior gives a weight above 10⁻³⁴, so that a level is found however far it is from the others.

Source: derived in docs/theory/discrete.md.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from nnft_ppl.target import Position, Target

REACH = 12.3
"""Deviations of N(0, 1) up to which levels are looked at: those beyond have a weight of 10⁻³⁴ in the prior."""
MOST_LEVELS = 256
"""Levels of one entry that are looked at; where there are more, so many at equal distances."""
ENTRIES = 2
"""Entries of one parameter that are looked at, where it has several: its entries are taken to be alike."""
DRAWS = 8
"""Free draws at which a sampler looks, before it starts."""
DIP = 3.0
"""Two wells are apart where ln p is lower by so much between them than at the lower one of both."""
LIGHT = -80.0
"""ln p below which a level is not worth a move."""
AT_ONCE = 2**18
"""Coordinates of the points that are looked at together."""


class Entry(NamedTuple):
    """A discrete entry, and levels of it."""

    site: str
    """The parameter to which it belongs."""
    place: int
    """Its coordinate."""
    levels: Int[np.ndarray, " level"]
    """In rising order."""


def entries_of(target: Target, key: Array, entries: int = ENTRIES) -> list[Entry]:
    """Some entries of every discrete parameter, with the levels that their prior has.

    Args:
        target: With discrete coordinates.
        key: A random key, a scalar: laws may depend on other parameters, and are looked at on `DRAWS` free draws.
        entries: Entries of one parameter, at most, evenly over the array.
    """
    assert target.discrete
    sites, places = [], []
    for name in target.discrete.sites:
        part = target.groups[name]
        chosen = np.unique(np.linspace(part.start, part.stop - 1, min(entries, part.stop - part.start)).astype(int))
        sites += [name] * len(chosen)
        places += chosen.tolist()
    rows, columns = np.arange(len(places)), np.array(places, int)
    point = target.discrete.point

    def ends(key: Array) -> Array:
        position = target.free_draw(key)
        apart = jnp.broadcast_to(position, (len(places), *position.shape))
        # Every entry by itself at its ends, for laws may depend on other levels, too.
        found = [jax.vmap(point)(apart.at[rows, columns].set(end))[rows, columns] for end in (-REACH, REACH)]
        return jnp.stack(found)

    low, high = np.swapaxes(np.asarray(jax.jit(jax.vmap(ends))(jax.random.split(key, DRAWS))), 0, 1)
    ranges = zip(sites, places, np.min(low, axis=0).astype(int), np.max(high, axis=0).astype(int), strict=True)
    return [Entry(site, place, _levels(*limits)) for site, place, *limits in ranges]


def _levels(low: int, high: int) -> Int[np.ndarray, " level"]:
    return np.unique(np.linspace(low, high, min(high - low + 1, MOST_LEVELS)).round().astype(int))


def along_entry(entry: Entry, point: Position, function: Callable[[Position], Any]) -> Any:
    """A function of y at all levels of an entry, along a new first axis.

    Args:
        entry: Which is moved.
        point: y, shape (dimension,).
        function: y -> a PyTree of arrays.
    """

    def at(level: Array) -> Any:
        return function(point.at[entry.place].set(level))

    levels = jnp.asarray(entry.levels, point.dtype)
    if levels.size * point.size <= AT_ONCE:
        return jax.vmap(at)(levels)
    return jax.lax.map(at, levels)


def log_shares(potential: Float[Array, " level"]) -> Float[Array, " level"]:
    """Ln p_k by the potentials of all levels; NaN where none is possible.

    Args:
        potential: −ln of the density, up to a constant, shape (level,); infinite or NaN where there is none.
    """
    return jax.nn.log_softmax(jnp.where(jnp.isnan(potential), -jnp.inf, -potential))


def wells(shares: Float[np.ndarray, "draw level"]) -> list[int]:
    """Places of the wells that lie apart, the heaviest first; none where every draw has but one.

    Args:
        shares: ln p_k of each draw.

    Example:
        >>> wells(np.log(np.array([[0.5, 0.1, 0.001, 0.399]])))
        [0, 3]
    """
    from scipy.signal import find_peaks  # slow to import, and needed here alone

    found, several = {}, False
    for row in shares[~np.any(np.isnan(shares), axis=1)]:
        edges = np.pad(np.maximum(row, 100 * LIGHT), 1, constant_values=200 * LIGHT)
        peaks = find_peaks(edges, height=LIGHT, prominence=DIP)[0] - 1
        several |= len(peaks) > 1
        for peak in peaks.tolist():
            found[peak] = max(found.get(peak, -np.inf), float(row[peak]))
    return sorted(found, key=lambda peak: (-found[peak], peak)) if several else []


def far_levels(target: Target, key: Array, least: int) -> dict[str, Sequence[int]]:
    """Levels in wells that lie apart, of every discrete parameter that has some, the heaviest first.

    Args:
        target: With discrete coordinates.
        key: A random key.
        least: Parameters of fewer levels are passed over.
    """
    assert target.discrete
    discrete = target.discrete
    key_ends, key_draws = jax.random.split(key)
    entries = [entry for entry in entries_of(target, key_ends) if len(entry.levels) >= least]
    if not entries:
        return {}

    def look(key: Array) -> list[Array]:
        point = discrete.point(target.free_draw(key))
        return [log_shares(along_entry(entry, point, discrete.potential)) for entry in entries]

    found: dict[str, list[int]] = {}
    looked = jax.jit(jax.vmap(look))(jax.random.split(key_draws, DRAWS))
    for entry, shares in zip(entries, map(np.asarray, looked), strict=True):
        own = entry.levels[wells(shares)].tolist()
        found[entry.site] = list(dict.fromkeys([*found.get(entry.site, []), *own]))
    return {site: levels for site, levels in found.items() if len(levels) > 1}
