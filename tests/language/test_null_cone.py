"""A conformal field Θ·X on the null cone: complex, so that ⟨ΦΦ⟩ is X·Y; its four-point function is exact in a draw."""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived
from nnft_ppl.observables import n_point

POINTS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.3, 0.8, 0.0], [-0.4, 0.5, 0.9]])
SPECIAL = np.array([0.1, -0.2, 0.15])


def null_cone(dim=3, real=False):
    """Φ(x) = Θ·X with X = ((1 + x²)/2, x, (1 − x²)/2) and iΘ_0, Θ Gaussian; `real` leaves out the i."""
    theta = numpyro.sample("theta", dist.Normal(0, 1).expand([dim + 2]).to_event(1))
    turned = theta * jnp.where(jnp.arange(dim + 2) == 0, 1.0 if real else 1j, 1.0)
    return lambda x: turned @ jnp.array([1 + x @ x, *(2 * x), 1 - x @ x]) / 2


def images():
    """The points, and where x -> (x − b x²)/(1 − 2 b·x + b² x²) carries them, which is larger by 1/(...) there."""
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


def exact(dim, real):
    """⟨ΦΦ⟩ = X·Y, which is −(x − y)²/2, and G₄ = Σ_3 (X·X)(X·X); of dimension −1."""
    x = images()[0]
    square = np.sum(x**2, axis=-1, keepdims=True)
    embedded = np.concatenate([1 + square, 2 * x, 1 - square], axis=-1) / 2
    signs = np.array([1 if real else -1, *[1] * (dim + 1)])
    inner = (signs * embedded) @ embedded.transpose(0, 2, 1)
    four = sum(inner[:, 0, a] * inner[:, b, c] for a, b, c in ((1, 2, 3), (2, 1, 3), (3, 1, 2)))
    return {"two_point": inner[:, 0, 1], "four_point": four} | ({} if real else {"covariance": 1.0})


CONE = stated(null_cone, observables, exact, dim=3, also=(images,))


def test_a_conformal_field_is_covariant(seed):
    run = judged(CONE, seed, num_draws=2000)
    four = run.estimates()["four_point"]
    assert abs(four.value[0] - 1.2433) < 1e-9
    assert not np.any(four.error)
    raw = {name: run.exact[name] for name in ("two_point", "four_point")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: the same without the i, which is neither covariant nor invariant under translations.
    euclidean = exact(3, real=True)
    assert min(worst_pulls(run, euclidean).values()) > REJECTED
    assert min(worst_pulls(run, euclidean, "raw").values()) > REJECTED
