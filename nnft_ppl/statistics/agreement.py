"""How far two numbers are apart in their errors."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import DTypeLike

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import ROUNDING
from nnft_ppl.statistics.estimate import Estimate


def weighted_agreement(first: Estimate, second: Estimate) -> Float[ndarray, "*shape"]:
    """Pulls between two statistically independent estimates, (a - b) / sqrt(error_a^2 + error_b^2).

    Standard normal if both estimate the same number with honest errors; where both errors are 0, the pull is 0 for
    equal values and infinite otherwise. Of complex estimates the pull is that of the real or of the imaginary part,
    whichever is larger in modulus.

    Args:
        first: Estimate a, for instance from a Markov chain.
        second: Estimate b of the same shape, for instance from reweighting.

    Raises:
        ValueError: If the shapes differ.
    """
    if np.shape(first.value) != np.shape(second.value):
        raise ValueError(
            f"weighted_agreement: shapes {np.shape(first.value)} and {np.shape(second.value)}; give two of one shape"
        )
    # Below rounding two numbers are equal, whatever their errors (a ratio that is 1 by construction has none).
    size = np.maximum(np.abs(first.value), np.abs(second.value))
    return _in_errors(np.asarray(first.value) - second.value, first.error, second.error, 1e-12 * size)


def pulls(
    quantity: Estimate, exact: ndarray, truncation: ndarray | float = 0.0, precision: DTypeLike = np.float64
) -> Float[ndarray, "*shape"]:
    """(estimate − exact)/error of every component, NaN where nothing is known, or nothing has an error.

    It is 0 where the two are equal to rounding, or to the truncation that is stated of the exact value, whatever the
    error, and infinite where they differ without error. Beyond the truncation what is left over counts. Where a value
    is complex, the pull is that of the real or of the imaginary part, whichever is larger in modulus: one of two is
    beyond five errors in one of a million.

    Args:
        quantity: The estimate.
        exact: What it should be, of the estimate's shape; NaN where nothing is known.
        truncation: By how much the exact value may itself be off; of a complex one, by how much each part.
        precision: In which the draws were made; numbers that differ by less than 100 rounding units of it are equal.
    """
    rounding = max(ROUNDING, 100 * float(np.finfo(precision).eps))
    size = np.maximum(np.abs(quantity.value), np.abs(exact))
    found = _in_errors(np.asarray(quantity.value) - exact, quantity.error, 0.0, rounding * size, truncation)
    return np.where(np.isnan(exact), np.nan, found)


def _in_errors(
    difference: ndarray, error: ndarray, other: ndarray | float, rounding: ndarray, truncation: ndarray | float = 0.0
) -> Float[ndarray, "*shape"]:
    """A difference in joint errors, 0 below rounding; of a complex one the part that is more of them."""
    if np.iscomplexobj(difference):
        nothing = np.zeros(difference.shape, complex)
        errors = (in_parts(np.asarray(one) + nothing) for one in (error, other))
        limits = (np.asarray(one)[..., None] for one in (rounding, truncation))
        found = _in_errors(in_parts(difference), *errors, *limits)
        larger = np.argmax(np.nan_to_num(np.abs(found), nan=-1.0, posinf=np.inf), axis=-1)
        return np.take_along_axis(found, larger[..., None], axis=-1)[..., 0]
    excess = np.abs(difference) - truncation
    excess = np.copysign(np.where(excess <= rounding, 0.0, excess), difference)
    spread = np.hypot(error, other)
    certain = np.where(excess == 0, 0.0, np.copysign(np.inf, excess))
    return np.divide(excess, spread, out=certain, where=spread != 0)
