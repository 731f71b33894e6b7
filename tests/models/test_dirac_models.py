"""Dirac fields from states of Gibbs: their exact correlations and levels, and what holds on every draw."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, free_draws

from nnft_ppl import load
from nnft_ppl.dynamics import DiracLattice
from nnft_ppl.exact import dirac_energy
from nnft_ppl.families import spinor_exact
from nnft_ppl.spaces import Lattice

SMALL = {"sites": 12, "steps": 8}


def pulls(series, exact):
    """Distances of the mean of independent draws from a value, in errors, of both parts."""
    mean, draws = series.mean(axis=1)[0], series.shape[1]
    return [
        np.abs(part(mean - exact)) / (part(series[0]).std(axis=0) / draws**0.5 + 1e-15) for part in (np.real, np.imag)
    ]


@pytest.mark.parametrize(("name", "other"), [("dirac", {"wilson": 1.0}), ("gauged_dirac", {"link": 0.1 + np.pi / 12})])
def test_correlations_and_levels_are_exact(name, other, seed):
    theory = load(name, **SMALL)
    found, _ = free_draws(theory, 4000, seed)
    answers, wrong = theory.exact, load(name, **SMALL, **other).exact
    for one in ("two_point", "charge"):
        assert np.max(pulls(found[one], answers[one])) < ACCEPTED
    assert np.max(pulls(found["two_point"], wrong["two_point"])) > REJECTED  # control: other species, another flux
    moments = {"moments": found["levels.moments"][0].mean(axis=0)}
    levels = theory.derived["levels"]({"levels.moments": moments["moments"]})
    assert np.max(np.abs(levels - answers["levels"])) < 1e-10
    assert np.max(np.abs(levels - wrong["levels"])) > 1e-2


@pytest.mark.parametrize("keywords", [{"mass": 1e-4}, {"wilson": -0.15, "sites": 8}])
def test_levels_near_nothing(keywords, seed):
    """Of a small mass, where rounding is that of E², and of a wave at rest, m = −2r, beside which others are levels."""
    theory = load("dirac", **SMALL | keywords)
    found, _ = free_draws(theory, 20, seed)
    levels = theory.derived["levels"]({"levels.moments": found["levels.moments"][0].mean(axis=0)})
    assert np.min(theory.exact["levels"]) < 1e-3
    assert np.all(np.abs(levels - theory.exact["levels"]) <= theory.truncation["levels"])
    assert np.max(theory.truncation["levels"]) < 1e-5


def test_rectangles():
    dirac = DiracLattice(Lattice((4, 6)), 0.3, 0.5)
    exact = spinor_exact(dirac, 4, 0.1, 1.0, 8.0)
    known = np.linalg.inv(dirac.hamiltonian() + 8 * np.eye(48)).reshape(4, 6, 2, 4, 6, 2)
    for place, r in enumerate([0, 1, 2, 4]):
        moved = [np.trace(known[(x + r) % 4, y, :, x, y]) / 2 for x in range(4) for y in range(6)]
        assert exact["two_point"][0, place] == pytest.approx(np.mean(moved), abs=1e-14)


def test_two_dimensions(key):
    theory = load("dirac", sites=8, steps=4, dim=2, wilson=1.0)
    reading = theory.at(theory.free_draw(key))
    assert reading.returned.phi.shape == (5, 8, 8, 2)
    for name, one in theory.invariants.items():
        assert np.max(one.on(reading)) < one.tolerance, name
    waves = 2 * np.pi * np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1) / 8
    np.testing.assert_allclose(theory.exact["levels"], np.sort(dirac_energy(waves, 1.0, 0.3, 1.0).ravel())[:4])


@pytest.mark.parametrize("name", ["dirac", "gauged_dirac"])
def test_what_holds_on_every_draw(name, key):
    theory = load(name, sites=12, steps=60)

    def deviations(key):
        reading = theory.at(theory.free_draw(key))
        psi = reading.returned
        grown = replace_phi(psi, psi.phi * 1.0001 ** np.arange(61)[:, None, None])
        return [
            {name: one.on(replace(reading, returned=field)) for name, one in theory.invariants.items()}
            for field in (psi, grown)
        ]

    own, other = jax.jit(jax.vmap(deviations))(jax.random.split(key, 10))
    assert set(own) >= {"norm", "conserved", "continuity"} | ({"covariance"} if name == "gauged_dirac" else set())
    for label, one in theory.invariants.items():
        assert np.max(own[label]) < one.tolerance, label
    for label in set(own) - {"continuity"}:  # control: a field that grows
        assert np.max(other[label]) > 1e-4


def replace_phi(psi, phi):
    return type(psi)(phi, psi.lattice, psi.times)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("dirac", {"dim": 3}, "dirac: dim = 3"),
        ("dirac", {"dt": -0.1}, "dirac: dt = -0.1"),
        ("dirac", {"sites": 4}, "dirac: sites = 4; give an integer >= 8"),
        ("dirac", {"mass": 0.0}, "dirac: mass = 0"),
        ("dirac", {"charge_weight": 1.0}, r"charge_weight = 1 .* give more than 1\.04403"),
        ("gauged_dirac", {"link": np.inf}, "gauged_dirac: link = inf"),
        ("gauged_dirac", {"steps": 2}, "gauged_dirac: steps = 2"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
