"""Connected functions of a network of normalised exponentials, the Gauss-net: lognormal moments in closed form."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_non_negative, require_positive
from nnft_ppl.exact.neurons import even_points, gaussian_moment, network_cumulant


def gauss_connected(points: Float[ArrayLike, "factor *dim"], width: int, sigma_w: float, sigma_b: float) -> float:
    """Connected function of the Gauss-net, of any even number of points.

    `phi(x) = sum_i v_i exp(w_i.x + b_i - sigma_b^2 - sigma_w^2 |x|^2/dim)`, `v ~ N(0, 1/width)`,
    `w ~ N(0, sigma_w^2/dim)`, `b ~ N(0, sigma_b^2)`. The exponential of a Gaussian variable gives the moments of n
    hidden values `exp(n (n - 2) sigma_b^2/2 + (sigma_w^2/dim) (|sum_a x_a|^2/2 - sum_a |x_a|^2))`: of two points
    `exp(-sigma_w^2 |x - y|^2/(2 dim))`, and no function of differences beyond.

    Args:
        points: The points, of shape (factor,) on the line, 2, 4, 6 or 8 of them.
        width: Number of neurons.
        sigma_w: Deviation of the weight times the root of the dimension, positive.
        sigma_b: Deviation of the bias, at least zero.

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here; the network is that of arXiv:2008.08601.
    """
    owner = "gauss_connected"
    places = even_points(owner, points)
    places = places.reshape(len(places), -1)
    steep = require_positive(owner, "sigma_w", sigma_w) ** 2 / places.shape[1]
    shift = require_non_negative(owner, "sigma_b", sigma_b) ** 2

    def moment(chosen: tuple[int, ...]) -> float:
        count = len(chosen)
        if count % 2:
            return 0.0
        here = places[list(chosen)]
        exponent = np.sum(np.sum(here, axis=0) ** 2) / 2 - np.sum(here**2)
        return gaussian_moment(count) * math.exp(count * (count - 2) * shift / 2 + steep * float(exponent))

    return network_cumulant(moment, len(places), width)
