"""Mean of a product of four error functions of Gaussian variables, for steep ones, too."""

import math
from functools import partial
from itertools import combinations

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.exact.quadrature import interval_rule, settled

_AT_ONCE = 4096
_SIZES = (16, 32, 64, 128, 256, 512)


def four_error_functions(owner: str, covariance: Float[ndarray, "case 4 4"]) -> Float[ndarray, " case"]:
    r"""`E[erf(u_1) erf(u_2) erf(u_3) erf(u_4)]` of Gaussian u of mean zero.

    `erf(u) = E sign(u + g/sqrt(2))` with a unit normal g, so that it is the mean of four signs of variables with
    correlations `r_ij = 2 C_ij/sqrt((1 + 2 C_ii)(1 + 2 C_jj))`. Their mean at `t r_ij` has the derivative
    `sum_(i<j) (2/pi) r_ij (1 - t^2 r_ij^2)^(-1/2) (2/pi) arcsin(s_kl)` in t, with the correlation s of the other two
    where `z_i = z_j = 0`; that is integrated over `t = sin(a)`, to 1e-10.

    Args:
        owner: Who asks.
        covariance: C, which may be singular.

    Raises:
        ValueError: If variances are so large that 512 nodes are not enough.

    Source: R. L. Plackett, Biometrika 41 (1954) 351 (the derivative).
    """
    spread = 1 + 2 * np.diagonal(covariance, axis1=-2, axis2=-1)
    correlation = 2 * covariance / np.sqrt(spread[:, :, None] * spread[:, None, :])

    def mean(signs: ndarray, nodes: int) -> ndarray:
        angle, weights = interval_rule(0.0, math.pi / 2, nodes)
        r = np.sin(angle)[:, None, None, None] * signs
        total = np.zeros(r.shape[:2])
        for i, j in combinations(range(4), 2):
            k, m = (one for one in range(4) if one not in (i, j))
            c = r[..., i, j]
            left = 1 - c**2

            def others(one: int, two: int, i: int = i, j: int = j, c: ndarray = c, left: ndarray = left) -> ndarray:
                a, b, p, q = r[..., one, i], r[..., one, j], r[..., two, i], r[..., two, j]
                return (1.0 if one == two else r[..., one, two]) - (a * p - c * (a * q + b * p) + b * q) / left

            sine = others(k, m) / np.sqrt(others(k, k) * others(m, m))
            total += signs[:, i, j] / np.sqrt(left) * np.arcsin(np.clip(sine, -1, 1))
        return (2 / math.pi) ** 2 * (weights * np.cos(angle)) @ total

    advice, found = "give smaller inputs, or a smaller sigma_w", []
    for signs in np.array_split(correlation, math.ceil(len(correlation) / _AT_ONCE)):
        found.append(settled(owner, partial(mean, signs), _SIZES, 1e-9, advice, floor=1e-12)[0])
    return np.concatenate(found)
