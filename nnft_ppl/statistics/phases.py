r"""Complex weights w e^{iα}: what is sampled is their modulus, and the phase is averaged.

    ⟨O⟩ = ⟨O e^{iα}⟩_w / ⟨e^{iα}⟩_w

An average phase ⟨e^{iα}⟩_w that is small beside 1 costs 1/|⟨e^{iα}⟩|² times the draws: the sign problem. One that is
not known to differ from zero leaves nothing to divide by.

Source: derived in docs/theory/errors.md.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Complex, Float
from numpy import ndarray

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import format_value

KNOWN = 5.0
"""Errors from zero beyond which an average phase is known to differ from it."""
SEEN = 2.0
"""Errors from zero below which nothing of it was seen."""


def turns(
    phase: Float[ArrayLike, "chain draw"], weights: Float[ndarray, "chain draw"]
) -> Complex[ndarray, "chain draw"]:
    """e^{iα}/⟨e^{iα}⟩_w of every draw.

    Args:
        phase: α, in radians.
        weights: Weights of the draws, of mean 1.

    Raises:
        ValueError: If a phase is not finite, or their shapes differ.
    """
    angles = np.asarray(phase, float)
    if angles.shape != weights.shape:
        raise ValueError(f"phase has shape {angles.shape}, and the draws {weights.shape}; give one phase per draw")
    if not np.all(np.isfinite(angles)):
        raise ValueError(f"phase is NaN or infinite on {np.sum(~np.isfinite(angles))} of {angles.size} draws")
    turned = np.exp(1j * angles)
    return turned / np.mean(weights * turned)


@dataclass(frozen=True)
class AveragePhase:
    """The average phase ⟨e^{iα}⟩, and how well its modulus is known."""

    average: complex
    """⟨e^{iα}⟩."""
    error: complex
    """Error of its real part, and i times that of its imaginary part."""
    modulus: float
    """|⟨e^{iα}⟩|, between 0 and 1."""
    modulus_error: float
    """Its standard error; near zero, where the modulus is no Gaussian, the largest error in any direction."""

    @classmethod
    def of(cls, average: complex, error: complex, correlation: float) -> "AveragePhase":
        """From the average with the errors of its two parts and their correlation.

        Args:
            average: ⟨e^{iα}⟩.
            error: Error of the real part, and i times that of the imaginary part.
            correlation: Correlation of the two.
        """
        parts, sizes = in_parts(average), in_parts(error)
        modulus = float(np.hypot(*parts))
        covariance = np.outer(sizes, sizes) * np.array([[1.0, correlation], [correlation, 1.0]])
        largest = float(np.sqrt(max(np.linalg.eigvalsh(covariance)[-1], 0.0)))
        if modulus < KNOWN * largest or modulus == 0:
            return cls(average, error, modulus, largest)
        along = float(np.sqrt(max(parts @ covariance @ parts, 0.0))) / modulus
        return cls(average, error, modulus, along)

    @property
    def known(self) -> bool:
        """Whether it differs from zero by `KNOWN` errors."""
        return self.modulus >= KNOWN * self.modulus_error

    @property
    def vanishes(self) -> bool:
        """Whether it may well be zero: then a quotient by it is no value at all."""
        return self.modulus < SEEN * self.modulus_error

    @property
    def draws(self) -> float:
        """How many times more draws would make it `KNOWN` errors; below 1 where it is."""
        return (KNOWN * self.modulus_error / self.modulus) ** 2 if self.modulus > 0 else math.inf

    def __str__(self) -> str:
        return f"average phase {format_value(self.modulus, self.modulus_error)}"
