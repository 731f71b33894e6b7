"""The free boson and four tachyons, sampled: exact answers at finite width, and their controls."""

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, sigmas, worst_pull

from nnft_ppl import extrapolated, family, load, sample
from nnft_ppl.exact import WorldsheetBoson, virasoro_shapiro
from nnft_ppl.theory import ModelError


def test_free_boson_at_finite_width(seed):
    boson = load("free_boson", width=30, uv=4.0)
    run = sample(boson, "reweight", num_draws=1000, seed=seed, keep="none", checks=False)
    found, exact = run.estimates(), boson.exact
    for name in ("two_point", "current_current", "central_charge", "vertex"):
        assert worst_pull(found[name], exact[name]) < ACCEPTED, name
    ward = found["ward"]
    assert np.max(np.abs((ward.value - exact["ward"]).real / ward.error.real)) < ACCEPTED
    # Controls: a mass, one way to pair four currents in place of two, infinite width.
    heavy = WorldsheetBoson(30, 4.0, 0.05, mass=1.0)
    assert worst_pull(found["two_point"], heavy.kernel([0.7, 1.0, 1.5])) > REJECTED
    assert worst_pull(found["central_charge"], exact["central_charge"] / 2) > REJECTED
    assert worst_pull(found["vertex"], WorldsheetBoson(10**7, 4.0, 0.05).vertex(1.0, 0.5)) > REJECTED
    assert np.max(np.abs(ward.value.real - 1) / ward.error.real) > REJECTED


def test_annulus(seed):
    """Its amplitudes are the larger, the smaller the wave number: cut-offs next to each other."""
    boson = load("free_boson", width=10, uv=6.0, ir=1.0, spectrum="annulus")
    value = boson.observables["two_point"]
    measured = jax.jit(jax.vmap(lambda key: value.on(boson.at(boson.free_draw(key)))))
    draws = np.asarray(measured(jax.random.split(jax.random.key(seed), 20_000)))
    for separation in range(3):
        assert sigmas(draws[:, separation], boson.exact["two_point"][separation]) < ACCEPTED
    smooth = WorldsheetBoson(10, 6.0, 1.0).kernel([0.7, 1.0, 1.5])
    assert max(sigmas(draws[:, one], smooth[one]) for one in range(3)) > REJECTED


def test_four_tachyons(seed):
    """Extrapolated in 1/N, then in the cut-off to the power −2/3."""
    cut_offs = family("tachyon_amplitude", width=[100_000, 1_000_000], uv=[50.0, 100.0])
    run = sample(cut_offs, "reweight", num_draws=250, seed=seed, keep="none", checks=False, common=True)
    found = run.estimates()
    for name in ("koba_nielsen", "veneziano"):
        assert worst_pull(found[name], run.exact[name]) < ACCEPTED
    limit = run.estimates({"limit": extrapolated("koba_nielsen", "width")})["limit"].value[:, :2]  # around 0 and 1
    np.testing.assert_allclose(limit[:, 0], [22.202, 23.000], rtol=0.02)
    known = virasoro_shapiro(1 / 3, 1 / 3)
    np.testing.assert_allclose((2 ** (2 / 3) * limit[1] - limit[0]) / (2 ** (2 / 3) - 1), known, rtol=0.02)
    # Controls: the closed kernel at finite width, and the cut-off left in.
    narrow, error = found["koba_nielsen"].value[0, :, 0], found["koba_nielsen"].error[0, :, 0]
    assert np.all(np.abs(narrow - [22.202, 23.000]) > REJECTED * error)
    assert np.all(np.abs(limit / known - 1) > 0.05)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("free_boson", {"ir": 7.0}, "ir = 7.0 and uv = 6.0; give ir < uv"),
        ("free_boson", {"spectrum": "hard"}, "spectrum = 'hard'; give one of 'smooth', 'annulus'"),
        ("tachyon_amplitude", {"width": 100}, "tachyon_amplitude: width = 100; give an integer >= 10000"),
        ("tachyon_amplitude", {"shell": -1.0}, "shell = -1.0; give a finite number > 0"),
        ("tachyon_amplitude", {"drawn": 0}, "tachyon_amplitude: drawn = 0; give an integer >= 1"),
    ],
)
def test_bad_keywords_of_strings_are_named(name, keywords, message):
    with pytest.raises((ValueError, ModelError), match=message):
        load(name, **keywords)
