r"""A layer of cosines whose neurons share one random amplitude: connected functions that do not fall with the width.

    φ(x) = A N^{−1/2} Σ_{i=1}^N α_i cos(b_i x) + β_i sin(b_i x),    α, β ~ N(0, ½),   b ~ N(0, 1),   A² ~ Γ(shape)/shape
    S = 0

⟨φ(x) φ(y)⟩ = ½ e^{−(x−y)²/2}, as without A; and with the four-point function G₀ of independent neurons, which is 1/N
times a function of the points and vanishes where they coincide,
G₄ = (1 + 1/shape) G₀(1, 2, 3, 4) + (1/shape) Σ₃ ⟨φφ⟩⟨φφ⟩: at one point 3 Var(A²) ⟨φ²⟩² at every N. The neurons are
dependent, and the law N^{1−k} of connected functions of 2k points fails.

`two_point` at `configuration` (0, 0), (0, 1), (0, 2); `four_point`, connected, at (0, 0, 0, 0),
(0, 0, 1, 1), (0, .5, 1, 2).

Control: G₀, which obeys the law. Units: lengths in those of 1/b. Limits: N → ∞ is a mixture of Gaussian processes, not
one of them. Source: derived in docs/theory/networks.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact import cosine_connected, shared_amplitude_connected
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import PlaneWaves

TWO = [[0, 0], [0, 1], [0, 2]]
FOUR = [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2]]


def model(width=8, shape=2):
    """One hidden layer with a common factor, without an action."""
    require_count("shared_amplitude", "width", width)
    require_positive("shared_amplitude", "shape", shape)
    squared = numpyro.sample("squared_amplitude", dist.Gamma(shape, shape))
    with numpyro.plate("neuron", width):
        momentum = numpyro.sample("momentum", dist.Normal(0, 1))
        pair = numpyro.sample("amplitude", dist.Normal(0, math.sqrt(0.5)).expand([2]).to_event(1))
    return PlaneWaves(pair, momentum[:, None], weight=jnp.sqrt(squared / width))


def observables():
    """Two points, and four, connected, at the configurations above."""
    return {"two_point": product_points(TWO).in_units("1"), "four_point": connected_points(FOUR)}


def exact(width, shape):
    """Moments of the gamma law and of independent neurons."""
    return {
        name: np.array([shared_amplitude_connected(points, width, shape) for points in every])
        for name, every in {"two_point": TWO, "four_point": FOUR}.items()
    }


def control(width):
    """Independent neurons, whose connected functions fall with the width."""
    return {"four_point": np.array([cosine_connected(points, width, 1.0, 1.0, "pair") for points in FOUR])}
