r"""A network with one hidden layer of rectified neurons: arc-cosine kernel, and cumulants of 15/N and 660/N² of it.

    φ(x) = v₀ + Σ_{i=1}^N v_i f(w_i·x + b_i),   v_i ~ N(0, σ_w²/N),   w_i ~ N(0, σ_w²/dim),   v₀, b_i ~ N(0, σ_b²)
    S = 0,   f(z) = max(z, 0) + leak min(z, 0)

⟨φ(x) φ(y)⟩ = σ_b² + σ_w² √(k_xx k_yy) [sin θ + (π − θ) cos θ]/2π with k_xy = σ_b² + σ_w² x·y/dim and
cos θ = k_xy/√(k_xx k_yy), at every width N and without leak. On the line without bias,
at points of one sign, the field's cumulants are N G₄ = 15 G₂² and N² G₆ = 660 G₂³: at x = 1 they are 3.75/N and
82.5/N².

`configuration` refers to points 0, 1, 2, 3, on the line 1, .6, −1, .2, else (½, ½), (½, 1), (1, ½), (1, 1) in the first
two coordinates; of `two_point`: (0, 0), (0, 3), (1, 2), (3, 3); of `four_point`, connected: (0, 0, 0, 0), (0, 1, 2, 3),
(0, 0, 3, 3), (1, 1, 2, 2); of `six_point`, connected: (0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 3, 3), (0, 0, 1, 1, 3, 3),
(0, 0, 1, 2, 3, 3).

`exact` is without four and six points where there is a bias in more than one dimension. Control: `leak=0.5`, neurons
that are not quite so, or 0 for any other. Units: those of the points. Limits: N → ∞ is the Gaussian process of the
kernel. Source: Y. Cho, L. K. Saul, NeurIPS 2009 (kernel); arXiv:2008.08601 (the network); cumulants in
docs/theory/networks.md.
"""

import math
from functools import partial

import jax
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_non_negative, require_number, require_positive
from nnft_ppl.exact import relu_connected
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import Dense
from nnft_ppl.spaces import Box

TWO = [[0, 0], [0, 3], [1, 2], [3, 3]]
FOUR = [[0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 3, 3], [1, 1, 2, 2]]
SIX = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 3, 3], [0, 0, 1, 1, 3, 3], [0, 0, 1, 2, 3, 3]]


def model(width=4, dim=1, sigma_w=1.0, sigma_b=0.0, leak=0.0):
    """One hidden layer, without an action."""
    require_count("relu_net", "width", width)
    require_count("relu_net", "dim", dim)
    require_positive("relu_net", "sigma_w", sigma_w)
    require_non_negative("relu_net", "sigma_b", sigma_b)
    require_number("relu_net", "leak", leak)
    with numpyro.plate("neuron", width):
        output = sigma_w / math.sqrt(width) * numpyro.sample("output_weight", dist.Normal(0, 1))
        weight = sigma_w / math.sqrt(dim) * numpyro.sample("weight", dist.Normal(0, 1).expand([dim]).to_event(1))
        bias = sigma_b * numpyro.sample("bias", dist.Normal(0, 1)) if sigma_b else None
    shift = sigma_b * numpyro.sample("output_bias", dist.Normal(0, 1))[None] if sigma_b else None
    activation = partial(jax.nn.leaky_relu, negative_slope=leak) if leak else jax.nn.relu
    return Dense((weight, output[None, :]), (bias, shift), activation)


def space(dim):
    """Points of R^dim; the field is not integrated over them."""
    return Box(4.0, dim, points=2)


def places(dim):
    """The four points, shape (4, dim)."""
    if dim == 1:
        return np.array([[1.0], [0.6], [-1.0], [0.2]])
    return np.pad([[0.5, 0.5], [0.5, 1.0], [1.0, 0.5], [1.0, 1.0]], [(0, 0), (0, dim - 2)])


def observables(dim):
    """Two points, and four and six, connected, at the configurations above."""
    points = places(dim)
    return {
        "two_point": product_points(points[TWO]).in_units("1"),
        "four_point": connected_points(points[FOUR]),
        "six_point": connected_points(points[SIX]),
    }


def exact(width, dim, sigma_w, sigma_b, leak):
    """The arc-cosine kernel, and cumulants by averages over an angle."""
    points, known = places(dim), {"two_point": TWO}
    if dim == 1 or sigma_b == 0:
        known |= {"four_point": FOUR, "six_point": SIX}
    found = {
        name: np.array([relu_connected(points[one], width, sigma_w, sigma_b, leak) for one in every])
        for name, every in known.items()
    }
    return found | {"two_point": sigma_b**2 + found["two_point"]}


def control(leak):
    """Neurons of another slope on one side."""
    return {"leak": 0.0 if leak else 0.5}
