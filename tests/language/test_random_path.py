"""A network on an Ornstein–Uhlenbeck path: its points are times, and its kernel is an arcsine of an exponential."""

import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl.fields import Path
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Line

TIMES = np.array([0.0, 0.1, 0.4, 1.0, 2.5])


def network_on_a_path(width=2, decay=1.0, weight=1.0):
    """φ(t) = N^{−1/2} Σ a_i erf(w X_i(t)) of stationary paths, ⟨X(s) X(t)⟩ = exp(−decay |s − t|)."""
    cholesky = np.linalg.cholesky(np.exp(-decay * np.abs(np.subtract.outer(TIMES, TIMES))))
    with numpyro.plate("neuron", width):
        x = numpyro.sample("x", dist.MultivariateNormal(jnp.zeros(len(TIMES)), scale_tril=cholesky))
        a = numpyro.sample("a", dist.Normal(0, width**-0.5))
    path = Path(TIMES, x.T)
    return lambda t: a @ erf(weight * path(t))


def space():
    return Line(TIMES)


def observables():
    t = np.array([0.1, 0.4, 1.0, 2.5])
    pairs = np.stack([0 * t, t], axis=-1)[..., None]
    return {
        "two_point": n_point(pairs, ("separation",), {"separation": tuple(t.tolist())}).in_units("1", separation="1")
    }


def exact(decay, weight):
    """E[erf(wX) erf(wX′)] = (2/π) arcsin(2w² K(t)/(1 + 2w²)), at every width."""
    kernel = np.exp(-decay * np.array([0.1, 0.4, 1.0, 2.5]))
    return {"two_point": 2 / np.pi * np.arcsin(2 * weight**2 * kernel / (1 + 2 * weight**2))}


PATH = stated(network_on_a_path, observables, exact, space=space)


def test_a_network_on_a_path_has_the_arcsine_kernel(seed):
    run = judged(PATH, seed)
    assert worst_pulls(run, run.exact, "raw")["two_point"] < ACCEPTED
    assert run.data["fields"]["time"].values.tolist() == TIMES.tolist()
    # The control: paths that decay faster.
    faster = exact(1.3, 1.0)
    assert worst_pulls(run, faster)["two_point"] > REJECTED
