"""Connected functions of a Kolmogorov-Arnold network of two layers in Fourier waves, at any width."""

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_choice, require_count, require_finite
from nnft_ppl.exact.neurons import network_cumulant

_CUMULANTS = {"gaussian": {2: 1.0, 4: 0.0, 6: 0.0}, "uniform": {2: 1.0, 4: -6 / 5, 6: 48 / 7}}
COEFFICIENT_LAWS = tuple(_CUMULANTS)
"""Laws of the coefficients of the outer layer, of one variance."""


def fourier_kan_connected(points: Float[ArrayLike, " factor"], width: int, modes: int, law: str = "gaussian") -> float:
    r"""Connected function of 2, 4 or 6 points on the line of a network of two layers of Fourier series.

    `y_i(x) = sum_k a_ik cos(k x) + b_ik sin(k x)`, `phi(x) = sum_i sum_k A_ik cos(k y_i) + B_ik sin(k y_i)`,
    `k = 1, ..., modes`, with independent coefficients of variance 1/modes in the first layer, which are Gaussian, and
    1/(modes width) in the second. With `K(x, x') = (1/modes) sum_k cos k(x - x')`, `D = 2 (1 - K)` and
    `C = K(a, c) - K(a, d) - K(b, c) + K(b, d)`

        <phi phi'> = (1/modes) sum_k exp(-k^2 D/2)
        width G_c  = sum_3 (1/modes^2) sum_{k l} exp(-(k^2 D_ab + l^2 D_cd)/2) (cosh(k l C) - 1)

    of Gaussian coefficients, which vanishes where all points coincide. Others of cumulants `c_n/(modes width)^(n/2)`
    add `(c_4/modes^2) sum_k E[prod_a cos k y_a + prod_a sin k y_a]`. All of it, and that of six points, are averages of
    `exp(i v.y)` for whole numbers v, which are `exp(-v K v/2)`.

    Args:
        points: Two, four or six points on the line.
        width: Number of hidden neurons.
        modes: Highest wave number of both layers.
        law: `gaussian` or `uniform`, of the second layer's coefficients.

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `width` or `modes` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    owner = "fourier_kan_connected"
    places = require_finite(owner, "points", points)
    if places.shape not in {(2,), (4,), (6,)}:
        raise ValueError(f"{owner}: points have shape {places.shape}; give 2, 4 or 6 points on the line")
    require_count(owner, "width", width)
    require_choice(owner, "law", law, COEFFICIENT_LAWS)
    count, waves = len(places), np.arange(1, require_count(owner, "modes", modes) + 1)
    kernel = np.mean(np.cos(np.multiply.outer(np.subtract.outer(places, places), waves)), axis=-1)

    def spectrum(block: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The v, and weights, of a cumulant of these values of a neuron, given what it is given."""
        order = len(block)
        cumulant = _CUMULANTS[law][order] / modes ** (order / 2)
        signs = np.array(list(product((1, -1), repeat=order)))
        # Products of cosines, and of sines: their signs, and i^order.
        weights = cumulant * (1 + (-1) ** (order // 2) * np.prod(signs, axis=1)) / 2**order
        vectors = np.zeros((len(signs), count))
        vectors[:, block] = signs
        kept = weights != 0
        return np.concatenate([k * vectors[kept] for k in waves]), np.tile(weights[kept], modes)

    def moment(chosen: tuple[int, ...]) -> float:
        total = 0.0
        for blocks in _even_blocks(chosen):
            vectors, weights = np.zeros((1, count)), np.ones(1)
            for more, factors in map(spectrum, blocks):
                vectors = (vectors[:, None] + more).reshape(-1, count)
                weights = np.outer(weights, factors).ravel()
            total += float(weights @ np.exp(-np.einsum("vi,ij,vj->v", vectors, kernel, vectors) / 2))
        return total

    return network_cumulant(moment, count, width)


def _even_blocks(chosen: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """All ways to part these into blocks of even numbers; none of an odd number."""
    if not chosen:
        yield ()
    for size in range(1, len(chosen), 2):
        for others in combinations(chosen[1:], size):
            rest = tuple(one for one in chosen[1:] if one not in others)
            for blocks in _even_blocks(rest):
                yield ((chosen[0], *others), *blocks)
