"""The complex scalar: products with and without conjugation, the anomalous phase, and equal variances."""

import jax
import numpy as np
import pytest
from scipy import integrate
from statistical import ACCEPTED, sigmas

from nnft_ppl import load
from nnft_ppl.symmetries import Invariance, WardIdentities, free_amplitudes, generators

FAR = 8.0
"""Errors by which a control is rejected."""


@pytest.mark.parametrize(
    ("mass", "variances"), [(1.0, (1.0, 0.5)), (0.6, (0.3, 1.1)), (2.5, (2.0, 0.1)), (1.4, (0.7, 0.7))]
)
def test_exact_answers_by_an_integral_over_momenta(mass, variances):
    exact = load("complex_scalar", mass=mass, variances=variances, width=3).exact
    for at, r in enumerate((0.0, 1 / mass)):
        law = {"weight": "cos", "wvar": r} if r else {}
        found, _ = integrate.quad(lambda k: 1 / (np.pi * (k**2 + mass**2)), 0, np.inf, **law)
        for name, factor in (
            ("two_point", sum(variances) / 2),
            ("phase_two_point", (variances[0] - variances[1]) / 2),
            ("breaking", 1j * (variances[1] - variances[0])),
        ):
            assert exact[name][at] == pytest.approx(factor * found, abs=1e-8)


def averaged(key, **keywords):
    """Change, B F and the exact change of the rows Re and Im of ΦΦ, amplitudes averaged by hand, and what B is."""
    theory = load("complex_scalar", width=4, **keywords)
    symmetry = theory.symmetries["phase"]
    (generator,) = generators(theory, "phase", symmetry)
    ward = WardIdentities(theory, generator, {"φφ": symmetry.functionals["φφ"]}, free_amplitudes(theory))
    draws = jax.vmap(theory.free_draw)(jax.random.split(key, 4000))
    return theory, {name: np.asarray(value) for name, value in jax.jit(jax.vmap(ward))(draws).items()}


def test_the_anomalous_ward_identity_of_the_phase(key):
    theory, found = averaged(key)
    assert np.max(found["lift_missed"]) < 1e-12
    assert np.max(np.abs(found["averaged_change"] + found["averaged_breaking"])) < 1e-12  # on every draw
    breaking = found["averaged_breaking"][:, 1]
    assert sigmas(breaking, theory.exact["breaking"][1].imag) < ACCEPTED
    assert theory.exact["breaking"][1].imag == pytest.approx(-0.0919699, abs=1e-7)
    assert theory.exact["phase_two_point"][1].real == pytest.approx(0.0459849, abs=1e-7)
    # The control: the identity of a symmetry, without B.
    assert sigmas(found["averaged_change"][:, 1], 0.0) > FAR
    assert not np.any(found["averaged_breaking"][:, 0])


def test_equal_variances_make_it_a_symmetry(key):
    theory, found = averaged(key, variances=(0.75, 0.75))
    assert not np.any(found["score"])
    assert not np.any(found["averaged_breaking"])
    assert np.max(np.abs(found["averaged_change"])) < 1e-12
    assert not np.any(theory.exact["breaking"])


def test_conjugation_is_exact(key):
    theory = load("complex_scalar", width=3)
    found = jax.jit(Invariance(theory, "conjugation", theory.symmetries["conjugation"]))(theory.free_draw(key))
    assert found["lift_missed"] < 1e-14
    assert abs(found["score"] + found["jacobian"] + found["action"]) < 1e-14


def test_bad_keywords_are_named():
    with pytest.raises(ValueError, match=r"complex_scalar: variances = \(1.0, 0\); give two positive numbers"):
        load("complex_scalar", variances=(1.0, 0))
    with pytest.raises(ValueError, match="complex_scalar: mass = 0"):
        load("complex_scalar", mass=0.0)
