r"""Training by gradient flow: a point of the field is (x, t), its place and how long the network was trained.

    φ(x, t) = w(t) x,    dw/dt = (y − w x₀) x₀,    w(0) ~ N(0, 1)

of which the solution is known. Nothing in the library knows of training: `x` of a field is what the model takes it for.

    nnft run examples/training_flow.py

Source: derived here.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.observables import at, connected, n_point, product
from nnft_ppl.spaces import Box

PAIRS = np.array([[[0.5, 0.0], [2.0, 0.0]], [[0.5, 0.3], [2.0, 1.0]], [[2.0, 1.0], [2.0, 1.0]]])


def model(target=0.7, data=1.3):
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
