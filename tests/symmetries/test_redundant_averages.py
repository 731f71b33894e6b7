"""Amplitudes are averaged by hand for redundancies, too, whose change of the field is rounding alone."""

import jax
import numpy as np

from nnft_ppl import load
from nnft_ppl.observables import at, product
from nnft_ppl.symmetries import WardIdentities, declared, free_amplitudes, generators


def test_what_cancels_is_no_failure_of_the_average():
    theory = load("deep_linear")
    symmetry = declared(theory)["general_linear"]
    leg = at([1.0, -0.5, 0.7], component=0)
    shear = generators(theory, "general_linear", symmetry)[1]
    ward = WardIdentities(theory, shear, {"φ²": product(leg, leg)}, free_amplitudes(theory))
    draws = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(3), 2000))
    found = {name: np.asarray(value) for name, value in jax.jit(jax.vmap(ward))(draws).items()}
    assert ward.averaged == (False, True)
    assert np.max(found["averaged_missed"]) < 2e-12
    assert np.max(np.abs(found["averaged_change"])) < 1e-13
    # It is averaged: E[B φ²] = 0 with a smaller error than the raw draws have.
    averaged, raw = found["averaged_breaking"][:, 0], found["breaking"][:, 1]
    assert abs(np.mean(averaged)) < 5 * np.std(averaged) / len(draws) ** 0.5
    assert np.std(averaged) < 0.6 * np.std(raw)


def test_a_site_that_is_no_amplitude_is_told():
    theory = load("rotated_erf", width=2)
    symmetry = declared(theory)["rotation"]
    (one,) = generators(theory, "rotation", symmetry)
    ward = WardIdentities(theory, one, {"F": product(at([1.0, 0.5]), at([-0.3, 1.2]))}, ("bias",))
    draws = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(3), 20))
    assert np.min(jax.jit(jax.vmap(ward))(draws)["averaged_missed"]) > 1e-6
