"""One convolutional layer of erf channels on a ring of sites: its kernel and its connected functions at any width."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_non_negative, require_positive
from nnft_ppl.exact.error_functions import four_error_functions
from nnft_ppl.exact.neurons import network_cumulant
from nnft_ppl.exact.quadrature import normal_rule, settled

READOUTS = ("dense", "pooled")
"""Read-outs of a convolutional network: a weight for every site, or one for the mean over sites."""
PADDINGS = ("periodic", "zero")
"""What lies beyond the ends of a chain."""
_SIZES = (22, 27, 34)  # nodes in each of four directions


def convolution_kernel(
    first: Float[ArrayLike, " site"],
    second: Float[ArrayLike, " site"],
    sigma_w: float,
    sigma_b: float,
    readout: str = "dense",
    padding: str = "periodic",
) -> float:
    r"""Two-point function of the conv-net, exact at every number of channels.

    Channel c at site p is `h_cp = erf(sum_{|d| <= 1} w_cd x_{p+d} + b_c)`, `w ~ N(0, sigma_w^2/3)`,
    `b ~ N(0, sigma_b^2)`. With the arcsine kernel `F_pq` of its arguments at x, y the two-point function is the mean of
    `F_pp` over sites for the `dense` read-out `(channels sites)^(-1/2) sum v_cp h_cp`, and that of `F_pq` over both for
    the `pooled` one, `channels^(-1/2) sum_c v_c mean_p h_cp`, all v of unit variance.

    Args:
        first: The input x, one number a site.
        second: The input y, of the same shape.
        sigma_w: Deviation of the filter's weights times the root of its size, positive.
        sigma_b: Deviation of the bias, at least zero.
        readout: `dense` or `pooled`.
        padding: `periodic`, or `zero` beyond the ends.

    Returns:
        The two-point function, dimensionless.

    Raises:
        ValueError: If an argument lies outside its range, or shapes differ.

    Source: R. Novak et al., arXiv:1810.05148; A. Garriga-Alonso et al., arXiv:1808.05587.
    """
    owner = "convolution_kernel"
    left, right = _slopes(owner, [first, second], sigma_w, sigma_b, readout, padding)
    own = [np.sum(one**2, axis=1) for one in (left, right)]
    sine = 2 * left @ right.T / np.sqrt(np.multiply.outer(1 + 2 * own[0], 1 + 2 * own[1]))
    kernel = 2 / math.pi * np.arcsin(np.clip(sine, -1, 1))
    return float(np.mean(np.diagonal(kernel) if readout == "dense" else kernel))


def convolution_connected(
    inputs: Float[ArrayLike, "factor site"],
    channels: int,
    sigma_w: float,
    sigma_b: float,
    readout: str = "dense",
    padding: str = "periodic",
) -> float:
    r"""Connected function of two, four or six inputs of the conv-net of `convolution_kernel`.

    Given the filters the field is Gaussian, and `channels G_c = sum_3 Cov(T_ab, T_cd)` of four inputs,
    `channels^2 G_c = sum_15 kappa(T_ab, T_cd, T_ef)` of six, with `T_ab` the mean over p of `h_p(a) h_p(b)` (dense), or
    the product of the means of `h(a)` and `h(b)` (pooled). Weight sharing correlates sites,
    which a dense read-out shows here alone. Of four inputs the average over three weights and a bias is an integral
    over one variable (Plackett's), to 1e-9 for any weights. Of six it is a trapezoidal rule in four directions, to
    1e-6, where two rules agree to 1e-4: for arguments of deviation up to about 2.

    Args:
        inputs: Two, four or six inputs, shape (factor, site).
        channels: Number of channels.
        sigma_w: As for `convolution_kernel`.
        sigma_b: As for `convolution_kernel`.
        readout: As for `convolution_kernel`.
        padding: As for `convolution_kernel`.

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `channels` is not an integer.
        ValueError: If an argument lies outside its range, or there are more inputs, or arguments of channels are so
            wide that no rule is fine enough.

    Source: derived here.
    """
    owner = "convolution_connected"
    places = require_finite(owner, "inputs", inputs)
    if places.ndim != 2 or len(places) not in {2, 4, 6}:
        raise ValueError(f"{owner}: inputs have shape {places.shape}; give 2, 4 or 6 of them, of shape (factor, site)")
    require_count(owner, "channels", channels)
    slopes = _slopes(owner, places, sigma_w, sigma_b, readout, padding)
    if len(places) == 2:
        return convolution_kernel(places[0], places[1], sigma_w, sigma_b, readout, padding)
    if len(places) == 4:
        return _four(owner, slopes, readout) / channels
    unlike = {one.tobytes(): one for one in slopes}

    def connected(nodes: int) -> np.ndarray:
        axis, density = normal_rule(nodes)
        half = axis > -1e-9  # w and -w have the same product of an even number of odd functions
        once = np.where(axis > 1e-9, 2.0, 1.0)[half] * density[half]
        grid = np.stack(np.meshgrid(axis[half], *[axis] * 3, indexing="ij")).reshape(4, -1)
        weights = np.einsum("a,b,c,d->abcd", once, density, density, density).ravel()
        shared = {name: special.erf(one @ grid) for name, one in unlike.items()}
        if readout == "pooled":
            shared = {name: np.mean(one, axis=0) for name, one in shared.items()}
        hidden = [shared[one.tobytes()] for one in slopes]

        def covariance(a: int, b: int) -> np.ndarray:
            product = hidden[a] * hidden[b]
            return product if readout == "pooled" else np.mean(product, axis=0)

        def mean(values: np.ndarray) -> float:
            return float(weights @ values)

        return np.array(conditional_connected(covariance, mean, len(places), 1))

    found, _ = settled(owner, connected, _SIZES, 1e-4, "give smaller inputs, or a smaller sigma_w", floor=1e-9)
    return float(found) / channels**2


def _four(owner: str, slopes: Sequence[np.ndarray], readout: str) -> float:
    """Connected function of four inputs and one channel."""
    sites = len(slopes[0])

    def covariance(*factors: int) -> float:
        """E[T_ab T_cd], or E[T_ab]."""
        if readout == "dense":
            which = np.repeat(np.indices([sites] * (len(factors) // 2)).reshape(len(factors) // 2, -1), 2, axis=0)
        else:
            which = np.indices([sites] * len(factors)).reshape(len(factors), -1)
        legs = np.stack([slopes[one][at] for one, at in zip(factors, which, strict=True)], axis=1)
        gram = legs @ np.swapaxes(legs, 1, 2)
        if len(factors) == 2:
            own = 1 + 2 * np.diagonal(gram, axis1=1, axis2=2)
            return float(np.mean(2 / math.pi * np.arcsin(2 * gram[:, 0, 1] / np.sqrt(own[:, 0] * own[:, 1]))))
        return float(np.mean(four_error_functions(owner, gram)))

    pairings = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    return sum(covariance(*one) - covariance(*one[:2]) * covariance(*one[2:]) for one in pairings)


def conditional_connected(
    covariance: Callable[[int, int], np.ndarray], mean: Callable[[np.ndarray], float], factors: int, width: int
) -> float:
    """Connected function of an even number of factors of a network whose neurons are Gaussian given what is inside.

    The moments of one neuron are sums over pairings, `E[T_12 T_34 + T_13 T_24 + T_14 T_23]` of four factors.

    Args:
        covariance: T_ab of one neuron given its inside, at the nodes of a rule.
        mean: The average by that rule.
        factors: Number of factors, even.
        width: Number of neurons.
    """
    covariance = cache(covariance)

    def paired(chosen: tuple[int, ...]) -> np.ndarray | float:
        """Sum over the pairings of these factors of the products of their covariances."""
        if not chosen:
            return 1.0
        first, rest = chosen[0], chosen[1:]
        return sum(covariance(first, one) * paired(tuple(other for other in rest if other != one)) for one in rest)

    def moment(chosen: tuple[int, ...]) -> float:
        return 0.0 if len(chosen) % 2 else mean(np.asarray(paired(chosen)))

    return network_cumulant(moment, factors, width)


def _slopes(
    owner: str, inputs: Iterable[ArrayLike], sigma_w: float, sigma_b: float, readout: str, padding: str
) -> list[np.ndarray]:
    """The argument of a channel at each site as a function of four unit normals, shape (site, 4), for each input."""
    require_choice(owner, "readout", readout, READOUTS)
    require_choice(owner, "padding", padding, PADDINGS)
    weight = require_positive(owner, "sigma_w", sigma_w) / math.sqrt(3)
    bias = require_non_negative(owner, "sigma_b", sigma_b)
    places = [require_finite(owner, "inputs", one) for one in inputs]
    if any(one.ndim != 1 or len(one) < 3 or one.shape != places[0].shape for one in places):
        raise ValueError(f"{owner}: inputs have shapes {[one.shape for one in places]}; give the same, 3 sites or more")
    found = []
    for one in places:
        padded = np.pad(one, 1, mode="wrap" if padding == "periodic" else "constant")
        legs = [weight * padded[shift : shift + len(one)] for shift in range(3)]
        found.append(np.stack([*legs, np.full(len(one), bias)], axis=1))
    return found
