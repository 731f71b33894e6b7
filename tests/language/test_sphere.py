"""The coordinate of a string on a sphere: real harmonics with variances 2πα′/(l(l+1)), and its propagator."""

import numpy as np
import numpyro
from numpyro import distributions as dist
from scipy.special import eval_legendre
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl.fields import Harmonics
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Sphere

ANGLES = np.array([0.0, 0.5, 1.0, 2.0, 3.0])


def string(degree=6, alpha_prime=2.0, least=1):
    """X(n) = Σ a_lm Y_lm(n) with degrees l from `least` to `degree`."""
    l = np.repeat(np.arange(degree + 1), 2 * np.arange(degree + 1) + 1)
    scale = np.where(l >= least, np.sqrt(2 * np.pi * alpha_prime / np.maximum(l * (l + 1), 1)), 0.0)
    with numpyro.plate("harmonic", len(scale)):
        a = numpyro.sample("a", dist.Normal(0, 1))
    return Harmonics(scale * a, degree)


def space(degree):
    return Sphere(degree)


def observables(degree):
    """Pairs of points an angle apart along a meridian, from 20 degrees beside the pole."""
    polar = 0.35 + np.stack([0 * ANGLES, ANGLES], axis=-1)
    points = np.stack([np.sin(polar), 0 * polar, np.cos(polar)], axis=-1)
    label = {"dims": ("angle",), "coords": {"angle": tuple(ANGLES.tolist())}}
    return {"two_point": n_point(points, **label).in_units("1", angle="1")}


def exact(degree, alpha_prime, least):
    """G(γ) = Σ_l (2l+1) α′ P_l(cos γ)/(2l(l+1))."""
    l = np.arange(least, degree + 1)[:, None]
    each = (2 * l + 1) * alpha_prime * eval_legendre(l, np.cos(ANGLES)) / (2 * l * (l + 1))
    return {"two_point": np.sum(each, axis=0)}


STRING = stated(string, observables, exact, space=space)


def test_a_string_on_the_sphere_has_its_propagator(seed):
    run = judged(STRING, seed)
    np.testing.assert_allclose(run.estimates()["two_point"].value, run.exact["two_point"], rtol=1e-11)
    assert worst_pulls(run, run.exact, "raw")["two_point"] < ACCEPTED
    assert set(run.data["fields"].dims) == {"snapshot", "azimuth", "height"}
    # The control: without the dipole.
    without = exact(6, 2.0, least=2)
    assert worst_pulls(run, without)["two_point"] > REJECTED
    assert worst_pulls(run, without, "raw")["two_point"] > REJECTED
