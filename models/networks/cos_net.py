r"""A network with one hidden layer of cosines on the line: invariant under translations at every width.

    φ(x) = Σ_{i=1}^N a_i cos(b_i x + c_i),    E a_i² = σ_a²/N,   b_i ~ N(0, σ_b²),   c_i ~ U[−π, π]
    S = 0

`amplitude` is "gaussian", "constant" (all a_i = σ_a/√N), or "pair": independent Gaussian amplitudes of cosine and sine.
⟨φ(x) φ(y)⟩ = (σ_a²/2) e^{−σ_b²(x−y)²/2} for all of them and at every width N. Connected functions are N^{1−k} times the
neuron's cumulants of 2k points, in closed form: at coincident points N G₄ = ⅜, −⅜, 0 and N² G₆ = 0, 5/4, 0 at σ_a = 1.

`configuration` of `two_point`: (0, 0), (0, .5), (0, 1), (0, 2); of `four_point`, connected: (0, 0, 0, 0), (0, 0, 1, 1),
(0, .5, 1, 2), (−.3, −.1, .1, .3); of `six_point`, connected: (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 1, 1),
(0, 0, 1, 1, 2, 2), (0, 1, 2, 3, 4, 5).

Control: one amplitude law measured against the exact values of another; they share the two-point function, and the
four-point function has the other sign. Units: lengths in 1/σ_b. Limits: N → ∞ is the Gaussian process with a Gaussian
kernel. Source: arXiv:2112.04527, arXiv:2307.03223; closed forms in docs/theory/networks.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.exact import AMPLITUDE_LAWS, cosine_connected
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import PlaneWaves

TWO = [[0, 0], [0, 0.5], [0, 1], [0, 2]]
FOUR = [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2], [-0.3, -0.1, 0.1, 0.3]]
SIX = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5]]


def model(width=8, sigma_a=1.0, sigma_b=1.0, amplitude="gaussian"):
    """One hidden layer, without an action."""
    require_count("cos_net", "width", width)
    require_positive("cos_net", "sigma_a", sigma_a)
    require_positive("cos_net", "sigma_b", sigma_b)
    require_choice("cos_net", "amplitude", amplitude, AMPLITUDE_LAWS)
    scale = sigma_a / math.sqrt(width)
    with numpyro.plate("neuron", width):
        momentum = sigma_b * numpyro.sample("momentum", dist.Normal(0, 1))[:, None]
        if amplitude == "pair":
            pair = numpyro.sample("amplitude", dist.Normal(0, math.sqrt(0.5)).expand([2]).to_event(1))
            return PlaneWaves(pair, momentum, weight=scale)
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        size = numpyro.sample("amplitude", dist.Normal(0, 1)) if amplitude == "gaussian" else jnp.ones(width)
    return PlaneWaves(size, momentum, phase, weight=scale)


def observables():
    """Two points, and four and six, connected, at the configurations above."""
    return {
        "two_point": product_points(TWO).in_units("1"),
        "four_point": connected_points(FOUR),
        "six_point": connected_points(SIX),
    }


def exact(width, sigma_a, sigma_b, amplitude):
    """The closed forms of this amplitude law."""
    return {
        name: np.array([cosine_connected(points, width, sigma_a, sigma_b, amplitude) for points in every])
        for name, every in {"two_point": TWO, "four_point": FOUR, "six_point": SIX}.items()
    }


def control(amplitude):
    """Another amplitude law, against the exact values of this one."""
    return {"amplitude": "constant" if amplitude == "gaussian" else "gaussian"}
