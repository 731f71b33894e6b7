"""Training by gradient flow, exactly: the point of the field is (x, t), its place and how long it was trained."""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl.observables import at, connected, n_point, product
from nnft_ppl.spaces import Box

PAIRS = np.array([[[0.5, 0.0], [2.0, 0.0]], [[0.5, 0.3], [2.0, 1.0]], [[2.0, 1.0], [2.0, 1.0]]])


def trained(target=0.7, data=1.3):
    """φ(x, t) = w(t) x with dw/dt = (y − w x₀) x₀ from w(0) ~ N(0, 1)."""
    w = numpyro.sample("w", dist.Normal(0, 1))
    return lambda point: point[0] * (target / data + jnp.exp(-(data**2) * point[1]) * (w - target / data))


def space():
    return Box(2.0, 2, centre=(0.0, 1.0))


def observables():
    label = {"dims": ("configuration",), "coords": {"configuration": (0, 1, 2)}}
    return {
        "mean": product(at(PAIRS[:, 1]), **label).in_units("1"),
        "two_point": n_point(PAIRS, **label).in_units("1"),
        "covariance": connected(at(PAIRS[:, 0]), at(PAIRS[:, 1]), **label).in_units("1"),
    }


def exact(target, data):
    """m(x, t) = x (1 − e^{−x₀² t}) y/x₀, and the covariance x x′ e^{−x₀² (t + t′)}."""
    left = np.exp(-(data**2) * PAIRS[..., 1])
    mean, covariance = PAIRS[..., 0] * (1 - left) * target / data, np.prod(PAIRS[..., 0] * left, axis=-1)
    return {"mean": mean[:, 1], "two_point": np.prod(mean, axis=-1) + covariance, "covariance": covariance}


FLOW = stated(trained, observables, exact, space=space)


def test_a_point_is_a_place_and_a_time(seed):
    run = judged(FLOW, seed)
    raw = {name: run.exact[name] for name in ("mean", "two_point")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: trained towards another target; the covariance knows nothing of it.
    other = exact(0.5, 1.3)
    assert min(worst_pulls(run, raw | {"mean": other["mean"], "two_point": other["two_point"]}).values()) > REJECTED
    assert worst_pulls(run, {"covariance": other["covariance"]})["covariance"] < ACCEPTED
