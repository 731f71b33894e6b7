r"""Polynomials through values with correlated errors: generalised least squares, and whether they fit.

$$\hat c = (X^T C^{-1} X)^{-1} X^T C^{-1} y, \qquad \chi^2 = (y - X\hat c)^T C^{-1} (y - X\hat c)$$

with $X_{ik} = x_i^k$. For Gaussian errors χ² has the law of n − degree − 1 degrees of freedom where the polynomial is
right. Source: the Gauss–Markov theorem, A. C. Aitken, Proc. R. Soc. Edinburgh 55 (1935) 42.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import gammaincc

from nnft_ppl.display import ROUNDING


class PolynomialFit(NamedTuple):
    """Coefficients with errors, and how well they fit."""

    coefficients: Float[ndarray, "power"]
    """c_0, c_1, ...: of 1, x, x², ..."""
    errors: Float[ndarray, "power"]
    """Their standard errors."""
    chi_squared: float
    """χ² of the residuals; 0 where there is a coefficient for every value."""
    dof: int
    """Values less coefficients."""

    @property
    def p_value(self) -> float:
        """Probability of a larger χ² where the polynomial is right; 1 without degrees of freedom."""
        return float(gammaincc(self.dof / 2, self.chi_squared / 2)) if self.dof else 1.0


def fit_polynomial(
    x: Float[ndarray, "n"], y: Float[ndarray, "n"], covariance: Float[ndarray, "n n"], degree: int = 1
) -> PolynomialFit:
    """The polynomial of a degree through values with errors.

    A value without error is worth one of the rounding of the largest: it is met, and others bend around it.

    Args:
        x: Where, shape (n,).
        y: The values, shape (n,).
        covariance: Of the values, shape (n, n): squares of their errors on the diagonal.
        degree: Of the polynomial.

    Raises:
        ValueError: If there are fewer values than coefficients.
    """
    if len(x) <= degree:
        raise ValueError(f"fit_polynomial: {len(x)} values; a polynomial of degree {degree} needs {degree + 1}")
    floor = (ROUNDING * max(float(np.max(np.abs(y))), np.finfo(float).tiny / ROUNDING)) ** 2
    # In units of the errors the matrix is one of correlations, whose decomposition loses no digits.
    error = np.sqrt(np.maximum(np.diag(covariance), floor))
    correlation = covariance / np.outer(error, error)
    np.fill_diagonal(correlation, 1.0)
    strength, directions = np.linalg.eigh(correlation)
    whiten = (directions / np.sqrt(np.maximum(strength, ROUNDING))).T / error
    powers = x[:, None] ** np.arange(degree + 1)
    design, values = whiten @ powers, whiten @ y
    scale = np.linalg.norm(design, axis=0)
    q, r = np.linalg.qr(design / scale)
    inverse = np.linalg.inv(r) / scale[:, None]
    coefficients = inverse @ (q.T @ values)
    rest = values - design @ coefficients
    dof = len(x) - degree - 1
    errors = np.linalg.norm(inverse, axis=1)
    return PolynomialFit(coefficients, errors, float(rest @ rest) if dof else 0.0, dof)
