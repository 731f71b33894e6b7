"""The free boson in two dimensions whose kernel is a logarithm: currents, stress tensor and vertex operators."""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy.special import ive
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import derivative, product, vertex

INFRARED, ALPHA_PRIME, CHARGE = 0.05, 2.0, 0.5


def free_boson(width=100, cutoff=4.0, amplitude="pair"):
    """Momenta of density ∝ |k|^{−2} between smooth cut-offs; cosines and sines in pairs, or with random phases."""
    log = math.log(cutoff / INFRARED)
    with numpyro.plate("neuron", width):
        log_t = numpyro.sample("log_t", dist.Uniform(-2 * math.log(cutoff), -2 * math.log(INFRARED)))
        k = numpyro.sample("k", dist.Normal(jnp.zeros(2), jnp.exp(-log_t / 2)[:, None] / math.sqrt(2)).to_event(1))
        if amplitude == "pair":
            pair = numpyro.sample("pair", dist.Normal(0, 1).expand([2]).to_event(1))
            return PlaneWaves(pair, k, weight=math.sqrt(ALPHA_PRIME * log / width))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        return PlaneWaves(numpyro.sample("a", dist.Normal(0, 1)), k, phase, math.sqrt(2 * ALPHA_PRIME * log / width))


def observables(amplitude):
    """∂X ∂X and ½ ∂X∂X ∂X∂X without normal ordering, or exp(ipX) exp(−ipX); at |z| = 1."""
    if amplitude == "phase":
        return {"vertex": vertex([[1.0, 0.0], [0.0, 0.0]], [CHARGE, -CHARGE]).in_units("1")}
    here, there = (derivative(x, (0.5, -0.5j)) / math.sqrt(ALPHA_PRIME) for x in ([1.0, 0.0], [0.0, 0.0]))
    return {
        "current": product(ALPHA_PRIME * here, there).in_units("1"),
        "stress": product(2 * here, here, there, there).in_units("1"),
    }


def exact(width, cutoff, amplitude):
    """−C and C²(1 − 1/N) + 3 ln(Λ/μ)/8N, or the N-th power of an average over one neuron."""
    log, ends = math.log(cutoff / INFRARED), [INFRARED**2 / 4, cutoff**2 / 4]
    if amplitude == "pair":
        c = np.diff([-math.exp(-u) * (1 + u) for u in ends])[0]
        return {"current": -c + 0j, "stress": c**2 * (1 - 1 / width) + 3 * log / (8 * width) + 0j}
    nodes, weights = np.polynomial.hermite.hermgauss(200)
    scale = np.exp(np.linspace(math.log(INFRARED), math.log(cutoff), 2001))[:, None]
    a = 2 * ALPHA_PRIME * log * CHARGE**2 * np.sin(scale * nodes / 2) ** 2 / width
    neuron = np.trapezoid(ive(0, a), dx=1 / 2000, axis=0) @ weights / math.sqrt(math.pi)
    return {"vertex": neuron**width + 0j}


BOSON = stated(free_boson, observables, exact, dim=2)


def test_currents_and_the_stress_tensor_at_two_cut_offs(seed):
    run = judged(BOSON, seed, cutoff=[4.0, 6.0])
    found = run.estimates()
    np.testing.assert_allclose(run.exact["current"], [-0.9084216, -0.998766], atol=5e-7)
    assert run.exact["stress"][0] == pytest.approx(0.83341, abs=5e-6)
    # The controls: a cut-off of half the size; and one way to pair four currents in place of two.
    lower = exact(100, 3.0, "pair")["current"]
    assert abs(found["current"].value[1] - lower) > REJECTED * found["current"].error[1].real
    assert abs(found["stress"].value[0] - run.exact["stress"][0] / 2) > REJECTED * found["stress"].error[0].real


def test_vertex_operators_at_width_ten(seed):
    known = {"width": 10, "cutoff": 6.0, "amplitude": "phase"}
    run = judged(BOSON, seed, num_draws=1500, **known)
    assert run.exact["vertex"] == pytest.approx(0.558950, abs=5e-7)
    assert not run.estimates()["vertex"].value.imag  # the average over amplitudes is taken by hand
    assert worst_pulls(run, run.exact, "raw")["vertex"] < ACCEPTED
    # The control: infinite width.
    wide = exact(10**6, 6.0, "phase")
    assert wide["vertex"] == pytest.approx(0.499845, abs=1e-6)
    assert worst_pulls(run, wide)["vertex"] > REJECTED
