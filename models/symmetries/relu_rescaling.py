r"""A network of homogeneous neurons: its weights are scaled up and its outputs down, and the field stays.

    φ(x) = Σ_j v_j s(w_j·x + c_j),    all of w_j ∈ R^d, c_j, v_j ~ N(0, 1),    without a factor N^{−1/2}

For s = `relu` or `leaky` (slope .01 below zero) the field does not change under V_j = w_j·∂_w + c_j ∂_c − v_j ∂_v: a
redundancy. The density does, with B_j = d − |w_j|² − c_j² + v_j² (d − 1 − |w_j|² + v_j² without `bias`), whose average
with every functional of the field vanishes, E[B_j F[φ]] = 0. At x = (1, −½, .7), repeated to d entries:

`breaking` = E[B F] with F = tanh φ², B averaged over the neurons; `squared` the same with F = φ²; `part` =
E[(v² − 1) φ²] = s_x² = |x|² + 1 for ReLU, one of the terms that cancel in it.
Control: `activation="tanh"`, which is not homogeneous; .05498 at the other defaults, and .424994 for `squared` with one
neuron, d = 1 and no bias.

All numbers are pure. Source: rescalings as in arXiv:2012.04728; the averages are derived in docs/theory/symmetries.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count
from nnft_ppl.exact import rescaling_breaking
from nnft_ppl.fields import Dense
from nnft_ppl.observables import Observable, at, product
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import Symmetry

ACTIVATIONS = {"relu": jax.nn.relu, "leaky": jax.nn.leaky_relu, "tanh": jnp.tanh}


def model(width=4, dim=3, activation="relu", bias=True):
    """One hidden layer of unit Gaussians, without an action."""
    require_count("relu_rescaling", "width", width)
    require_count("relu_rescaling", "dim", dim)
    require_choice("relu_rescaling", "activation", activation, tuple(ACTIVATIONS))
    with numpyro.plate("neuron", width):
        output = numpyro.sample("output_weight", dist.Normal(0, 1))
        weight = numpyro.sample("weight", dist.Normal(0, 1).expand([dim]).to_event(1))
        shift = numpyro.sample("bias", dist.Normal(0, 1)) if bias else None
    return Dense((weight, output[None, :]), (shift, None), ACTIVATIONS[activation])


def space(dim):
    """Points of R^d; the field is not integrated over them."""
    return Box(4.0, dim, points=2)


def point(dim):
    """The point x."""
    return np.resize([1.0, -0.5, 0.7], dim)


def observables(dim, bias):
    """The breaking function against two functionals of the field, and one of its terms."""
    x = jnp.asarray(point(dim))

    def average(functional):
        def value(phi, theta):
            inner = jnp.sum(theta["weight"] ** 2, axis=1) + (theta["bias"] ** 2 if bias else 0.0)
            return jnp.mean(dim - 1 + bias - inner + theta["output_weight"] ** 2) * functional(phi)

        return Observable(value).in_units("1")

    def part(phi, theta):
        return jnp.mean(theta["output_weight"] ** 2 - 1) * phi(x) ** 2

    return {
        "breaking": average(lambda phi: jnp.tanh(phi(x) ** 2)),
        "squared": average(lambda phi: phi(x) ** 2),
        "part": Observable(part).in_units("1"),
    }


def symmetries(dim, bias):
    """The rescaling of the first neuron: all are alike."""
    x = jnp.asarray(point(dim))

    def rescaled(theta):
        signs = {"weight": 1.0, "output_weight": -1.0} | ({"bias": 1.0} if bias else {})
        return {site: jnp.zeros_like(theta[site]).at[0].set(sign * theta[site][0]) for site, sign in signs.items()}

    functionals = {
        "φ²": product(at(x), at(x)),
        "tanh(φ²)": Observable(lambda phi: jnp.tanh(phi(x) ** 2)),
    }
    return {"rescaling": Symmetry(None, rescaled, points=[x], functionals=functionals)}


def exact(width, dim, activation, bias):
    """0 for homogeneous neurons; integrals over one neuron for others."""
    if activation != "tanh":
        return {"breaking": 0.0, "squared": 0.0}
    # Not `part`: it depends on the activation anyway, and would reject the control by itself.
    found = rescaling_breaking(np.tanh, width, float(np.sum(point(dim) ** 2)) + bias)
    return {"breaking": found.bounded, "squared": found.squared}


def control(activation):
    """Neurons that are not homogeneous."""
    return {"activation": "relu" if activation == "tanh" else "tanh"}
