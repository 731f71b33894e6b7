r"""A conformal field, linear in Gaussian numbers along complex directions: its correlators are exact in one draw.

    Φ(x) = iΘ_0 (1 + x²)/2 + Σ_j Θ_j x_j + Θ_{d+1} (1 − x²)/2,    Θ ~ N(0, 1)

is Θ·X on the null cone, of dimension −1 under conformal maps. ⟨Φ(x) Φ(y)⟩ = −(x − y)²/2, without conjugation, and the
four-point function is a sum of three pairings. `configuration` 0: four points; 1: where a special conformal map carries
them. `covariance` is 1 for a conformal field; `real=True` leaves out the i, and is none.

    nnft run examples/null_cone.py
    nnft run examples/null_cone.py --set real=True

Source: arXiv:2409.12222; the complex embedding is derived here.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Derived
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Box

POINTS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.3, 0.8, 0.0], [-0.4, 0.5, 0.9]])
SPECIAL = np.array([0.1, -0.2, 0.15])


def model(real=False):
    theta = numpyro.sample("theta", dist.Normal(0, 1).expand([5]).to_event(1))
    turned = theta * jnp.where(jnp.arange(5) == 0, 1.0 if real else 1j, 1.0)
    return lambda x: turned @ jnp.array([1 + x @ x, *(2 * x), 1 - x @ x]) / 2


def space():
    return Box(2.0, 3, points=4)


def images():
    """The points, and where x -> (x − b x²)/(1 − 2 b·x + b² x²) carries them; there lengths grow as 1/(...)."""
    square = np.sum(POINTS**2, axis=-1)
    larger = 1 / (1 - 2 * POINTS @ SPECIAL + SPECIAL @ SPECIAL * square)
    return np.stack([POINTS, (POINTS - SPECIAL * square[:, None]) * larger[:, None]]), larger


def observables():
    points, larger = images()
    label = {"dims": ("configuration",), "coords": {"configuration": (0, 1)}}
    return {
        "two_point": n_point(points[:, :2], **label).in_units("1"),
        "four_point": n_point(points, **label).in_units("1"),
        "covariance": Derived(lambda mean: mean["four_point"][1] / mean["four_point"][0] / np.prod(larger)),
    }


def exact(real):
    """⟨ΦΦ⟩ = X·Y and G₄ = Σ_3 (X·X)(X·X)."""
    x = images()[0]
    square = np.sum(x**2, axis=-1, keepdims=True)
    embedded = np.concatenate([1 + square, 2 * x, 1 - square], axis=-1) / 2
    inner = (np.array([1 if real else -1, 1, 1, 1, 1]) * embedded) @ embedded.transpose(0, 2, 1)
    four = sum(inner[:, 0, a] * inner[:, b, c] for a, b, c in ((1, 2, 3), (2, 1, 3), (3, 1, 2)))
    return {"two_point": inner[:, 0, 1], "four_point": four} | ({} if real else {"covariance": 1.0})
