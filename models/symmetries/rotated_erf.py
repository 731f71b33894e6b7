r"""An erf network in the plane whose weights prefer a direction: a rotation anomaly in closed form.

    φ(x) = N^{−1/2} Σ_j v_j erf(w_j·x + c_j),    v_j ~ N(0, 1), w_j ~ N(0, diag(variance)), c_j ~ N(0, bias)

The rotation x -> x + εAx, A = [[0, 1], [−1, 0]], is carried out by w_j -> w_j + ε w_j A, which has no Jacobian; the
density answers with B = Σ_j w_j1 w_j2 (1/s_1 − 1/s_2), the score, and the Ward identity is
E[δφ(x) φ(y) + φ(x) δφ(y)] = −E[B φ(x) φ(y)], the turn of the arcsine kernel. At x = (1, ½), y = (−.3, 1.2):

`two_point` = E[φ(x) φ(y)]; `turned`, by `leg`, the change through x and through y alone; `rotation`, their sum,
.296605 at the defaults; `breaking` = E[B φ(x) φ(y)]. At equal variances the network is invariant: 0.
Control: the Ward identity without its breaking function, E[δ(φφ)] = 0.

All numbers are pure. Width N drops out of all of them. Source: breaking functions are those of arXiv:2605.12488;
kernel and turn are derived in docs/theory/symmetries.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_non_negative, require_positive
from nnft_ppl.exact import erf_rotation
from nnft_ppl.fields import Dense
from nnft_ppl.identities import NeuronField
from nnft_ppl.observables import Derived, Insertion, Observable, at, product
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import Symmetry

X, Y = (1.0, 0.5), (-0.3, 1.2)
TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def model(variance=(1.0, 0.25), bias=0.5, width=8):
    """One hidden layer, without an action."""
    require_count("rotated_erf", "width", width)
    require_non_negative("rotated_erf", "bias", bias)
    if np.shape(variance) != (2,):
        raise ValueError(f"rotated_erf: variance = {variance!r}; give two numbers > 0")
    deviations = jnp.sqrt(jnp.array([require_positive("rotated_erf", "variance", one) for one in variance]))
    with numpyro.plate("neuron", width):
        output = numpyro.sample("output_weight", dist.Normal(0, 1)) / width**0.5
        weight = numpyro.sample("weight", dist.Normal(0, deviations).to_event(1))
        shift = bias**0.5 * numpyro.sample("bias", dist.Normal(0, 1))
    return Dense((weight, output[None, :]), (shift, None), erf)


def space():
    """Points of the plane; the field is not integrated over them."""
    return Box(4.0, 2, points=2)


def turn(phi, x):
    """δφ(x) = (Ax)·∇φ(x)."""
    return jax.jvp(phi, (x,), (TURN @ x,))[1]


def observables(variance):
    """The two-point function, how it turns, and its average with the breaking function."""
    x, y = jnp.array(X), jnp.array(Y)
    through_x = Insertion(lambda phi: jnp.stack([turn(phi, x), phi(x)]))
    through_y = Insertion(lambda phi: jnp.stack([phi(y), turn(phi, y)]))

    def breaking(phi, theta):
        score = (1 / variance[0] - 1 / variance[1]) * jnp.sum(theta["weight"][:, 0] * theta["weight"][:, 1])
        return score * phi(x) * phi(y)

    return {
        "two_point": product(at(X), at(Y)).in_units("1"),
        "turned": product(through_x, through_y, dims=("leg",), coords={"leg": ("x", "y")}).in_units("1"),
        "rotation": Derived(lambda means: jnp.sum(means["turned"])),
        "breaking": Observable(breaking).in_units("1"),
    }


def symmetries():
    """Rotations of the plane: anomalous by their score, unless the variances are equal."""
    lift = NeuronField("rotation", lambda neuron: {"weight": neuron["weight"] @ TURN})
    functionals = {
        "φ(x)·φ(y)": product(at(X), at(Y)),
        "φ(x)³·φ(y)": product(*[at(X)] * 3, at(Y)),
        "tanh(3 φ(x)·φ(y))": Observable(lambda phi: jnp.tanh(3 * phi(jnp.array(X)) * phi(jnp.array(Y)))),
    }
    return {"rotation": Symmetry(turn, lift, points=[X, Y], functionals=functionals)}


def exact(variance, bias):
    """The arcsine kernel and its derivatives."""
    found = erf_rotation(X, Y, np.diag(variance), bias, TURN)
    return {
        "two_point": found.kernel,
        "turned": np.array([found.first, found.second]),
        "rotation": found.total,
        "breaking": -found.total,
    }


def control(variance):
    """The Ward identity without its breaking function."""
    return {} if variance[0] == variance[1] else {"rotation": 0.0}
