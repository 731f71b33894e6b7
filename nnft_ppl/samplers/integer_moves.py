r"""Heat baths of integers along lines: single entries, transfers between two entries, and whole sectors at once.

A move has a direction d, a vector of integers in the discrete coordinates of a point y:

    entry       d = e_i                       one integer
    transfer    d = e_i − e_j                 one unit from j to i of the same parameter: sums stay
    sector      d = Σ e_i along one axis      all integers of a line of the array, such as the links across a torus
    far         d = e_i                       one integer among levels of wells that lie apart

Of W neighbouring points y + t d one is picked, in proportion to its density. Which W those are is decided by a random
cut of the line into windows, or, of an entry with at most W levels, they are all levels. Each of the W points has the
same window under the same cut, so that the pick leaves the density invariant, whatever the point was: detailed balance
holds with every cut,

    π(y) · π(y')/Σ_W π  =  π(y') · π(y)/Σ_W π.

The far move picks among levels that a scan found before the first draw (`nnft_ppl.samplers.level_scan`); a point whose
level is none of them stays. The set is fixed, so that the same holds, whichever levels are in it.

Source: heat baths are standard (M. Creutz, Phys. Rev. D 21 (1980) 2308); windows and lines are ours.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from nnft_ppl.target import Discrete, Position

WHOLE = 16
"""All levels of an entry are looked at, if they are no more."""
SOME = 4
"""Else so many neighbouring ones."""
MOST_MOVES = 256
"""Moves of a draw; where there are more, each draw makes so many, picked at random."""
PAYS, FAR = 1, 2
"""Ways of a move of one entry, beside 0: another entry pays for it, or its window is that of far levels."""


class Lines(NamedTuple):
    """The moves that there are, in terms of the discrete entries counted through."""

    place: Int[np.ndarray, " entry"]
    """Coordinate of every entry."""
    first: Int[np.ndarray, " entry"]
    """First entry of the parameter to which it belongs."""
    size: Int[np.ndarray, " entry"]
    """Number of entries of that."""
    label: Int[np.ndarray, "kind entry"]
    """Entries with the same label are moved together: all different in the first kind, lines along axes in others."""
    moves: Int[np.ndarray, "move 3"]
    """Kind, entry, and way: 0, `PAYS` or `FAR`."""
    window: int
    """W."""
    lowest: Int[np.ndarray, " entry"]
    """The lowest level of each entry."""
    whole: Bool[np.ndarray, " entry"]
    """Whether all of its levels are looked at."""
    far: Int[np.ndarray, "entry window"]
    """Levels in wells that lie apart, of each entry; as many times the first as there are too few."""
    known: Bool[np.ndarray, "entry window"]
    """Which of them count."""

    @classmethod
    def of(
        cls,
        discrete: Discrete,
        groups: dict[str, slice],
        low: Float[np.ndarray, "point dimension"],
        high: np.ndarray,
        apart: Mapping[str, Sequence[int]] | None = None,
    ) -> "Lines":
        """All moves of some discrete coordinates.

        Args:
            discrete: Of a target.
            groups: The slice of each of its parameters.
            low: The lowest level of every coordinate, at some points y.
            high: The highest.
            apart: Levels in wells that lie apart, of parameters that have some; those in front count where they are
                more than a window holds.
        """
        shapes = discrete.sites
        place = np.concatenate([np.arange(groups[name].start, groups[name].stop) for name in shapes])
        sizes = [math.prod(shape) for shape in shapes.values()]
        starts = np.cumsum([0, *sizes])[:-1]
        first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
        # Levels that depend on other parameters are not all known beforehand: a fixed window might not hold the point.
        ends = np.stack([low[:, place], high[:, place]])
        lowest, highest = ends[:, 0]
        fixed = np.repeat([name not in discrete.varying for name in shapes], sizes)
        whole = fixed & np.all(ends == ends[:, :1], axis=(0, 1)) & (highest - lowest < WHOLE)
        number = np.where(whole, highest - lowest + 1, SOME)
        label = [np.arange(len(place))]
        moves = [(0, entry, 0) for entry in range(len(place))]
        moves += [(0, entry, PAYS) for entry in range(len(place)) if size[entry] > 1]
        for axis in range(max(map(len, shapes.values()))):
            own = np.arange(len(place))
            for start, shape in zip(starts, shapes.values(), strict=True):
                # Of two levels all entries of a line would have to be the same.
                if axis < len(shape) and shape[axis] > 1 and np.any(number[start : start + math.prod(shape)] > 2):
                    entries = start + np.arange(math.prod(shape)).reshape(shape)
                    heads = np.take(entries, [0], axis=axis)
                    own[entries] = np.broadcast_to(heads, shape)
                    moves += [(len(label), int(entry), 0) for entry in heads.ravel()]
            label.append(own)
        window, low = int(np.max(number)), np.where(whole, lowest, 0).astype(int)
        far, known = np.zeros((len(place), window), int), np.zeros((len(place), window), bool)
        for start, (name, shape) in zip(starts, shapes.items(), strict=True):
            if own := list((apart or {}).get(name, ()))[:window]:
                entries = slice(start, start + math.prod(shape))
                far[entries] = own + own[:1] * (window - len(own))
                known[entries, : len(own)] = True
                moves += [(0, entry, FAR) for entry in range(entries.start, entries.stop)]
        return cls(place, first, size, np.stack(label), np.array(moves), window, low, whole, far, known)


class Window(NamedTuple):
    """The points among which a move picks."""

    points: Float[Array, "window dimension"]
    logits: Float[Array, " window"]
    """Logarithms of their densities, not normalised."""


def window_of(
    lines: Lines,
    point: Position,
    log_density: Callable[[Position], Array],
    move: Int[Array, "3"],
    partner: Array,
    cut: Array,
) -> Window:
    """The points among which one move picks, with their densities.

    Args:
        lines: All moves.
        point: y.
        log_density: Of the target, of y; −∞ outside the support.
        move: Kind, entry, and way.
        partner: Which other entry would, from 1 to the number of entries of the parameter less one.
        cut: Where windows are cut, from 0 to W − 1.
    """
    kind, entry, way = move
    pays = way == PAYS
    label = jnp.asarray(lines.label)[kind]
    first, size = jnp.asarray(lines.first)[entry], jnp.asarray(lines.size)[entry]
    payer = first + (entry - first + partner) % size
    direction = (label == label[entry]).astype(point.dtype)
    direction = direction.at[payer].add(-pays.astype(point.dtype))
    here = jnp.round(point[jnp.asarray(lines.place)[entry]]).astype(int)
    whole = (kind == 0) & ~pays & jnp.asarray(lines.whole)[entry]
    start = jnp.where(whole, jnp.asarray(lines.lowest)[entry], here - (here - cut) % lines.window)
    steps = start - here + jnp.arange(lines.window)
    far, counts = jnp.asarray(lines.far)[entry], jnp.ones(lines.window, bool)
    if np.any(lines.known):
        counts = (way != FAR) | jnp.asarray(lines.known)[entry]
        among = jnp.any((far == here) & jnp.asarray(lines.known)[entry])
        # A point at no far level may not go to one, for none goes back to it: the first of its window is where it is.
        leaps = jnp.where(among, far - here, 0)
        steps = jnp.where(way == FAR, leaps, steps)
    along = jnp.zeros_like(point).at[lines.place].set(direction)
    points = point + steps[:, None] * along
    logits = jax.vmap(log_density)(points)
    return Window(points, jnp.where(jnp.isnan(logits) | ~counts, -jnp.inf, logits))


def heat_baths(
    key: Array,
    lines: Lines,
    point: Position,
    log_density: Callable[[Position], Array],
    window: Callable[..., Window] = window_of,
) -> tuple[Position, Array]:
    """The point after all moves (or `MOST_MOVES` of them), and the share of them that changed it.

    Args:
        key: A random key, a scalar.
        lines: All moves.
        point: y.
        log_density: Of the target, of y; −∞ outside the support.
        window: As `window_of`.
    """
    key_which, key = jax.random.split(key)
    moves = jnp.asarray(lines.moves)
    if len(moves) > MOST_MOVES:
        moves = moves[jax.random.randint(key_which, (MOST_MOVES,), 0, len(moves))]

    def one(point: Position, given: tuple[Array, Array]) -> tuple[Position, Array]:
        key, move = given
        key_partner, key_cut, key_pick = jax.random.split(key, 3)
        size = jnp.asarray(lines.size)[move[1]]
        partner = jax.random.randint(key_partner, (), 1, jnp.maximum(size, 2))
        cut = jax.random.randint(key_cut, (), 0, lines.window)
        found = window(lines, point, log_density, move, partner, cut)
        new = found.points[jax.random.categorical(key_pick, found.logits)]
        return new, jnp.any(new != point)

    point, moved = jax.lax.scan(one, point, (jax.random.split(key, len(moves)), moves))
    return point, jnp.mean(moved)
