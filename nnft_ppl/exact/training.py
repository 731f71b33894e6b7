"""Networks trained by gradient flow or descent: the field at infinite width."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite, require_non_negative, require_number
from nnft_ppl.exact.neurons import erf_kernel


class TrainedMoments(NamedTuple):
    """One- and two-point function of a field, `m(x) = E[phi(x)]` and `C(x, x') = E[phi(x) phi(x')] - m(x) m(x')`.

    Source: definitions.
    """

    mean: Float[np.ndarray, "point"]
    """m on some points, in units of the field."""
    covariance: Float[np.ndarray, "point point"]
    """C between them."""


def erf_tangent_kernel(
    x: Float[ArrayLike, "*shape"], y: Float[ArrayLike, "*shape"], sigma_w: float = 1.0, sigma_b: float = 1.0
) -> Float[np.ndarray, "*shape"]:
    r"""Neural tangent kernel of `phi = N^(-1/2) sum_i a_i erf(sigma_w w_i x + sigma_b b_i)`, all of a, w, b trained.

    `Theta = K + (4/pi) k_xy/sqrt((1 + 2k_xx)(1 + 2k_yy) - 4k_xy^2)`, `k_xy = sigma_b^2 + sigma_w^2 x y`, with the
    arcsine kernel K, which is the share of the read-out a; a, w, b ~ N(0, 1).

    Args:
        x: Points on the line.
        y: Others; the shapes broadcast.
        sigma_w: Scale of the weights, positive.
        sigma_b: Scale of the biases, at least zero.

    Returns:
        Theta, dimensionless.

    Raises:
        TypeError, ValueError: If a scale lies outside its range.

    Source: A. Jacot et al., arXiv:1806.07572 (the kernel); this one derived in docs/theory/training.md.
    """
    first, second = np.asarray(x, float), np.asarray(y, float)
    kernel = erf_kernel(first, second, sigma_w, sigma_b)  # complains of its arguments

    def k(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return sigma_b**2 + sigma_w**2 * one * other

    determinant = (1 + 2 * k(first, first)) * (1 + 2 * k(second, second)) - 4 * k(first, second) ** 2
    return kernel + 4 / math.pi * k(first, second) / np.sqrt(determinant)


def trained_moments(
    kernel: Float[ArrayLike, "point point"],
    tangent: Float[ArrayLike, "point point"],
    values: Float[ArrayLike, "datum"],
    time: float,
    step: float = 0.0,
) -> TrainedMoments:
    r"""A Gaussian field of mean zero, trained on data with a tangent kernel that does not change.

    Under gradient flow of `1/2 sum_X (phi(X) - y)^2`, with `A = Theta(x, X) Theta(X, X)^(-1) (1 - e^(-Theta(X, X) t))`,
    `phi_t(x) = phi_0(x) - A (phi_0(X) - y)`, so that the mean is `A y` and the covariance
    `K(x, x') - A K(X, x') - K(x, X) A'^T + A K(X, X) A'^T`. Gradient descent has `(1 - step Theta)^(time/step)` in the
    place of the exponential. With `tangent = kernel` and `time = inf` it is the posterior without noise.

    Args:
        kernel: K, covariance of the field before training; the data are the last of its points.
        tangent: Theta, on the same points.
        values: y, of the data.
        time: t, at least zero, or inf: in units in which the loss is as above. Mean instead of sum rescales it.
        step: Size of a step of gradient descent, with a whole number of them in `time`; 0 is gradient flow.

    Returns:
        Mean, shape (point,), and covariance, shape (point, point), on the points that are no data.

    Raises:
        TypeError, ValueError: If shapes do not fit, or a number lies outside its range.

    Source: J. Lee et al., arXiv:1902.06720.
    """
    owner = "trained_moments"
    k, theta = require_finite(owner, "kernel", kernel), require_finite(owner, "tangent", tangent)
    y = require_finite(owner, "values", values)
    if k.ndim != 2 or k.shape[0] != k.shape[1] or theta.shape != k.shape or y.ndim != 1 or len(y) > len(k):
        raise ValueError(
            f"{owner}: kernel, tangent and values have shapes {k.shape}, {theta.shape} and {y.shape}; give two of "
            "(point, point), whose last points are the data, and (datum,)"
        )
    require_number(owner, "time", time, least=0, infinite=True)
    require_non_negative(owner, "step", step)
    test = len(k) - len(y)
    rates, modes = np.linalg.eigh(theta[test:, test:])
    # What no value at the data can show stays, also in infinite time: of a kernel, Theta(x, X) does not reach it.
    learns = rates > len(rates) * np.finfo(float).eps * np.max(np.abs(rates), initial=0.0)
    known = np.where(learns, rates, 1.0)
    learned = np.where(learns, _learned(known, time, step) / known, 0.0)
    a = theta[:test, test:] @ (modes * learned) @ modes.T
    seen = np.concatenate([np.eye(test), -a], axis=1)  # of the field before training
    return TrainedMoments(a @ y, seen @ k @ seen.T)


def _learned(rates: np.ndarray, time: float, step: float) -> np.ndarray:
    """1 − e^{−λt}, or of descent."""
    if not step:
        return -np.expm1(-rates * time)
    steps = round(time / step) if math.isfinite(time) else 0
    if not steps or not math.isclose(steps * step, time, rel_tol=1e-9):
        raise ValueError(f"trained_moments: time = {time!r} is no whole number of steps of {step!r}")
    return 1 - (1 - step * rates) ** steps
