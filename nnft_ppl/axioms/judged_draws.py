"""The draws that the axioms are tested on: means with errors, weights and phases, and when a number is known well."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from nnft_ppl.statistics import estimate, relative_weights

ALPHA = 1e-3
"""Probability at which an axiom that holds is called broken."""
SURE = 4.0
"""Errors that a bound stands off."""
CHANCE = 2.0
"""Errors by which a value may be off by chance, where it is said how many draws would decide."""
TOLERANCE = 0.25
"""What is known to be smaller than this share of its size is nothing, unless another is asked for."""
FEWEST = 50.0
"""Draws that must carry a number, for its error to say anything of what did not come."""
ROUNDING = 1e4
"""So many rounding units of its terms are zero."""


@dataclass(frozen=True, eq=False)
class JudgedDraws:
    """What is known of the draws."""

    shape: tuple[int, int]
    """Chains, and draws of each."""
    log_weights: Float[ndarray, "chain draw"] | None = None
    """Log weights; None for chains."""
    independent: bool = False
    """Whether they are known to be independent."""
    phase: Float[ndarray, "chain draw"] | None = None
    """Phase of each in radians, where the weights are only the modulus of theirs."""
    rounding: float = ROUNDING * 2.3e-16
    """The share of its terms that is rounding."""

    @property
    def number(self) -> int:
        """How many there are."""
        return self.shape[0] * self.shape[1]

    @cached_property
    def weights(self) -> Float[ndarray, "chain draw"]:
        """Weights of mean 1, without phases."""
        return np.ones(self.shape) if self.log_weights is None else relative_weights(self.log_weights)

    def mean(self, series: Shaped[ndarray, "chain draw *shape"]) -> Shaped[ndarray, "*shape"]:
        """The mean of a series; with a phase ⟨O e^{iα}⟩/⟨e^{iα}⟩.

        Args:
            series: One value for every draw.
        """
        weights = self.weights if self.phase is None else self.weights * np.exp(1j * self.phase)
        return np.tensordot(weights, series, axes=2) / np.sum(weights)

    def carried(self, size: Float[ndarray, "chain draw *shape"]) -> Float[ndarray, "*shape"]:
        """By how many draws a positive number is carried, (Σ w s)²/Σ (w s)²; 0 where it vanishes on all.

        Args:
            size: One value for every draw.
        """
        shares = self.weights.reshape(*self.shape, *[1] * (size.ndim - 2)) * size
        squares = np.sum(shares**2, axis=(0, 1))
        return np.divide(np.sum(shares, axis=(0, 1)) ** 2, squares, out=np.zeros_like(squares), where=squares > 0)

    def turned(self, series: Shaped[ndarray, "chain draw *shape"]) -> Shaped[ndarray, "chain draw *shape"]:
        """O e^{iα}, which averages to zero where O does.

        Args:
            series: One value for every draw.
        """
        if self.phase is None:
            return series
        return series * np.exp(1j * self.phase).reshape(*self.shape, *[1] * (series.ndim - 2))

    def value(self, series: Shaped[ndarray, "chain draw *shape"]) -> tuple[ndarray, ndarray]:
        """Real parts of the mean and of its error.

        Args:
            series: One value for every draw.
        """
        one = estimate({"all": series}, None, self.log_weights, independent=self.independent, phase=self.phase)["all"]
        return np.real(one.value), np.real(one.error)


def worst(found: Sequence[str], order: Sequence[str]) -> str:
    """The first word of an order that is found.

    Args:
        found: Verdicts.
        order: From the worst on; the last one where there are none.
    """
    return next((word for word in order if word in found), order[-1])
