r"""Two fields from two networks, and a density that breaks a rotation where the two-point function cannot see it.

    φ_i(x) = N^{−1/2} Σ_j v_ij w_ij·x,    x ∈ R²,   v ~ N(0, 1),   every entry of w of unit variance

Each field is a network of its own, whose sites `numpyro.handlers.scope` keeps apart by a prefix; with `shared=True` the
second one reads the first layer of the first. All of them have ⟨φ_i(x) φ_j(y)⟩ = δ_ij x·y. Two networks are
independent, two outputs of one are not: N ⟨φ_1² φ_2²⟩_c = ⟨(w·x)⁴⟩ − 1 at |x| = 1. Normal weights are invariant under
rotations of x; with `law="uniform"` they fill a square, which is not: N G₄ = 3⟨(w·x)⁴⟩ − 3 differs along an axis and a
diagonal. The rotation is declared twice, to be looked at with products of two fields and of four.

    nnft run examples/two_networks.py
    nnft run examples/two_networks.py --set law=uniform
    nnft run examples/two_networks.py --set shared=True

Source: arXiv:2106.00694 (symmetries by the density of parameters); moments are derived here.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist, handlers

from nnft_ppl.observables import at, connected, product
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry

LAWS = {"gaussian": dist.Normal(0, 1), "uniform": dist.Uniform(-(3**0.5), 3**0.5)}
PLACES = np.array([[1.0, 0.0], [0.5**0.5, 0.5**0.5]])
TURN = jnp.array([[0.0, 1.0], [-1.0, 0.0]])
NAMES = {"dims": ("direction",), "coords": {"direction": ("axis", "diagonal")}}


def model(width=4, law="gaussian", shared=False):
    def network(first=None):
        v = numpyro.sample("v", dist.Normal(0, 1).expand([width]).to_event(1))
        w = numpyro.sample("w", LAWS[law].expand([width, 2]).to_event(2)) if first is None else first
        return lambda x: v @ (w @ x) / width**0.5, w

    one, first = handlers.scope(network, "one")()
    two, _ = handlers.scope(network, "two")(first if shared else None)
    return {"one": one, "two": two}


def space():
    return Box(4.0, 2, points=2)


def observables():
    one, two = at(PLACES, "one"), at(PLACES, "two")
    return {
        "two_point": product(one, one, **NAMES).in_units("1"),
        "four_point": connected(*[one] * 4, even=True, **NAMES).in_units("1"),
        "between": connected(one, one, two, two, even=True, **NAMES).in_units("1"),
    }


def symmetries(shared):
    sites = ("one.w",) if shared else ("one.w", "two.w")
    x, y = at([1.0, 0.0], "one"), at([0.0, 1.0], "one")

    def rotation(**functionals):
        return Symmetry(
            lambda phi, x: {name: field(TURN @ x) for name, field in phi.items()},
            lambda theta: {site: theta[site] @ TURN for site in sites},
            functionals=functionals,
        )

    swap = {"one": "two", "two": "one"}
    exchange = DiscreteSymmetry(
        lambda theta: {f"{name}.{site}": theta[f"{other}.{site}"] for name, other in swap.items() for site in "vw"},
        lambda phi, x: {name: phi[other](x) for name, other in swap.items()},
    )
    found = {
        "at_two_points": rotation(xx=product(x, x), xy=product(x, y)),
        "at_four_points": rotation(xxxy=product(x, x, x, y)),
    }
    return found | ({} if shared else {"exchange": exchange})


def exact(width, law, shared):
    fourth = np.array([3.0, 3.0] if law == "gaussian" else [9 / 5, 12 / 5])
    return {
        "two_point": np.ones(2),
        "four_point": 3 * (fourth - 1) / width,
        "between": (fourth - 1) / width if shared else np.zeros(2),
    }
