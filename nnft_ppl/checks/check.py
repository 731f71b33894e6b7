"""What a check is: the one way in which anything judges a run.

A check may say what it measures, on some draws, of z, of the fields and of the parameters; it judges the finished
draws, and gives a verdict in words and findings for JSON, report and notebook. What it cannot do is said by name, and
never loses the run.
"""

import sysconfig
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.display import Progress
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Estimate, Verdict
from nnft_ppl.theory import Theory

LIBRARIES = (Path(__file__).parents[1], *(Path(sysconfig.get_path(name)) for name in ("purelib", "stdlib")))
"""Where a frame of a traceback is nobody's own."""


@dataclass(frozen=True)
class Measurement:
    """What a check measures on a draw."""

    function: Callable[[Float[Array, "dimension"]], Mapping[str, Array]]
    """z -> arrays by name; `Theory.at(z)` has the fields, the parameters and the terms of the action."""
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the arrays' dimensions; `NAME_dim_AXIS` where none are given."""
    coords: Mapping[str, Any] = field(default_factory=dict)
    """Coordinates along them, as xarray takes them."""
    draws: int = 300
    """Draws per chain that it wants to look at, about; 300 show identities what estimates could be wrong by."""


@dataclass(frozen=True)
class FinishedDraws:
    """What a check judges: the draws of a run, with estimates. Series have the shape (chain, draw, ...)."""

    theory: Theory
    """What was sampled."""
    kind: Kind
    """What the draws are."""
    estimates: Mapping[str, Estimate]
    """What the run quotes, by name."""
    observables: Mapping[str, ndarray]
    """Series of every observable, by name."""
    stats: Mapping[str, ndarray] = field(default_factory=dict)
    """Statistics of the sampler, with ArviZ's names."""
    action: Mapping[str, ndarray] = field(default_factory=dict)
    """Series of every term of the action."""
    improved: Mapping[str, ndarray] = field(default_factory=dict)
    """Series of the improved observables."""
    quoted: Mapping[str, ndarray] = field(default_factory=dict)
    """Series that the estimates of the observables are made from: raw ones, or mixed with improved ones."""
    log_weights: Float[ndarray, "chain draw"] | None = None
    """Log weights as the estimates use them, smoothed for free draws; None for chains."""
    key: Array | None = None
    """A random key, for checks that draw; None where nothing may be drawn."""
    progress: Progress = lambda stage: None
    """Told what is being done."""
    positions: Float[ndarray, "chain kept dimension"] | None = None
    """z of the draws that were kept; None where none were."""
    numbers: ndarray | None = None
    """Their numbers in their chain, shape (kept,); None where they are not known."""
    earlier: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)
    """Failed verdicts of the samplers tried before this one, by the samplers' names."""
    before: Mapping[str, "Outcome"] = field(default_factory=dict)
    """What the checks before this one found, by name."""
    measured: xr.Dataset | None = None
    """What this check's own measurement gave: dimensions (chain, draw, ...), of the draws that were looked at."""
    phase: Float[ndarray, "chain draw"] | None = None
    """Phase of every draw in radians, where the weights are only the modulus of theirs; None of a real action."""
    every: int = 1
    """Of a long run the series are averages of so many consecutive draws; `single` has draws as they were."""
    singles: "FinishedDraws | None" = None
    """Then the first draw of each average."""

    @property
    def number(self) -> int:
        """Draws in all."""
        return int(np.prod(next(iter(self.observables.values())).shape[:2])) * self.every

    @property
    def single(self) -> "FinishedDraws":
        """Every draw, or of a long run every `every`-th: what averages do not show."""
        return self.singles or self

    def at(self, numbers: ndarray) -> ndarray:
        """Where draws stand in the series of `single`.

        Args:
            numbers: Their numbers in their chain, multiples of `every`.
        """
        return np.asarray(numbers) // self.every


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    verdict: Verdict
    """In words."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """Numbers, texts, lists and dicts: stored, shown in the report, and in JSON under the check's name."""
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    """Further estimates of the run's observables, stored in a group of the check's name."""
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of their dimensions, where these are not the observables'."""
    coords: Mapping[str, Any] = field(default_factory=dict)
    """Coordinates along those."""


class Check(ABC):
    """A check; a subclass has a name, and judges.

    Example:
        >>> class LargestAction(Check):
        ...     name = "largest_action"
        ...     title = "largest |action|"
        ...
        ...     def judge(self, draws):
        ...         largest = max(float(np.max(np.abs(term))) for term in draws.action.values())
        ...         text = f"|action| is at most {largest:.3g}"
        ...         return Outcome(Verdict.of(self.name, largest, 1e6, text, good=largest < 1e6), {"largest": largest})
    """

    name: str
    """Its name in JSON and on the command line: lower-case letters, digits and underscores."""
    title: str = ""
    """What is checked, in words; the name by default."""
    threshold: float | None = None
    """What the number found is compared with, if that is known beforehand."""
    kinds: tuple[Kind, ...] = tuple(Kind)
    """The kinds of draws that it can judge."""
    cheap: bool = True
    """Whether it judges what is there anyway; the others are left out by `sample(..., checks=False)`."""
    needs_positions: bool = False
    """Whether it needs z of the kept draws."""
    stores: bool = True
    """Whether what it measured is stored with the run."""
    asked: bool = False
    """Whether it was asked for: then it says so, too, where it has nothing to say about such draws."""

    def measurement(self, theory: Theory) -> Measurement | None:
        """What it measures on some draws (about 300 per chain, unless it says otherwise); None for nothing.

        Args:
            theory: What is sampled.

        Raises:
            Exception: Where it cannot; the text says why, and the verdict repeats it.
        """
        del theory
        return None

    def applies(self, draws: FinishedDraws) -> bool:
        """Whether it has anything to say about such draws.

        Args:
            draws: The finished draws.
        """
        return draws.kind in self.kinds

    @abstractmethod
    def judge(self, draws: FinishedDraws) -> Outcome:
        """The verdict, and what was found.

        Args:
            draws: The finished draws.

        Raises:
            Exception: Where it cannot; the verdict is then `unavailable`, with the exception's text.
        """

    def outcome(self, draws: FinishedDraws) -> Outcome:
        """What `judge` gives, under the check's own name.

        Args:
            draws: The finished draws.

        Raises:
            TypeError: If that is no outcome.
            Exception: As `judge`.
        """
        outcome = self.judge(draws)
        if not isinstance(outcome, Outcome) or not isinstance(outcome.verdict, Verdict):
            raise TypeError(f"judge() must return an Outcome with a Verdict, not {outcome!r}")
        if not isinstance(outcome.findings, Mapping) or not isinstance(outcome.estimates, Mapping):
            raise TypeError("findings and estimates of an Outcome are dicts")
        return replace(outcome, verdict=replace(outcome.verdict, check=self.name))

    def unavailable(self, reason: str) -> Outcome:
        """The outcome where it could not be computed.

        Args:
            reason: Why, in words.
        """
        text = f"{self.title or self.name}: not available, {reason}"
        return Outcome(Verdict(self.name, "unavailable", None, self.threshold, text))


def reason_of(error: Exception) -> str:
    """Why a check could not be computed, in one line; with the place, where that is in a file of the user's.

    Args:
        error: What it raised.
    """
    words = str(error).strip().splitlines()
    kind = "" if isinstance(error, ValueError) and words else type(error).__name__
    reason = ": ".join(part for part in (kind, words[0] if words else "") if part)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not any(Path(frame.filename).is_relative_to(place) for place in LIBRARIES)]
    return f"{reason} ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else reason
