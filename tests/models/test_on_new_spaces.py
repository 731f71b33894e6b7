"""Theories on spheres, lattices, tori, paths and training flows are plain models with plain answers."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy.special import eval_legendre

from nnft_ppl import ModelFile, Observable, Theory, sample
from nnft_ppl.fields import Harmonics, LatticeField, Path
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Box, Lattice, Line, Sphere

DEGREE, ALPHA = 6, 2.0
TIMES = np.array([0.0, 0.1, 0.4, 1.0, 2.5])


def string(degree=DEGREE):
    """X = Σ a_lm Y_lm with ⟨a_lm²⟩ = 2π α′/(l(l+1)), l ≥ 1: the coordinate of a string on the sphere."""
    degrees = np.repeat(np.arange(degree + 1), 2 * np.arange(degree + 1) + 1)
    scale = np.where(degrees > 0, np.sqrt(2 * np.pi * ALPHA / np.maximum(degrees * (degrees + 1), 1)), 0)
    with numpyro.plate("harmonic", len(scale) - 1):
        a = numpyro.sample("a", dist.Normal(0, 1))
    return Harmonics(scale * jnp.concatenate([jnp.zeros(1), a]), degree)


def string_propagator(angles, first=1):
    """G(γ) = Σ_{l=1}^{L} (2l+1) α′ P_l(cos γ)/(2l(l+1))."""
    l = np.arange(first, DEGREE + 1)[:, None]
    return np.sum((2 * l + 1) * ALPHA * eval_legendre(l, np.cos(angles)) / (2 * l * (l + 1)), axis=0)


def network_on_a_path(weight=1.0, decay=1.0):
    """φ(t) = a erf(w X(t)) of an Ornstein–Uhlenbeck path X, ⟨X(s) X(t)⟩ = exp(−decay |s − t|), a ~ N(0, 1)."""
    cholesky = np.linalg.cholesky(np.exp(-decay * np.abs(np.subtract.outer(TIMES, TIMES))))
    path = Path(TIMES, numpyro.sample("x", dist.MultivariateNormal(jnp.zeros(5), scale_tril=cholesky)))
    amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
    return lambda t: amplitude * jax.lax.erf(weight * path(t))


def arcsine(separation, correlation=1.0):
    """E[erf X erf X'] = (2/π) arcsin(2K(t)/(1 + 2K(0)))."""
    return 2 / np.pi * np.arcsin(2 * correlation * np.exp(-np.array(separation)) / 3)


def trained(target=0.7, data=1.3):
    """φ(x, t) = w(t) x, dw/dt = (y − w x₀) x₀ from w(0) ~ N(0, 1): training by gradient flow, with its time in φ."""
    w = numpyro.sample("w", dist.Normal(0, 1))
    return lambda point: point[0] * (target / data + jnp.exp(-(data**2) * point[1]) * (w - target / data))


PLACES = np.array([[[0.5, 0.0], [2.0, 0.0]], [[0.5, 0.3], [2.0, 1.0]]])


def trained_moments(target=0.7, data=1.3):
    """⟨φ(x, t) φ(x', t')⟩ = x x' (m(t) m(t') + e^{−x₀²(t+t')}), m = (1 − e^{−x₀² t}) y/x₀."""
    left = np.exp(-(data**2) * PLACES[..., 1])
    return np.prod(PLACES[..., 0], -1) * (np.prod((1 - left) * target / data, -1) + np.prod(left, -1))


def ring(sites=6, mass=0.7):
    """A free field on a periodic lattice, S = ½ Σ φ (m² − Δ) φ, from its modes."""
    momenta = 2 * np.pi * np.fft.fftfreq(sites)
    wave = np.exp(1j * np.outer(np.arange(sites), momenta))
    root = np.real(wave / np.sqrt(mass**2 + 2 - 2 * np.cos(momenta)) @ wave.conj().T) / sites
    z = numpyro.sample("z", dist.Normal(0, 1).expand([sites]).to_event(1))
    return LatticeField(jnp.asarray(root) @ z, Lattice(sites))


def ring_propagator(separation, sites=6, mass=0.7):
    momenta = 2 * np.pi * np.fft.fftfreq(sites)
    return np.mean(np.cos(np.outer(separation, momenta)) / (mass**2 + 2 - 2 * np.cos(momenta)), axis=1)


def run(model, space, **keywords):
    theory = Theory(ModelFile(model, "model", space=space, **keywords))
    return sample(theory, "reweight", num_chains=2, num_draws=2000, seed=1, checks=False)


def separations(done):
    return done.data["estimates"]["separation"].values


def test_a_string_on_the_sphere_has_its_propagator():
    """By default observables: pairs on a great circle. The Gaussian average is taken by hand, so it is exact."""
    done = run(string, lambda: Sphere(DEGREE))
    found = done.estimates()["two_point"]
    exact = string_propagator(separations(done))
    assert np.allclose(found.value, exact, rtol=1e-11)
    raw = done.data["raw_estimates"].dataset
    assert np.all(np.abs(raw["two_point"] - exact) < 5 * raw["two_point.error"])
    assert np.max(np.abs(found.value - string_propagator(separations(done), 2))) > 0.1
    assert set(done.data["fields"].dims) == {"snapshot", "azimuth", "height"}


def test_a_network_on_a_path_has_the_arcsine_kernel():
    done = run(network_on_a_path, lambda: Line(TIMES))
    found = done.estimates()["two_point"]
    separation = separations(done)
    assert separation.tolist() == [0.0, 0.4, 1.0, 2.5]
    assert np.all(np.abs(found.value - arcsine(separation)) < 5 * found.error)
    assert np.any(np.abs(found.value - arcsine(separation, 0.8)) > 6 * found.error)  # a control
    assert list(done.data["fields"]["time"].values) == TIMES.tolist()


def test_a_point_of_a_training_flow_is_x_and_t():
    observables = {"two_point": n_point(PLACES, ("configuration",))}
    done = run(trained, lambda: Box(2.0, 2, centre=(0.0, 1.0)), observables=lambda: observables)
    found = done.estimates()["two_point"]
    assert np.all(np.abs(found.value - trained_moments()) < np.maximum(5 * found.error, 1e-12))
    assert np.any(np.abs(found.value - trained_moments(target=0.5)) > np.maximum(6 * found.error, 1e-6))


def test_a_lattice_field_is_measured_at_its_sites():
    done = run(ring, lambda: Lattice(6))
    found = done.estimates()["two_point"]
    assert separations(done).tolist() == [0.0, 1.0, 2.0]
    assert np.allclose(found.value, ring_propagator([0, 1, 2]), rtol=1e-11)
    assert not np.allclose(found.value, ring_propagator([0, 1, 2], mass=0.8), rtol=1e-3)
    without = run(ring, None).estimates()["two_point"]  # no space: whole numbers
    assert np.allclose(without.value, found.value, rtol=1e-11)


def test_half_sites_have_no_value():
    observables = {"g": Observable(lambda phi: phi(np.array([0.5])))}
    with pytest.raises(ValueError, match=r"0\.5 along axis 0 is no site"):
        Theory(ModelFile(ring, "ring", space=lambda: Lattice(6), observables=lambda: observables))
