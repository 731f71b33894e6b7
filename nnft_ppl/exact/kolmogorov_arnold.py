"""Connected functions of a Kolmogorov-Arnold network of two layers in Fourier waves, at any width."""

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite


def fourier_kan_connected(points: Float[ArrayLike, " factor"], width: int, modes: int) -> float:
    r"""Connected function of two or four points on the line of a network of two layers of Fourier series.

    `y_i(x) = sum_k a_ik cos(k x) + b_ik sin(k x)`, `phi(x) = sum_i sum_k A_ik cos(k y_i) + B_ik sin(k y_i)`,
    `k = 1, ..., modes`, all coefficients Gaussian, of variance 1/modes in the first layer and 1/(modes width) in the
    second. With `K(x, x') = (1/modes) sum_k cos k(x - x')`, `D = 2 (1 - K)` and
    `C = K(a, c) - K(a, d) - K(b, c) + K(b, d)`

        <phi phi'> = (1/modes) sum_k exp(-k^2 D/2)
        width G_c  = sum_3 (1/modes^2) sum_{k l} exp(-(k^2 D_ab + l^2 D_cd)/2) (cosh(k l C) - 1),

    which vanishes where all points coincide.

    Args:
        points: Two or four points on the line.
        width: Number of hidden neurons.
        modes: Highest wave number of both layers.

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `width` or `modes` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    owner = "fourier_kan_connected"
    places = require_finite(owner, "points", points)
    if places.shape not in {(2,), (4,)}:
        raise ValueError(f"{owner}: points have shape {places.shape}; give 2 or 4 points on the line")
    require_count(owner, "width", width)
    waves = np.arange(1, require_count(owner, "modes", modes) + 1)
    kernel = np.mean(np.cos(np.multiply.outer(np.subtract.outer(places, places), waves)), axis=-1)
    apart = 2 * (1 - kernel)

    def pair(a: int, b: int) -> float:
        return float(np.mean(np.exp(-(waves**2) * apart[a, b] / 2)))

    if len(places) == 2:
        return pair(0, 1)
    total = 0.0
    for partner in (1, 2, 3):
        c, d = (one for one in (1, 2, 3) if one != partner)
        crossed = kernel[0, c] - kernel[0, d] - kernel[partner, c] + kernel[partner, d]
        exponent = -np.add.outer(waves**2 * apart[0, partner], waves**2 * apart[c, d]) / 2
        total += float(np.mean(np.exp(exponent) * (np.cosh(np.multiply.outer(waves, waves) * crossed) - 1)))
    return total / width
