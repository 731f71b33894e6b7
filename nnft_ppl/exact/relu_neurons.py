"""Kernels and connected functions of a network of rectified, or leaky, neurons: averages over an angle."""

import math
from itertools import pairwise

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite, require_non_negative, require_positive
from nnft_ppl.exact.neurons import even_points, gaussian_moment, network_cumulant
from nnft_ppl.exact.quadrature import interval_rule


def relu_kernel(
    mixed: Float[ArrayLike, "*point"], first: Float[ArrayLike, "*point"], second: Float[ArrayLike, "*point"]
) -> Float[np.ndarray, "*point"]:
    """Mean of the product of two rectified Gaussian variables, the arc-cosine kernel.

    `E[max(u, 0) max(u', 0)] = sqrt(k k') (sin t + (pi - t) cos t)/(2 pi)`, `t = arccos(c/sqrt(k k'))`.

    Args:
        mixed: Covariance c of the two, any shape.
        first: Variance k of one, at least zero.
        second: Variance k' of the other, at least zero.

    Returns:
        The kernel, in units of the covariance.

    Raises:
        TypeError, ValueError: If an argument is not a number, or a variance is negative.

    Source: Y. Cho, L. K. Saul, NeurIPS 2009.
    """
    c, k, l = (require_finite("relu_kernel", "covariance", one) for one in (mixed, first, second))
    if np.any(k < 0) or np.any(l < 0):
        raise ValueError("relu_kernel: a variance is negative; give numbers >= 0")
    size = np.sqrt(k * l)
    # The cosine of equal points rounds to more than 1; without size there is no angle.
    cosine = np.clip(np.divide(c, size, out=np.zeros_like(size), where=size > 0), -1, 1)
    angle = np.arccos(cosine)
    return size * (np.sin(angle) + (math.pi - angle) * cosine) / (2 * math.pi)


def relu_connected(
    points: Float[ArrayLike, "factor *dim"], width: int, sigma_w: float, sigma_b: float = 0.0, leak: float = 0.0
) -> float:
    """Connected function of the ReLU-net without its output bias, which for four points or more is that with it.

    `phi(x) = sum_i v_i f(w_i.x + b_i)`, `f(z) = max(z, 0) + leak min(z, 0)`, `v ~ N(0, sigma_w^2/width)`,
    `w ~ N(0, sigma_w^2/dim)`, `b ~ N(0, sigma_b^2)`. The vectors `(sigma_w x/sqrt(dim), sigma_b)` of the points span a
    plane or a line; in polar coordinates there f is homogeneous, and between its kinks the average over the angle is
    one of polynomials of sines and cosines, which the rule integrates to rounding. On the line without bias, at
    positive points, `width G_c = (15/4) sigma_w^8 x_1 x_2 x_3 x_4` and `width^2 G_c = 82.5 sigma_w^12 x_1 ... x_6`.

    Args:
        points: The points, of shape (factor,) on the line, 2, 4, 6 or 8 of them; with a bias they lie on a line, and
            without in a plane through the origin.
        width: Number of neurons.
        sigma_w: Deviation of the weights, positive.
        sigma_b: Deviation of the bias, at least zero.
        leak: Slope for negative arguments.

    Returns:
        The connected function, in units of length to the number of points.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above, or the vectors span more than a plane.

    Source: derived here.
    """
    owner = "relu_connected"
    places = even_points(owner, points)
    places = places.reshape(len(places), -1)
    scale = require_positive(owner, "sigma_w", sigma_w)
    slopes = np.concatenate(
        [
            scale / math.sqrt(places.shape[1]) * places,
            np.full((len(places), 1), require_non_negative(owner, "sigma_b", sigma_b)),
        ],
        axis=1,
    )
    left, sizes, _ = np.linalg.svd(slopes, full_matrices=False)
    if np.any(sizes[2:] > 1e-12 * sizes[0]):
        raise ValueError(
            f"{owner}: points and bias span {np.sum(sizes > 1e-12 * sizes[0])} dimensions; give points on a line, or "
            "without bias in a plane through the origin"
        )
    plane = np.zeros((len(places), 2))
    plane[:, : min(2, len(sizes))] = (left * sizes)[:, :2]
    edges = np.arctan2(plane[:, 1], plane[:, 0])[:, None] + math.pi * np.array([-0.5, 0.5])
    edges = np.unique(np.concatenate([np.mod(edges, 2 * math.pi).ravel(), math.pi / 2 * np.arange(5)]))
    rules = [interval_rule(low, high, 16) for low, high in pairwise(edges)]
    angles, weights = (np.concatenate(parts) for parts in zip(*rules, strict=True))
    waves = plane @ np.stack([np.cos(angles), np.sin(angles)])
    values = np.where(waves > 0, waves, leak * waves)

    def moment(chosen: tuple[int, ...]) -> float:
        count = len(chosen)
        if count % 2:
            return 0.0
        angular = float(weights @ np.prod(values[list(chosen)], axis=0)) / (2 * math.pi)
        return scale**count * gaussian_moment(count) * 2 ** (count / 2) * math.gamma(count / 2 + 1) * angular

    return network_cumulant(moment, len(places), width)
