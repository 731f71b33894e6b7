r"""A convolutional network on a ring of four sites: a dense read-out, or a pooled one that does not see translations.

    h_cp(x) = erf(Σ_{|d| ≤ 1} w_cd x_{p+d} + b_c),    w ~ N(0, σ_w²/3),   b ~ N(0, σ_b²),   c = 1, …, C channels
    φ(x) = (4C)^{−1/2} Σ_cp v_cp h_cp   (readout="dense")   or   C^{−1/2} Σ_c v_c ¼ Σ_p h_cp   ("pooled"),   v ~ N(0, 1)
    S = 0

With the arcsine kernel F_pq of k_pq = σ_b² + (σ_w²/3) Σ_d x_{p+d} y_{q+d} the two-point function is mean_p F_pp (dense)
or mean_pq F_pq (pooled), at every C: .5501671 and .1452587 at the defaults. Channels are independent,
C G₄ = Σ₃ Cov(T, T) with their covariance T given the filters: weights that sites share show there, and not in the
two-point function of a dense read-out.

`two_point` at `configuration` (x, x), (x, y), x = (1, 0, −1, 2) and y the same moved by a site: equal if pooled;
`four_point`, connected, at (x, x, x, x), (x, x, y, y).

Control: `padding="zero"`, of a chain with ends, or "periodic" for that. Units: none. Limits: C → ∞ is a Gaussian
process. Source: arXiv:1810.05148, arXiv:1808.05587 (limits); four points in docs/theory/architectures.md.
"""

import math

import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_non_negative, require_positive
from nnft_ppl.exact import PADDINGS, READOUTS, convolution_connected, convolution_kernel
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import Convolution
from nnft_ppl.spaces import Box

X = np.array([1.0, 0.0, -1.0, 2.0])
Y = np.roll(X, 1)


def model(channels=64, readout="dense", padding="periodic", sigma_w=1.0, sigma_b=0.4472135954999579):
    """One layer of filters of three sites, without an action."""
    require_count("conv_net", "channels", channels)
    require_choice("conv_net", "readout", readout, READOUTS)
    require_choice("conv_net", "padding", padding, PADDINGS)
    require_positive("conv_net", "sigma_w", sigma_w)
    require_non_negative("conv_net", "sigma_b", sigma_b)
    shape = [len(X)] if readout == "dense" else []
    with numpyro.plate("channel", channels):
        kernel = numpyro.sample("kernel", dist.Normal(0, 1).expand([1, 3]).to_event(2))
        bias = numpyro.sample("bias", dist.Normal(0, 1))
        output = numpyro.sample("output_weight", dist.Normal(0, 1).expand(shape).to_event(len(shape)))
    scale = 1 / math.sqrt(channels * math.prod(shape))
    return Convolution([sigma_w / math.sqrt(3) * kernel], [sigma_b * bias], scale * output, erf, len(X), padding)


def space():
    """Configurations of four sites; the field is not integrated over them."""
    return Box(4.0, len(X), points=2)


def observables():
    """Two points, and four, connected, at the configurations above."""
    return {
        "two_point": product_points([[X, X], [X, Y]]).in_units("1"),
        "four_point": connected_points([[X, X, X, X], [X, X, Y, Y]]),
    }


def exact(channels, readout, padding, sigma_w, sigma_b):
    """Means of the arcsine kernel, and covariances of one channel by quadrature."""
    keywords = (sigma_w, sigma_b, readout, padding)
    return {
        "two_point": np.array([convolution_kernel(X, other, *keywords) for other in (X, Y)]),
        "four_point": np.array([convolution_connected([X, X, o, o], channels, *keywords) for o in (X, Y)]),
    }


def control(padding):
    """The other edge."""
    return {"padding": "zero" if padding == "periodic" else "periodic"}
