r"""A network of normalised exponentials on the line: a stationary kernel, and connected functions that are not.

    φ(x) = Σ_{i=1}^N v_i exp(w_i x + b_i − σ_b² − σ_w² x²),    v_i ~ N(0, 1/N),   w_i ~ N(0, σ_w²),   b_i ~ N(0, σ_b²)
    S = 0

⟨φ(x) φ(y)⟩ = e^{−σ_w²(x−y)²/2} at every width N. The neurons' moments are lognormal, e^{n(n−2)σ_b²/2} times
exp σ_w²(|Σx|²/2 − Σ|x|²) for n points: the connected functions, N^{1−k} times a neuron's cumulants of 2k points, see
where the points are. `cos_net` has such a kernel, too, and is invariant.

`configuration` of `two_point`: (0, 0), (.3, .3), (−.3, .3), (0, .6); of `four_point`, connected: (−.3, −.1, .1, .3),
the same shifted by .3, (0, 0, 0, 0), (.3, .3, .3, .3); of `six_point`, connected: (0, 0, 0, 0, 0, 0),
(.1, .1, .1, .1, .1, .1), (−.3, −.3, 0, 0, .3, .3), (0, 0, .1, .1, .2, .2).

Control: the four-point function of an invariant theory, that of the shifted points where they were. Units: none.
Limits: N → ∞ is the Gaussian process of the kernel. Tails are lognormal: at σ_b = 1, or far from the origin, no number
of draws gives the averages, and a run says so (`exact` stays). Source: arXiv:2008.08601 (the network, there with
σ_w = σ_b = 1), arXiv:2112.04527 (symmetry at finite N); moments in docs/theory/networks.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_non_negative, require_positive
from nnft_ppl.exact import gauss_connected
from nnft_ppl.families import connected_points, product_points

TWO = [[0, 0], [0.3, 0.3], [-0.3, 0.3], [0, 0.6]]
FOUR = [[-0.3, -0.1, 0.1, 0.3], [0, 0.2, 0.4, 0.6], [0, 0, 0, 0], [0.3, 0.3, 0.3, 0.3]]
SIX = [[0, 0, 0, 0, 0, 0], [0.1, 0.1, 0.1, 0.1, 0.1, 0.1], [-0.3, -0.3, 0, 0, 0.3, 0.3], [0, 0, 0.1, 0.1, 0.2, 0.2]]


def model(width=8, sigma_w=0.7071067811865476, sigma_b=0.22360679774997896):
    """One hidden layer of exponentials, without an action."""
    require_count("gauss_net", "width", width)
    require_positive("gauss_net", "sigma_w", sigma_w)
    require_non_negative("gauss_net", "sigma_b", sigma_b)
    with numpyro.plate("neuron", width):
        output = numpyro.sample("output_weight", dist.Normal(0, 1)) / math.sqrt(width)
        weight = sigma_w * numpyro.sample("weight", dist.Normal(0, 1))
        bias = sigma_b * numpyro.sample("bias", dist.Normal(0, 1))
    return lambda x: jnp.sum(output * jnp.exp(weight * x[0] + bias - sigma_b**2 - sigma_w**2 * x[0] ** 2))


def observables():
    """Two points, and four and six, connected, at the configurations above."""
    return {
        "two_point": product_points(TWO).in_units("1"),
        "four_point": connected_points(FOUR),
        "six_point": connected_points(SIX),
    }


def exact(width, sigma_w, sigma_b):
    """Lognormal moments."""
    return {
        name: np.array([gauss_connected(points, width, sigma_w, sigma_b) for points in every])
        for name, every in {"two_point": TWO, "four_point": FOUR, "six_point": SIX}.items()
    }


def control(width, sigma_w, sigma_b):
    """Translation invariance: the shifted four points as they were."""
    here = gauss_connected(FOUR[0], width, sigma_w, sigma_b)
    return {"four_point": np.array([np.nan, here, np.nan, np.nan])}
