"""Deep networks: the recursion of kernels at infinite width, and what is known of them at finite widths."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_non_negative, require_positive
from nnft_ppl.exact.relu_neurons import relu_kernel

DEEP_ACTIVATIONS = ("relu", "linear", "erf")
"""Activations whose kernel is known in closed form."""


def deep_kernel(
    activation: str, points: Float[ArrayLike, "point dim"], depth: int, sigma_w: float, sigma_b: float
) -> Float[np.ndarray, "point point"]:
    """Two-point function of a network of `depth` hidden layers of infinite width, in its standard scaling.

    `K^0 = sigma_b^2 + sigma_w^2 x.y/dim`, `K^(l+1) = sigma_b^2 + sigma_w^2 F(K^l)` with the kernel F of the activation
    (arc-cosine, the identity, arcsine). With one hidden layer, or none, it is exact at every width; for linear
    networks without biases at every depth, too.

    Args:
        activation: `relu`, `linear` or `erf`.
        points: The points, shape (point, dim).
        depth: Number of hidden layers, at least 0.
        sigma_w: Deviation of the weights times the root of the number of inputs of their layer, positive.
        sigma_b: Deviation of all biases, at least zero.

    Returns:
        K^depth, between all points.

    Raises:
        TypeError: If `depth` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: J. Lee et al., arXiv:1711.00165.
    """
    owner = "deep_kernel"
    require_choice(owner, "activation", activation, DEEP_ACTIVATIONS)
    places = require_finite(owner, "points", points)
    if places.ndim != 2:
        raise ValueError(f"{owner}: points have shape {places.shape}; give shape (point, dim)")
    weight = require_positive(owner, "sigma_w", sigma_w) ** 2
    bias = require_non_negative(owner, "sigma_b", sigma_b) ** 2
    kernel = bias + weight * places @ places.T / places.shape[1]
    for _ in range(require_count(owner, "depth", depth, least=0)):
        kernel = bias + weight * _activated(activation, kernel)
    return kernel


def _activated(activation: str, kernel: Float[np.ndarray, "point point"]) -> Float[np.ndarray, "point point"]:
    """E[f(u) f(u')] of jointly Gaussian variables with this covariance."""
    variance = np.diagonal(kernel)
    if activation == "relu":
        return relu_kernel(kernel, variance[:, None], variance)
    if activation == "erf":
        sine = 2 * kernel / np.sqrt(np.multiply.outer(1 + 2 * variance, 1 + 2 * variance))
        return 2 / math.pi * np.arcsin(np.clip(sine, -1, 1))
    return kernel


def deep_kurtosis(activation: str, widths: Sequence[int]) -> float:
    """`<phi^4>/<phi^2>^2` at one point of a deep network without biases, exact at every width: 3 times a product.

    Each hidden layer of n neurons multiplies the square of the norm of what it hands on by an independent variable,
    and contributes `1 + 5/n` (`relu`) or `1 + 2/n` (`linear`).

    Args:
        activation: `relu` or `linear`.
        widths: Number of neurons of each hidden layer.

    Returns:
        The kurtosis; 3 for a Gaussian field.

    Raises:
        TypeError: If a width is not an integer.
        ValueError: If a width or the activation is none of these.

    Source: derived here.
    """
    require_choice("deep_kurtosis", "activation", activation, DEEP_ACTIVATIONS[:2])
    each = {"relu": 5.0, "linear": 2.0}[activation]
    return 3.0 * math.prod(1 + each / require_count("deep_kurtosis", "widths", width) for width in widths)
