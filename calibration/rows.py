"""One line of a calibration: a number, the band it must lie in, and whether it does."""

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


def seeds(number: int, fraction: float) -> range:
    """How many seeds to use at this fraction of the full work, at least two."""
    return range(max(2, round(number * fraction)))
