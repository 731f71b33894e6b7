"""One line of a calibration: a number, the band it must lie in, and whether it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Row:
    claim: str
    value: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        return bool(self.low <= self.value <= self.high)

    def __str__(self) -> str:
        return (
            f"{'ok  ' if self.passed else 'FAIL'} {self.claim}: {self.value:.4g} in [{self.low:.4g}, {self.high:.4g}]"
        )


def within_one_error(claim: str, pulls: np.ndarray) -> Row:
    """Share of pulls below 1, against the 99.9 % band of a binomial with the Gaussian's 68.3 %."""
    low, high = np.array(stats.binom.interval(0.999, len(pulls), stats.norm.cdf(1) - stats.norm.cdf(-1))) / len(pulls)
    return Row(f"{claim}: share of {len(pulls)} pulls within one error", float(np.mean(np.abs(pulls) < 1)), low, high)


def chi_squared(claim: str, pulls: np.ndarray) -> Row:
    """Σ pull², against the 99.9 % band of χ² with as many degrees of freedom."""
    low, high = stats.chi2.interval(0.999, len(pulls))
    return Row(f"{claim}: χ² of {len(pulls)} pulls", float(np.sum(pulls**2)), low, high)


AGAIN, APART = 4, 10_000
"""How many times the seeds are used again where χ² leaves its band, and how far apart."""


def reproduced(claim: str, pull: Callable[[int], float], seeds: Sequence[int]) -> Row:
    """χ² of one pull per seed; where it leaves its band, χ² of four times as many others, which alone decide.

    One right row in a thousand leaves the band, and a calibration has dozens of them. Fresh pulls tell chance from
    a bias or from errors too small or too large, and being more, they see what the first ones saw with more power.
    A right row fails once in 10⁶ so. The first χ² stays in the claim.
    """
    first = chi_squared(claim, np.array([pull(seed) for seed in seeds]))
    if first.passed:
        return first
    others = [seed + APART * turn for turn in range(1, AGAIN + 1) for seed in seeds]
    claim += f", asked again (χ² of {len(seeds)} was {first.value:.3g}, not in [{first.low:.3g}, {first.high:.3g}])"
    return chi_squared(claim, np.array([pull(seed) for seed in others]))


def seeds(number: int, fraction: float) -> range:
    """How many seeds to use at this fraction of the full work, at least two."""
    return range(max(2, round(number * fraction)))
