"""Networks trained by gradient flow or descent: the field at infinite width, and its first correction in 1/N."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_finite, require_non_negative, require_number
from nnft_ppl.exact.neurons import erf_kernel

# Of Gauss and Hermite, in each of two directions: means of products of four erf are right to 1e-12 for slopes up to 2.
_NODES = 100
# Of second differences, in units of one neuron's deviation: they are right to 1e-6.
_MOVE = 1e-3


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
    learned = np.full(len(rates), float(time))
    np.divide(_learned(rates, time, step), rates, out=learned, where=rates != 0)
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


def erf_last_layer_slope(
    places: Float[ArrayLike, "place"],
    data: Float[ArrayLike, "datum"],
    values: Float[ArrayLike, "datum"],
    time: float,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
) -> TrainedMoments:
    r"""Slope in 1/N, at `N -> inf`, of the moments of an erf network of which the read-out alone is trained.

    A network of N neurons follows `trained_moments` with its own kernel `k = N^(-1) sum_i h_i h_i'`, exactly. That
    fluctuates about K with the covariance D/N of one neuron's, `D = Cov(h h', h'' h''')`; to second order the mean has
    `1/2 D : m''` and the covariance `1/2 D : C'' + m' D m'`, with m and C as functions of the kernel.

    Args:
        places: Where the field is looked at, on the line.
        data: X.
        values: y.
        time: t of gradient flow, or inf.
        sigma_w: Scale of the weights, positive.
        sigma_b: Scale of the biases, at least zero.

    Returns:
        The coefficients of 1/N, of the mean, shape (place,), and of the covariance, shape (place, place).

    Raises:
        TypeError, ValueError: If an argument lies outside its range.

    Source: derived in docs/theory/training.md.
    """
    owner = "erf_last_layer_slope"
    every = np.concatenate([require_finite(owner, "places", places), require_finite(owner, "data", data)])
    limit = erf_kernel(every[:, None], every, sigma_w, sigma_b)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    plane = np.multiply.outer(weights, weights) / (2 * math.pi)
    slopes = sigma_w * np.multiply.outer(every, nodes)[:, :, None] + sigma_b * nodes
    neuron = special.erf(slopes)
    pairs = np.triu_indices(len(every))
    products = (neuron[pairs[0]] * neuron[pairs[1]]).reshape(len(pairs[0]), -1)
    deviation = products - limit[pairs][:, None]
    sizes, modes = np.linalg.eigh(deviation * plane.ravel() @ deviation.T)
    still = trained_moments(limit, limit, values, time)
    mean, covariance = np.zeros_like(still.mean), np.zeros_like(still.covariance)
    for mode in (modes * np.sqrt(np.maximum(sizes, 0))).T:
        moved = np.zeros_like(limit)
        moved[pairs] = _MOVE * mode
        moved = moved + np.triu(moved, 1).T
        up, down = (trained_moments(one, one, values, time) for one in (limit + moved, limit - moved))
        first = (up.mean - down.mean) / (2 * _MOVE)
        mean += (up.mean - 2 * still.mean + down.mean) / (2 * _MOVE**2)
        covariance += (up.covariance - 2 * still.covariance + down.covariance) / (2 * _MOVE**2)
        covariance += np.multiply.outer(first, first)
    return TrainedMoments(mean, covariance)
