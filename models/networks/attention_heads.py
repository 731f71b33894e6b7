r"""Attention heads that look at two tokens: Gaussian for many heads alone, not for many keys.

    φ(x) = (2H)^{−1/2} Σ_h v_h·(p_h x₁ + (1 − p_h) x₂),    p_h = 1/(1 + exp(−q_h·(k_h1 − k_h2)/√d_k)),   v ~ N(0, 1)
    q_h = W_Q x₁,   k_ht = W_K x_t,   W ~ N(0, 1/2),   x_t ∈ R²;    S = 0,   H = heads, d_k = key_dim

For d_k → ∞ (`key_dim="infinite"`) logits of inputs x and y are Gaussian, with the covariance
(x₁·y₁/2) (x₁ − x₂)·(y₁ − y₂)/2.
⟨φ(a) φ(b)⟩ = E[T_ab], T_ab = out_a·out_b/2 with out = p x₁ + (1 − p) x₂, and H G₄ = Σ₃ Cov(T, T): it falls with the
number of heads, and for many keys not at all. At H = 1 and d_k → ∞ they are .3337633 and .0308299 for b below.

Inputs a = ((1, 0), (0, 1)), b = ((½, ½), (1, −1)). `two_point` at `configuration` (a, a), (a, b), (b, b);
`four_point`, connected, at (a, a, a, a), (a, a, b, b), (b, b, b, b).

Control: `scaling="linear"`, q·k/d_k, for which many keys make all weights equal, or "root" for that; of one key, which
both are the same for, "linear" with many. Units: those of tokens. Limits: H → ∞ is a Gaussian process.
Source: arXiv:2006.10540 (limits); finite H: docs/theory/architectures.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count
from nnft_ppl.exact import SCALINGS, attention_connected
from nnft_ppl.families import connected_points, product_points
from nnft_ppl.fields import AttentionHeads
from nnft_ppl.spaces import Box

INPUTS = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [1.0, -1.0]]])
TWO = [[0, 0], [0, 1], [1, 1]]
FOUR = [[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]]


def number_of_keys(key_dim):
    """d_k, or infinity."""
    if isinstance(key_dim, str):
        require_choice("attention_heads", "key_dim", key_dim, ("infinite",))
        return math.inf
    return require_count("attention_heads", "key_dim", key_dim)


def model(heads=16, key_dim: int | str = "infinite", scaling="root"):
    """Heads with scalar values, without an action."""
    require_count("attention_heads", "heads", heads)
    require_choice("attention_heads", "scaling", scaling, SCALINGS)
    keys = number_of_keys(key_dim)
    with numpyro.plate("head", heads):
        value = numpyro.sample("value", dist.Normal(0, 1).expand([2]).to_event(1)) / math.sqrt(2 * heads)
        if keys == math.inf:
            form = numpyro.sample("form", dist.Normal(0, 1).expand([2, 2]).to_event(2)) / 2
        else:
            query = numpyro.sample("query", dist.Normal(0, 1).expand([keys, 2]).to_event(2))
            key = numpyro.sample("key", dist.Normal(0, 1).expand([keys, 2]).to_event(2))
            form = jnp.einsum("hki,hkj->hij", query, key) / (2 * math.sqrt(keys))
    return AttentionHeads(form if scaling == "root" else form / math.sqrt(keys), value, tokens=2)


def space():
    """Pairs of tokens of two components; the field is not integrated over them."""
    return Box(4.0, 4, points=2)


def observables():
    """Two inputs, and four, connected, at the configurations above."""
    points = INPUTS.reshape(2, 4)
    return {"two_point": product_points(points[TWO]).in_units("1"), "four_point": connected_points(points[FOUR])}


def exact(heads, key_dim, scaling):
    """Averages over one head."""
    keys = number_of_keys(key_dim)
    return {  # integrals settle to nine digits; at equal weights nothing fluctuates
        name: (np.array([attention_connected(INPUTS[one], heads, keys, scaling) for one in every]), 1e-9)
        for name, every in {"two_point": TWO, "four_point": FOUR}.items()
    }


def control(key_dim, scaling):
    """Equal weights: logits divided by the number of keys, of which there are many; or by its root for that."""
    if key_dim == 1:  # its own root
        return {"scaling": "linear", "key_dim": "infinite"}
    return {"scaling": "linear" if scaling == "root" else "root"}
