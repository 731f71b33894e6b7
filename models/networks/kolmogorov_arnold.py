r"""A Kolmogorov–Arnold network of two layers of Fourier series on the line: free where points coincide, and only there.

    y_i(x) = Σ_{k=1}^K a_ik cos kx + b_ik sin kx,    φ(x) = Σ_{i=1}^N Σ_k A_ik cos k y_i + B_ik sin k y_i
    a, b ~ N(0, 1/K);   A, B of variance 1/(KN), normal, or with law="uniform" uniform;    S = 0,   K = modes, N = width

With the Gaussian y of covariance K(x, x') = (1/K) Σ_k cos k(x − x') and D = 2 − 2K(x, x'),
⟨φ(x) φ(x')⟩ = (1/K) Σ_k e^{−k²D/2} at every N, and, with C = K(a, c) − K(a, d) − K(b, c) + K(b, d),
N G₄ = Σ₃ (1/K²) Σ_kl e^{−(k²D_ab + l²D_cd)/2} (cosh(klC) − 1). One layer alone is exactly Gaussian. Uniform A, B add
the term of their fourth cumulant, −(6/5) Σ_k E[Π_a cos k y_a + Π_a sin k y_a]/K², to N G₄, at coinciding points, too.

`configuration` of `two_point`: (0, 0), (0, .5), (0, 1), (0, 2); of `four_point`, connected: (0, 0, 0, 0), (0, 0, 1, 1),
(0, .5, 1, 2), (0, 0, 2, 2).

Control: a free field, G₄ = 0, which coincident points alone cannot tell for normal coefficients. Units: the
period is 2π. Limits: N → ∞ is a Gaussian process. Source: Z. Liu et al., arXiv:2404.19756 (the network); derived in
docs/theory/architectures.md.
"""

import math

import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count
from nnft_ppl.exact import COEFFICIENT_LAWS, fourier_kan_connected
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import FourierBasis, KolmogorovArnold

TWO = [[0, 0], [0, 0.5], [0, 1], [0, 2]]
FOUR = [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2], [0, 0, 2, 2]]
LAWS = {"gaussian": dist.Normal(0, 1), "uniform": dist.Uniform(-(3**0.5), 3**0.5)}


def model(width=3, modes=2, law="gaussian"):
    """Two layers of random coefficients, without an action."""
    require_choice("kolmogorov_arnold", "law", law, COEFFICIENT_LAWS)
    require_count("kolmogorov_arnold", "width", width)
    basis = FourierBasis(require_count("kolmogorov_arnold", "modes", modes))
    with numpyro.plate("neuron", width):
        inner = numpyro.sample("inner", dist.Normal(0, 1).expand([basis.size]).to_event(1)) / math.sqrt(modes)
        outer = numpyro.sample("outer", LAWS[law].expand([basis.size]).to_event(1)) / math.sqrt(modes * width)
    return KolmogorovArnold([inner[:, None, :], outer[None, :, :]], basis)


def observables():
    """Two points, and four, connected, at the configurations above."""
    return {"two_point": product_points(TWO).in_units("1"), "four_point": connected_points(FOUR)}


def exact(width, modes, law):
    """The closed forms."""
    return {
        name: np.array([fourier_kan_connected(points, width, modes, law) for points in every])
        for name, every in {"two_point": TWO, "four_point": FOUR}.items()
    }


def control():
    """A free field."""
    return {"four_point": np.zeros(len(FOUR))}
