r"""An erf network on the line after training on two data by gradient flow: an ensemble of fields, not a posterior.

    φ(x) = N^{−1/2} Σ_{i=1}^N a_i erf(w_i x + b_i),    a_i, w_i, b_i ~ N(0, 1) at the start;    S = 0
    dθ/dt = −∂/∂θ ½ Σ_X (φ(X) − y)²,    X = (−1, .5),    y = (.8, −.4)

θ is a alone (train="last") or a, w and b (train="all"). Trained parameters are a function of those at the start, which
are the sites. At N → ∞ the tangent kernel Θ stays as it is, with A = Θ(x, X) Θ(X, X)^{−1} (1 − e^{−Θ(X, X) t})

    mean = A y,    covariance = K(x, x′) − A K(X, x′) − K(x, X) A′ᵀ + A K(X, X) A′ᵀ,

K the arcsine kernel; Θ = K for "last", and for "all" Θ = K + (4/π) k/√((1 + 2k_xx)(1 + 2k_x′x′) − 4k²), k = 1 + xx′.

`mean` at `place` x = .2, 2; `covariance`, connected, at `configuration` (.2, .2), (.2, 2), (2, 2). Each network of
"last" follows the formula with its own kernel N^{−1} Σ_i h_i(x) h_i(x′): `flow_defect` is its distance from the flow as
an ordinary differential equation; of "all" what φ_t − φ_0 + ∫ Θ_t (φ_t(X) − y) dt is short of 0, with the kernel Θ_t of
the moment.

`exact` of "last" has the orders 1/N and 1/N², too, and states the largest of the second for what lies beyond: over
entries, and over times up to t. Where that is above 1/4 of the first (N = 8 at time 8) nothing is known: NaN. Of "all"
no finite width is known: extrapolate in 1/N, docs/training.md.
Control, of moments at N → ∞: of "last" those of Θ of all parameters in the place of K, wrong at every time; of "all"
the mean of the posterior, Θ = K, which the trained ensemble is not. Units: none, of time that of the loss above.
Source: arXiv:1902.06720; 1/N derived in docs/theory/training.md.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_number
from nnft_ppl.dynamics import SquaredLoss, gradient_flow, linear_flow, tangent_kernel
from nnft_ppl.exact import erf_kernel, erf_last_layer_moments, erf_tangent_kernel, trained_moments
from nnft_ppl.fields import Dense
from nnft_ppl.observables import Invariant, at, connected, product

PLACES = np.array([0.2, 2.0])
PAIRS = np.array([[0.2, 0.2], [0.2, 2.0], [2.0, 2.0]])
LOSS = SquaredLoss([-1.0, 0.5], [0.8, -0.4])
LATEST = 20.0  # later, the equation is stiff and says nothing new


def network(theta):
    """The field of parameters a, w and b."""
    readout = theta["a"][None, :] / math.sqrt(len(theta["a"]))
    return Dense((theta["w"][:, None], readout), (theta["b"], None), erf)


def trained_part(theta, train):
    """What is trained, and the field as a function of it."""
    if train == "last":
        return theta["a"], lambda a: network({**theta, "a": a})
    return theta, network


def model(width=64, time=2.0, train="last"):
    """Parameters at the start, and the field after training."""
    require_count("trained_net", "width", width)
    require_choice("trained_net", "train", train, ("last", "all"))
    require_number("trained_net", "time", time, least=0, infinite=train == "last")
    with numpyro.plate("neuron", width):
        theta = {name: numpyro.sample(name, dist.Normal(0, 1)) for name in "awb"}
    start, field = trained_part(theta, train)
    flow = linear_flow if train == "last" else gradient_flow
    return field(flow(field, start, LOSS, time))


def observables(time, train):
    """Mean and covariance, and what each network should be short of nothing."""
    pairs = {"dims": ("configuration",), "coords": {"configuration": (0, 1, 2)}}
    own = {"dims": ("place",), "coords": {"place": tuple(PLACES.tolist())}}

    def defect(phi, parameters):
        start, field = trained_part({name: parameters[name] for name in "awb"}, train)

        def values(moved):
            return jax.vmap(field(moved))(PLACES[:, None])

        now = jax.vmap(phi)(PLACES[:, None])
        if train == "last":
            late = min(time, LATEST)
            closed = now if late == time else values(linear_flow(field, start, LOSS, late))
            return closed - values(gradient_flow(field, start, LOSS, late))
        nodes, weights = np.polynomial.legendre.leggauss(24)
        way = gradient_flow(field, start, LOSS, time * (1 + nodes) / 2)
        speed = jax.vmap(lambda at: tangent_kernel(field, at, PLACES, LOSS.points) @ LOSS.residual(field(at)))(way)
        return now - values(start) + time / 2 * jnp.asarray(weights) @ speed

    return {
        "mean": product(at(PLACES[:, None]), **own).in_units("1"),
        "covariance": connected(at(PAIRS[:, :1]), at(PAIRS[:, 1:]), **pairs).in_units("1"),
        "flow_defect": Invariant(defect, 1e-8, **own),
    }


def exact(width, time, train):
    """The limit and its corrections, where the read-out is trained."""
    if train == "all":
        return {}
    found, beyond = erf_last_layer_moments(width, PLACES, LOSS.points[:, 0], LOSS.values, time)
    pairs = np.triu_indices(2)
    return {"mean": (found.mean, beyond.mean), "covariance": (found.covariance[pairs], beyond.covariance[pairs])}


def control(time, train):
    """The kernel of the other way to train."""
    points = np.concatenate([PLACES, LOSS.points[:, 0]])
    kernel = (erf_tangent_kernel if train == "last" else erf_kernel)(points[:, None], points, 1.0, 1.0)
    wrong = trained_moments(kernel, kernel, LOSS.values, time)
    return {"mean": wrong.mean} | ({"covariance": wrong.covariance[np.triu_indices(2)]} if train == "last" else {})
