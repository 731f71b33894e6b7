"""A theory on a lattice is a plain model, measured at its sites and nowhere else."""

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import ModelFile, Observable, Theory, sample
from nnft_ppl.fields import LatticeField
from nnft_ppl.spaces import Lattice


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
