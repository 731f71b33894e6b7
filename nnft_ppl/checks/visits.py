r"""In which modes of a density draws have been.

A descent from some of them, those whose observables or reference coordinates are nearest to the mode's before all, ends
in the mode to which they belong. Where none ends in a mode, draws near it are counted, and compared with how many
should be there by importance sampling.

Source: derived in docs/theory/modes.md.
"""

from dataclasses import dataclass, field

import numpy as np

from nnft_ppl.checks.check import FinishedDraws
from nnft_ppl.complex_parts import in_parts
from nnft_ppl.modes import ModeSearch, flat
from nnft_ppl.statistics import kish

MAX_UNVISITED = 1e-3
"""Weight of a mode that no draw may leave out."""
SOME = 8
"""Draws from which a descent is made in any case."""
NEAREST = 16
"""Draws nearest to an unvisited mode, by observables and by z, from which one is made."""
FEWER = 10.0
"""A mode counts as visited where so many times fewer draws are near it than should be, but some."""


@dataclass
class Seen:
    """Where draws were."""

    visited: set[int]
    """Families of modes."""
    count: float
    """Effective draws that could have been looked at."""
    expected: dict[int, float] = field(default_factory=dict)
    """Unvisited family -> draws that should be in the neighbourhoods of its modes, where that is known."""


def look_for_visits(search: ModeSearch, draws: FinishedDraws) -> Seen:
    """Which families of modes these draws visited.

    Args:
        search: For modes.
        draws: A few, or all that were kept.
    """
    if draws.positions is None or not draws.positions.size:
        return Seen(set(), 0.0)
    positions, numbers = draws.positions, draws.numbers
    chains, kept = positions.shape[:2]
    at = None if numbers is None else draws.at(numbers)
    weights = None if numbers is None else draws.single.log_weights  # a few draws without number are picked by weight
    logs = np.zeros((chains, kept)) if weights is None or at is None else weights[:, at]
    # The highest of ln w + Gumbel noise are a sample in proportion to the weights.
    ranks = (logs + np.random.default_rng(0).gumbel(size=logs.shape)).ravel()
    order = np.argsort(-ranks)[: np.count_nonzero(np.isfinite(ranks))]
    flat_positions = positions.reshape(chains * kept, -1)
    visited = search.families_of(flat_positions[order[:SOME]])
    if at is None:
        return Seen(visited, float(len(order)))
    known = sorted(draws.single.observables.items())
    series = [in_parts(one)[:, at].reshape(chains * kept, -1) for _, one in known]
    observables = np.concatenate(series, axis=1).astype(float)
    spread = np.std(observables, axis=0)
    for mode in [mode for mode in search.modes if mode.weight > MAX_UNVISITED]:
        if mode.family in visited:
            continue
        away = (observables - flat(search.observables_at(mode)))[:, spread > 0] / spread[spread > 0]
        # Where symmetric modes have the same observables, z tells them apart.
        apart = flat_positions[order] - mode.position
        ranked = [np.argsort(np.sum(parts**2, axis=1))[:NEAREST] for parts in (away[order], apart)]
        nearest = order[list(dict.fromkeys(np.concatenate(np.array(ranked).T).tolist()))]
        for first in range(0, len(nearest), SOME):
            if mode.family not in visited:
                visited |= search.families_of(flat_positions[nearest[first : first + SOME]])
    return _counted(search, Seen(visited, kish(logs)), flat_positions, np.exp(logs - np.max(logs)).ravel())


def _counted(search: ModeSearch, seen: Seen, positions: np.ndarray, weights: np.ndarray) -> Seen:
    """Draws near the modes to which no descent led, against how many should be there.

    Where minima lie in one broad well, side by side, a descent from a draw near one may end in another.
    """
    heavy = [mode for mode in search.modes if mode.weight > MAX_UNVISITED]
    known = next((mode for mode in heavy if mode.family in seen.visited), None)
    unseen = [mode for mode in heavy if mode.family not in seen.visited]
    reference = search.neighbourhood(known) if known and unseen else None
    if reference is None:
        return seen
    shares = weights * (seen.count / np.sum(weights))
    there = float(np.sum(shares[reference.holds(positions)]))
    near: dict[int, float] = {}
    for mode in unseen:
        around = search.neighbourhood(mode)
        assert around is not None
        seen.expected[mode.family] = seen.expected.get(mode.family, 0.0) + around.expected(reference, there)
        near[mode.family] = near.get(mode.family, 0.0) + float(np.sum(shares[around.holds(positions)]))
    seen.expected = {family: number for family, number in seen.expected.items() if np.isfinite(number)}
    seen.visited |= {family for family, number in seen.expected.items() if near[family] > max(number / FEWER, 0.5)}
    return seen
