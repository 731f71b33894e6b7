r"""A linear network of two layers: GL(hidden) acts between them, and the field stays.

    φ(x) = W₂ W₁ x,    W₁ ∈ R^{hidden × inputs}, W₂ ∈ R^{outputs × hidden},    all entries N(0, 1)

Under δW₁ = X W₁, δW₂ = −W₂ X with any X the field does not change: a redundancy. The density does, with
B_X = (inputs − outputs) tr X − tr(W₁ᵀ X W₁) + tr(W₂ X W₂ᵀ), which vanishes for antisymmetric X, the rotations of the
hidden layer; for the others E[B_X F[φ]] = 0 with every functional of the field. At x = (1, −½, .7, …):

`breaking` = E[B_X F], F = tanh |φ(x)|², for X with a 1 in (`row`, `column`); `norm`: the same with F = ‖W₁‖², which
is no functional of the field: −2 inputs tr X; `two_point` = E[φ(x)²] and `fourth` = E[φ(x)⁴] of the first output.
Control: the identity of the redundancy for ‖W₁‖², E[B_X ‖W₁‖²] = 0.

All numbers are pure. Source: breaking functions are those of arXiv:2605.12488; derived in docs/theory/symmetries.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count
from nnft_ppl.fields import Linear
from nnft_ppl.observables import Observable, at, product
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import Symmetry, general_linear, rotations


def model(inputs=3, hidden=2, outputs=2):
    """Two layers of unit Gaussians, without an action."""
    for name, size in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs)):
        require_count("deep_linear", name, size)
    first = numpyro.sample("first", dist.Normal(0, 1).expand([hidden, inputs]).to_event(2))
    second = numpyro.sample("second", dist.Normal(0, 1).expand([outputs, hidden]).to_event(2))
    return Linear(jnp.asarray(second) @ jnp.asarray(first))


def space(inputs):
    """Points of R^inputs; the field is not integrated over them."""
    return Box(4.0, inputs, points=2)


def point(inputs):
    """The point x."""
    return np.resize([1.0, -0.5, 0.7], inputs)


def observables(inputs, outputs):
    """The breaking functions of a basis against two functionals, and moments of the first output."""
    x = jnp.asarray(point(inputs))
    one = at(x, component=0)

    def breaking(theta):
        first, second = theta["first"], theta["second"]
        return (inputs - outputs) * jnp.eye(len(first)) - first @ first.T + second.T @ second

    return {
        "breaking": Observable(
            lambda phi, theta: breaking(theta) * jnp.tanh(jnp.sum(phi(x) ** 2)), ("row", "column")
        ).in_units("1"),
        "norm": Observable(
            lambda phi, theta: breaking(theta) * jnp.sum(theta["first"] ** 2), ("row", "column")
        ).in_units("1"),
        "two_point": product(one, one).in_units("1"),
        "fourth": product(one, one, one, one).in_units("1"),
    }  # fmt: skip


def symmetries(inputs, hidden):
    """GL(hidden), by generators, and in it the rotations, which leave the density as it is."""
    x = jnp.asarray(point(inputs))
    functionals = {
        "φ(x)²": product(at(x, component=0), at(x, component=0)),
        "tanh|φ(x)|²": Observable(lambda phi: jnp.tanh(jnp.sum(phi(x) ** 2))),
    }

    def redundancy(matrices):
        lifts = [
            lambda theta, matrix=matrix: {"first": matrix @ theta["first"], "second": -theta["second"] @ matrix}
            for matrix in matrices
        ]
        return Symmetry(None, lifts, points=[x], functionals=functionals)

    found = {"general_linear": redundancy(general_linear(hidden))}
    return found | ({"rotation": redundancy(rotations(hidden))} if hidden > 1 else {})


def exact(inputs, hidden):
    """0 against functionals of the field; Gaussian moments."""
    squared, unit = float(np.sum(point(inputs) ** 2)), np.eye(hidden)
    fourth = 3 * hidden * (hidden + 2) * squared**2
    return {"breaking": 0 * unit, "norm": -2 * inputs * unit, "two_point": hidden * squared, "fourth": fourth}


def control(hidden):
    """The identity of the redundancy for the norm of a layer, which is no functional of the field."""
    return {"norm": np.zeros((hidden, hidden))}
