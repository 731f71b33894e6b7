r"""A network with one hidden layer of erf neurons on the line: arcsine kernel, and cumulants of every order in 1/N.

    φ(x) = v₀ + Σ_{i=1}^N v_i erf(g (w_i x + b_i)),    v_i ~ N(0, σ_w²/N),   w_i ~ N(0, σ_w²),   v₀, b_i ~ N(0, σ_b²)
    S = 0

⟨φ(x) φ(y)⟩ = σ_b² + σ_w² (2/π) arcsin(2k_xy/√((1 + 2k_xx)(1 + 2k_yy))), k_xy = σ_b² + σ_w² x y, at every width N. The
connected functions are N^{1−k} times the neuron's cumulants of 2k points; the output bias v₀ does not enter them.

`configuration` of `two_point`: (1, 1), (−1, 1), (−1, −.6), (−.2, .6); of `four_point`, connected: (1, 1, 1, 1),
(.2, .2, .2, .2), (−1, −1, 1, 1), (−1, −.6, −.2, .2); of `six_point`, connected: (1, 1, 1, 1, 1, 1),
(.2, .2, .2, .2, .2, .2), (−1, −1, .2, .2, 1, 1), (−1, −.6, −.2, .2, .6, 1).

`exact` is that of `gain` g = 1. Control: `gain=0.7071067811865476` is the network whose kernel is the arcsine without
its factors of 2. Units: none. Limits: N → ∞ is the Gaussian process of the kernel. Source: C. K. I. Williams, Neural
Computation 10 (1998) 1203 (kernel); arXiv:2008.08601 (the network); cumulants in docs/theory/networks.md.
"""

import math

import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_non_negative, require_positive
from nnft_ppl.exact import erf_connected, erf_kernel
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import Dense

TWO = [[1, 1], [-1, 1], [-1, -0.6], [-0.2, 0.6]]
FOUR = [[1, 1, 1, 1], [0.2, 0.2, 0.2, 0.2], [-1, -1, 1, 1], [-1, -0.6, -0.2, 0.2]]
SIX = [[1, 1, 1, 1, 1, 1], [0.2, 0.2, 0.2, 0.2, 0.2, 0.2], [-1, -1, 0.2, 0.2, 1, 1], [-1, -0.6, -0.2, 0.2, 0.6, 1]]


def model(width=8, sigma_w=1.0, sigma_b=1.0, gain=1.0):
    """One hidden layer, without an action."""
    require_count("erf_net", "width", width)
    require_positive("erf_net", "sigma_w", sigma_w)
    require_non_negative("erf_net", "sigma_b", sigma_b)
    require_positive("erf_net", "gain", gain)
    with numpyro.plate("neuron", width):
        output = sigma_w / math.sqrt(width) * numpyro.sample("output_weight", dist.Normal(0, 1))
        weight = gain * sigma_w * numpyro.sample("weight", dist.Normal(0, 1))
        bias = gain * sigma_b * numpyro.sample("bias", dist.Normal(0, 1))
    shift = sigma_b * numpyro.sample("output_bias", dist.Normal(0, 1))
    return Dense((weight[:, None], output[None, :]), (bias, shift[None]), erf)


def observables():
    """Two points, and four and six, connected, at the configurations above."""
    return {
        "two_point": product_points(TWO).in_units("1"),
        "four_point": connected_points(FOUR),
        "six_point": connected_points(SIX),
    }


def exact(width, sigma_w, sigma_b):
    """The arcsine kernel, and cumulants by quadrature; without gain."""
    x, y = np.array(TWO).T
    return {
        "two_point": sigma_b**2 + sigma_w**2 * erf_kernel(x, y, sigma_w, sigma_b),
        "four_point": np.array([erf_connected(points, width, sigma_w, sigma_b) for points in FOUR]),
        "six_point": np.array([erf_connected(points, width, sigma_w, sigma_b) for points in SIX]),
    }


def control():
    """The network whose kernel is the arcsine without its factors of 2."""
    return {"gain": math.sqrt(0.5)}
