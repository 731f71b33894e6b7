"""When there are draws enough: looked at ever more seldom, and where errors are asked for, when it may be so far."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from nnft_ppl.checks import (
    MIN_ESS,
    Tolerance,
    disagreeing,
    distances,
    fewest_draws,
    untrusted,
)
from nnft_ppl.observables import Derived, functions_of
from nnft_ppl.results import phase_of, quoted_series, series_of, single_draws, usable_log_weights
from nnft_ppl.runs.quoted import Quoted
from nnft_ppl.runs.recorder import Recorder
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import Theory

DEFAULT_DRAWS = 2000
"""Draws per chain where none are asked for; the first look at errors is no earlier."""
MOST_LONGER = 10
"""How many times the usual number of draws `auto` makes, at most, until there are effective draws enough."""
MOST_UNTIL = 1_000_000
"""Draws per chain at most, until errors are as small as is asked, where no other number is given."""
LOOK_AGAIN = 1.1
"""The next look comes when draws are so many times more, at the earliest."""
LOOK_LATEST = 2.0
"""And where errors are asked for, so many times more at the latest: what is to come is known from what is there."""
AIM = 1.02
"""The look is meant to find errors as small as is asked; they are known to some per cent, and this is to be enough."""


def most_draws(num_draws: int | None, *, auto: bool, until: bool = False) -> int:
    """Draws per chain at most.

    Args:
        num_draws: As many as are asked for; None for the usual number.
        auto: Whether the sampler is chosen, and goes on until there are effective draws enough.
        until: Whether errors are asked for.
    """
    if num_draws is not None:
        return num_draws
    return MOST_UNTIL if until else DEFAULT_DRAWS * MOST_LONGER if auto else DEFAULT_DRAWS


class Stopping:
    """Whether a sampler has drawn enough.

    Without errors that are asked for a sampler makes the draws that are, and `auto` goes on from there until every
    estimate has effective draws enough. Else it goes on until every quantity has the error that was asked for, by the
    estimates that would be quoted. The first look comes at the usual number of draws, and each later one at the number
    that is predicted, n (error/wanted)², but not before 1.1 n nor after 2 n. So few looks, at errors that are known to
    a few per cent, leave values and errors what they are (docs/theory/errors.md, "Stopping at an error").

    Args:
        theory: What is sampled.
        num_draws: Draws per chain that are asked for, with errors the most; None for the usual number.
        tolerances: The errors that are asked for.
        auto: Whether it goes on until there are effective draws enough.
        limited: Whether the time is. Up to such a limit, or the number of draws that is asked for, it goes on even if
            it cannot get there.
    """

    def __init__(
        self,
        theory: Theory,
        num_draws: int | None,
        tolerances: Sequence[Tolerance] = (),
        *,
        auto: bool,
        limited: bool = False,
    ) -> None:
        self._theory, self._tolerances, self._auto = theory, tuple(tolerances), auto
        self._counted, self._limited = num_draws is not None, limited
        usual = num_draws or DEFAULT_DRAWS
        self.most = most_draws(num_draws, auto=auto, until=bool(tolerances))
        self._first = min(usual, DEFAULT_DRAWS) if tolerances else usual
        self._next, self._longest = float(self._first), usual if num_draws else usual * MOST_LONGER
        self._looked_at, self._distances, self._there = 0, (), False

    def replay(self, recorder: Recorder) -> None:
        """See what the run saw that drew these, before it went on.

        Args:
            recorder: The draws so far.
        """
        if self._is_due(recorder) and self._tolerances:
            self._look(recorder)

    def __call__(self, recorder: Recorder) -> bool:
        """Whether there are draws enough.

        Args:
            recorder: The draws so far.
        """
        if self._there or recorder.draws >= self.most:
            return True
        if not self._is_due(recorder):
            return False
        if self._tolerances:
            return self._look(recorder)
        return self._auto and self._settled(recorder)

    def expected(self, draws: int) -> int:
        """Draws per chain in the end, as far as is known.

        Args:
            draws: Draws so far.
        """
        if not self._tolerances:
            return max(self._first, draws)
        if not self._looked_at:
            return min(self.most, max(self._first, draws))
        total = max(self._next, AIM * self._looked_at * max(one.times for one in self._distances))
        return int(max(draws, min(total, self.most)))

    def words(self, draws: int) -> str:
        """How far each quantity is; empty before the first look, and where no errors are asked for.

        Args:
            draws: Draws so far: the errors fall with their root.
        """
        factor = math.sqrt(self._looked_at / draws) if draws else 1.0
        told = [
            f"{one.tolerance.name} to {'?' if one.may_be_zero else one.now(factor)} ({one.tolerance.amount} wanted)"
            for one in self._distances
        ]
        return ", ".join(told)

    def _is_due(self, recorder: Recorder) -> bool:
        """Whether it is time to look, which is not so again for a while then."""
        if recorder.draws < self._next:
            return False
        self._next = LOOK_AGAIN * recorder.draws
        return True

    def _look(self, recorder: Recorder) -> bool:
        """Look at the errors; whether to stop."""
        assert recorder.kind is not None
        draws, names = recorder.draws, {one.quantity for one in self._tolerances}
        quoted = Quoted.of(self._theory, recorder.kind, recorder.data)
        found = quoted.estimates(names)
        if names & set(self._theory.held_out):
            found |= quoted.held_out()[0]
        self._looked_at, self._distances = draws, distances(self._tolerances, found)
        times = max(one.times for one in self._distances)
        self._next = draws * min(max(LOOK_AGAIN, AIM * times), LOOK_LATEST)
        late = draws >= self._longest
        if all(one.reached for one in self._distances):
            self._there = late or not self._auto or self._settled(recorder)
            return self._there
        if late and self._auto and not self._counted and not self._settled(recorder):
            return True  # its errors cannot be trusted, and checks say why: another sampler may do better
        patient = self._counted or self._limited
        return not patient and draws * max(one.fewest_times for one in self._distances) > self.most

    def _settled(self, recorder: Recorder) -> bool:
        # What is tested on either half of the draws needs as many there.
        times = 2.0 if self._theory.held_out else 1.0
        return enough_draws(recorder.data, recorder, self._theory.derived, times)


def enough_draws(
    data: xr.DataTree, recorder: Recorder, derived: Mapping[str, Derived] | None = None, times: float = 1.0
) -> bool:
    """Whether every estimate has more than 1.2 times the effective draws that the verdict asks for.

    Nor is it enough while two error estimators disagree: a chain is too short for its autocorrelation then, which more
    draws mend. A function of means is looked at as it will be quoted: not enough while no error of it can be trusted;
    entries without an error beside others are not waited for.

    Args:
        data: The draws.
        recorder: Of what kind they are.
        derived: Functions of means.
        times: How many times as many are enough.
    """
    assert recorder.kind is not None
    weights = usable_log_weights(data, recorder.kind)
    series, phase, independent = series_of(data), phase_of(series_of(data, "phase")), recorder.kind.independent
    told: dict[str, Any] = {"independent": independent, "phase": phase}
    found = estimate(series, None, weights, **told, singles=single_draws(data, recorder.kind))
    functions, mixed = functions_of(derived or {}), quoted_series(data, weights)
    quoted = estimate(mixed, functions, weights, **told, singles=single_draws(data, recorder.kind, mixed))
    found |= {name: quoted[name] for name in functions}
    fewest = fewest_draws(found, series)
    enough = not untrusted(found, series) and all(number > 1.2 * times * MIN_ESS for number in fewest.values())
    return enough and not disagreeing(quoted, series)
