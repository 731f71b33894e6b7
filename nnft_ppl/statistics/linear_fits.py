r"""Sums of known functions, polynomials among them, through values with correlated errors, and whether they fit.

$$\hat c = (X^T C^{-1} X)^{-1} X^T C^{-1} y, \qquad \chi^2 = (y - X\hat c)^T C^{-1} (y - X\hat c)$$

with $X_{ik}$ the k-th function at the i-th value, $x_i^k$ for a polynomial. For Gaussian errors χ² has the law of
as many degrees of freedom d as there are values less coefficients, where the sum is right. Source: the Gauss–Markov
theorem, A. C. Aitken, Proc. R. Soc. Edinburgh 55 (1935) 42.

A covariance from m replicas has an inverse that is too large. With ν = m − 1 the mean of χ² is d ν/(ν − d − 1), its law
that of Hotelling's T² (only the d combinations count that the functions leave), and the weights, which are noisy, too,
make the coefficients vary by (ν − 1)/(ν − d − 1) of what the best ones would, of which the formula shows (ν − d)/ν:

$$\chi^2 \to \frac{\nu - d - 1}{\nu}\, \chi^2, \qquad
\sigma_c^2 \to \frac{\nu\, (\nu - 1)}{(\nu - d)(\nu - d - 1)}\, \sigma_c^2, \qquad
\frac{\nu - d + 1}{d\, \nu}\, T^2 \sim F_{d,\, \nu - d + 1}$$

Source: J. Hartlap, P. Simon, P. Schneider, Astron. Astrophys. 464 (2007) 399; C. R. Rao, Proc. 5th Berkeley Symp. 1
(1967) 355.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import fdtrc, gammaincc

from nnft_ppl.display import ROUNDING


class LinearFit(NamedTuple):
    """Coefficients with errors, and how well they fit."""

    coefficients: Float[ndarray, "function"]
    """c_0, c_1, ...: of each function, for a polynomial of 1, x, x², ..."""
    errors: Float[ndarray, "function"]
    """Their standard errors."""
    chi_squared: float
    """χ² of the residuals, d on average; 0 where there is a coefficient for every value."""
    dof: int
    """Values less coefficients."""
    replicas: int | None = None
    """How many the covariance is from; None where it is known."""

    @property
    def p_value(self) -> float:
        """Probability of a larger χ² where the functions are right; 1 without degrees of freedom."""
        if not self.dof:
            return 1.0
        if self.replicas is None:
            return float(gammaincc(self.dof / 2, self.chi_squared / 2))
        left = self.replicas - 1 - self.dof
        return float(fdtrc(self.dof, left + 1, (left + 1) / (left - 1) * self.chi_squared / self.dof))


def fit_polynomial(
    x: Float[ndarray, "n"],
    y: Float[ndarray, "n"],
    covariance: Float[ndarray, "n n"],
    degree: int = 1,
    replicas: int | None = None,
) -> LinearFit:
    """The polynomial of a degree through values with errors.

    Args:
        x: Where, shape (n,).
        y: The values, shape (n,).
        covariance: As for `fit_linear`.
        degree: Of the polynomial.
        replicas: As for `fit_linear`.

    Raises:
        ValueError: If there are fewer values than coefficients, or not at least two replicas more than values.
    """
    if len(x) <= degree:
        raise ValueError(f"fit_polynomial: {len(x)} values; a polynomial of degree {degree} needs {degree + 1}")
    return fit_linear(x[:, None] ** np.arange(degree + 1), y, covariance, replicas)


def fit_linear(
    functions: Float[ndarray, "n function"],
    y: Float[ndarray, "n"],
    covariance: Float[ndarray, "n n"],
    replicas: int | None = None,
) -> LinearFit:
    """The sum of functions, each times a coefficient, through values with errors.

    A value without error is worth one of the rounding of the largest: it is met, and others bend around it.

    Args:
        functions: X, what each function is where the values are, shape (n, function).
        y: The values, shape (n,).
        covariance: Of the values, shape (n, n): squares of their errors on the diagonal.
        replicas: From how many independent ones the covariance, or the correlation in it, is estimated; None where it
            is known.

    Raises:
        ValueError: If there are fewer values than functions, or not at least two replicas more than values.
    """
    if len(y) < functions.shape[1]:
        raise ValueError(f"fit_linear: {len(y)} values; give {functions.shape[1]} at least, one for each function")
    if replicas is not None and len(y) > replicas - 2:
        raise ValueError(
            f"fit_linear: {len(y)} values with a covariance from {replicas} replicas; give {len(y) + 2} at least"
        )
    floor = (ROUNDING * max(float(np.max(np.abs(y))), np.finfo(float).tiny / ROUNDING)) ** 2
    # In units of the errors the matrix is one of correlations, whose decomposition loses no digits.
    error = np.sqrt(np.maximum(np.diag(covariance), floor))
    correlation = covariance / np.outer(error, error)
    np.fill_diagonal(correlation, 1.0)
    strength, directions = np.linalg.eigh(correlation)
    whiten = (directions / np.sqrt(np.maximum(strength, ROUNDING))).T / error
    design, values = whiten @ functions, whiten @ y
    scale = np.linalg.norm(design, axis=0)
    q, r = np.linalg.qr(design / scale)
    inverse = np.linalg.inv(r) / scale[:, None]
    coefficients = inverse @ (q.T @ values)
    rest = values - design @ coefficients
    dof = len(y) - functions.shape[1]
    errors = np.linalg.norm(inverse, axis=1)
    chi_squared = float(rest @ rest) if dof else 0.0
    if replicas is not None:
        left = replicas - 1 - dof
        chi_squared *= (left - 1) / (replicas - 1)
        errors = errors * np.sqrt((replicas - 1) / left * (replicas - 2) / (left - 1))
    return LinearFit(coefficients, errors, chi_squared, dof, replicas)
