r"""A softplus network on the line with three outputs, which O(3) turns into each other at every width.

    φ(x) = N^{−1/2} Σ_j a_j ln(1 + e^{w_j x + b_j}),    a_j ∈ R³,   a, w, b ~ N(0, 1)

`two_point` = ⟨φ_1(0) φ_1(x)⟩ = E[h(0) h(x)] with the softplus h, at every N; `mixed` = ⟨φ_1(0) φ_2(x)⟩ = 0;
`four_point`, connected, at x = 1: N G₄ = (3, 1) (E[h⁴] − E[h²]²) for the components (1111, 1122).

    nnft run examples/softplus_triplet.py

Source: derived here; symmetries of outputs by the density are those of arXiv:2106.00694.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.fields import Dense
from nnft_ppl.observables import at, connected, product
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry, rotations

PLACES = np.array([[0.0], [0.5], [1.0]])


def model(width=8):
    with numpyro.plate("neuron", width):
        w = numpyro.sample("w", dist.Normal(0, 1))
        b = numpyro.sample("b", dist.Normal(0, 1))
        a = numpyro.sample("a", dist.Normal(0, 1).expand([3]).to_event(1))
    return Dense((w[:, None], a.T / width**0.5), (b, None), jax.nn.softplus)


def observables():
    first, second = at([1.0], component=0), at([1.0], component=1)
    place = {"dims": ("x",), "coords": {"x": (0, 0.5, 1)}}
    return {
        "two_point": product(at([0.0], component=0), at(PLACES, component=0), **place).in_units("1"),
        "mixed": product(at([0.0], component=0), at(PLACES, component=1), **place).in_units("1"),
        "four_point": connected(*[first] * 4, even=True).in_units("1"),
        "four_mixed": connected(first, first, second, second, even=True).in_units("1"),
    }


def symmetries():
    mirror = jnp.array([-1.0, 1.0, 1.0])
    return {
        "rotation": Symmetry(
            [lambda phi, x, turn=turn: turn @ phi(x) for turn in rotations(3)],
            [lambda theta, turn=turn: {"a": theta["a"] @ turn.T} for turn in rotations(3)],
        ),
        "reflection": DiscreteSymmetry(lambda theta: {"a": theta["a"] * mirror}, lambda phi, x: mirror * phi(x)),
    }


def exact(width):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = np.outer(weights, weights) / (2 * np.pi)
    h = np.logaddexp(0, PLACES[..., None] * nodes[:, None] + nodes)
    two, four = np.einsum("wb,xwb->x", weights, h[0] * h), np.sum(weights * h[2] ** 4)
    apart = (four - np.sum(weights * h[2] ** 2) ** 2) / width
    return {"two_point": two, "mixed": np.zeros(3), "four_point": 3 * apart, "four_mixed": apart}
