"""First corrections in the inverse width to the two-point function of a deep network, at any depth."""

import math
from itertools import pairwise

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact.deep_networks import deep_kernel
from nnft_ppl.exact.quadrature import interval_rule

_RADIUS, _NODES = 9.0, 40
_FUNCTIONS = {"relu": lambda z: np.maximum(z, 0.0), "linear": lambda z: z, "erf": special.erf}


def deep_width_correction(
    activation: str, points: Float[ArrayLike, "point dim"], depth: int, sigma_w: float, sigma_b: float
) -> Float[np.ndarray, "point point"]:
    r"""Coefficient of 1/n in the two-point function of the network of `deep_kernel` with layers of n neurons each.

    Given all layers below, the next one's values are Gaussian with a covariance that fluctuates. Of two points, with
    `u = (K_aa, K_ab, K_bb)`, `f = sigma_b^2 + sigma_w^2 F`, and C the covariance of `(h_a^2, h_a h_b, h_b^2)` of one
    neuron, its mean `K^l + delta^l/n` and covariance `V^l/n` follow

        V^l     = sigma_w^4 C(K^(l-1)) + f'(K^(l-1)) V^(l-1) f'(K^(l-1))^T,
        delta^l = f'(K^(l-1)) delta^(l-1) + f''(K^(l-1)) : V^(l-1)/2,

    from zero at l = 0. The last layer's width does not enter. Two layers of erf have -0.00561025 at x = 1 and unit
    deviations; linear networks have none, nor have rectified ones at a single point.

    Args:
        activation: `relu`, `linear` or `erf`.
        points: The points, shape (point, dim).
        depth: Number of hidden layers, at least 0.
        sigma_w: As for `deep_kernel`.
        sigma_b: As for `deep_kernel`.

    Returns:
        delta^depth, between all points.

    Raises:
        TypeError: If `depth` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here; the expansion is that of S. Yaida, arXiv:1910.00019.
    """
    require_count("deep_width_correction", "depth", depth, least=0)
    kernels = [deep_kernel(activation, points, layer, sigma_w, sigma_b) for layer in range(max(depth, 1))]
    squared = require_positive("deep_width_correction", "sigma_w", sigma_w) ** 2
    found = np.zeros_like(kernels[0])
    for a, b in zip(*np.triu_indices(len(found)), strict=True):
        delta, spread = np.zeros(3), np.zeros((3, 3))
        for kernel in kernels[:depth]:
            own = kernel[a, a], kernel[a, b], kernel[b, b]
            slope, curvature = _derivatives(activation, *own)
            slope, curvature = squared * slope, squared * curvature
            delta = slope @ delta + np.einsum("ijk,jk->i", curvature, spread) / 2
            spread = squared**2 * _fluctuation(activation, *own) + slope @ spread @ slope.T
        found[a, b] = found[b, a] = delta[1]
    return found


def _fluctuation(activation: str, first: float, mixed: float, second: float) -> Float[np.ndarray, "3 3"]:
    """Covariance of (h_a^2, h_a h_b, h_b^2), in polar coordinates between the kinks of the activation."""
    left = math.sqrt(first) if first > 0 else 1.0
    slopes = np.array([[math.sqrt(first), 0.0], [mixed / left, math.sqrt(max(second - (mixed / left) ** 2, 0.0))]])
    edges = np.arctan2(slopes[:, 1], slopes[:, 0])[:, None] + math.pi * np.array([-0.5, 0.5])
    edges = np.unique(np.concatenate([np.mod(edges, 2 * math.pi).ravel(), math.pi / 2 * np.arange(5)]))
    nodes = _NODES + 10 * math.ceil(float(np.max(np.hypot(*slopes.T))))  # where erf is steep it needs more
    rules = [interval_rule(low, high, nodes) for low, high in pairwise(edges)]
    angles, shares = (np.concatenate(parts) for parts in zip(*rules, strict=True))
    radius, weights = interval_rule(0.0, _RADIUS, nodes)
    weights = np.outer(weights * radius * np.exp(-(radius**2) / 2), shares / (2 * math.pi)).ravel()
    waves = np.multiply.outer(slopes @ np.stack([np.cos(angles), np.sin(angles)]), radius).transpose(0, 2, 1)
    a, b = _FUNCTIONS[activation](waves).reshape(2, -1)
    products = np.stack([a * a, a * b, b * b])
    mean = products @ weights
    return (products * weights) @ products.T - np.multiply.outer(mean, mean)


def _derivatives(
    activation: str, first: float, mixed: float, second: float
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3 3 3"]]:
    """First and second derivatives of (F_aa, F_ab, F_bb) by (K_aa, K_ab, K_bb)."""
    slope, curvature = np.zeros((3, 3)), np.zeros((3, 3, 3))
    for place, variance in ((0, first), (2, second)):
        slope[place, place], curvature[place, place, place] = _alone(activation, variance)
    slope[1], curvature[1] = _between(activation, first, mixed, second)
    return slope, curvature


def _alone(activation: str, k: float) -> tuple[float, float]:
    """F' and F'' of F(K) = E[h^2]."""
    if activation != "erf":
        return (0.5 if activation == "relu" else 1.0), 0.0
    root = math.sqrt(1 + 4 * k)
    slope = 4 / math.pi / ((1 + 2 * k) * root)
    return slope, -2 * slope * (1 / (1 + 2 * k) + 1 / root**2)


def _between(activation: str, a: float, c: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Those of F_ab, whose arguments are a = K_aa, c = K_ab, b = K_bb."""
    if activation == "linear":
        return np.array([0.0, 1.0, 0.0]), np.zeros((3, 3))
    if activation == "erf":
        p, q = 1 + 2 * a, 1 + 2 * b
        root = math.sqrt(p * q - 4 * c**2)
        slope = 4 / math.pi / root * np.array([-c / p, 1.0, -c / q])
        aa, bb = (c * (2 / u**2 / root + v / u / root**3) for u, v in ((p, q), (q, p)))
        second = [[aa, -q / root**3, c / root**3], [-q / root**3, 4 * c / root**3, -p / root**3]]
        return slope, 4 / math.pi * np.array([*second, [c / root**3, -p / root**3, bb]])
    size = math.sqrt(a * b)
    if size == 0:  # where the field is 0 it stays so
        return np.zeros(3), np.zeros((3, 3))
    cosine = min(max(c / size, -1.0), 1.0)
    sine = math.sqrt(1 - cosine**2)
    slope = np.array([size * sine / (4 * a), (math.pi - math.acos(cosine)) / 2, size * sine / (4 * b)]) / math.pi
    if sine < 1e-7:  # parallel points stay so, and what is homogeneous is linear there
        return slope, np.zeros((3, 3))
    aa, bb = (size / (8 * one**2) * (cosine**2 / sine - sine) for one in (a, b))
    ac, bc, ab = -cosine / (4 * a * sine), -cosine / (4 * b * sine), size / (8 * a * b * sine)
    return slope, np.array([[aa, ac, ab], [ac, 1 / (2 * size * sine), bc], [ab, bc, bb]]) / math.pi
