"""Two fields on a ring: the plateau of the local current, exact with amplitudes integrated, and where it is none."""

import jax
import numpy as np
import pytest
from statistical import ACCEPTED

from nnft_ppl import load, sample
from nnft_ppl.exact import ring_current, ring_power

FAR = 8.0
"""Errors by which a control is rejected."""
PLATEAU, OUTSIDE, JUMP = 0.134642, -0.018247, 0.152889


@pytest.mark.parametrize(
    ("sites", "masses", "neighbour", "known"),
    [
        (12, (0.25, 0.25), 0.0, [PLATEAU] * 4),
        (12, (0.25, 0.5), 0.0, [0.05612, 0.06876, 0.08417, 0.10350]),
        (12, (0.25, 0.25), 0.1, [0.12358, 0.10641, 0.10641, 0.12358]),
        (7, (1.3, 1.3), -0.1, None),
        (9, (0.1, 2.0), 0.4, None),
        (6, (0.5, 0.5), 0.0, None),
    ],
)
def test_exact_current_by_inverse_matrices(sites, masses, neighbour, known):
    step = np.roll(np.eye(sites), 1, axis=1)

    def inverse(squared):
        nearest = (step - np.eye(sites)).T @ (step - np.eye(sites))
        farther = (step @ step - np.eye(sites)).T @ (step @ step - np.eye(sites))
        return np.linalg.inv(squared * np.eye(sites) + nearest + neighbour * farther)

    one, two = map(inverse, masses)
    np.testing.assert_allclose(ring_power(sites, masses[0], neighbour), one, atol=1e-12)
    y, z = sites // 6, sites // 2
    theory = load("charged_ring", sites=sites, mass_squared=masses, neighbour=neighbour)
    found = theory.exact["current"]
    wick = [one[x, y] * two[(x + 1) % sites, z] - two[x, z] * one[(x + 1) % sites, y] for x in range(sites)]
    np.testing.assert_allclose(found, wick, atol=1e-12)
    assert theory.exact["jump"] == pytest.approx(found[y] - found[y - 1], abs=1e-12)
    if masses[0] == masses[1] and not neighbour:  # conserved off the charges
        assert theory.exact["jump"] == pytest.approx(one[y, z], abs=1e-12)
        steps = found - np.roll(found, 1)
        np.testing.assert_allclose(np.delete(steps, [y, z]), 0, atol=1e-12)
    if known:
        np.testing.assert_allclose(found[2:6], known, atol=5e-6)


@pytest.fixture(scope="module")
def run():
    return sample(load("charged_ring"), "reweight", num_chains=2, num_draws=200, seed=3, keep="none", checks=False)


def test_amplitudes_integrated_the_current_is_exact(run):
    found = run.estimates()
    np.testing.assert_allclose(found["current"].value, run.exact["current"], atol=1e-10)
    np.testing.assert_allclose(found["current"].value[[2, 3, 4, 5]], PLATEAU, atol=1e-6)
    np.testing.assert_allclose(found["current"].value[[0, 1, 6, 11]], OUTSIDE, atol=1e-6)
    assert found["jump"].value == pytest.approx(float(run.exact["jump"]), abs=1e-10)
    assert found["jump"].value == pytest.approx(JUMP, abs=1e-6)
    assert found["jump"].value == pytest.approx(found["two_point"].value[0], abs=1e-10)


def raw(key, draws, **keywords):
    """E[J_x φ_1(2) φ_2(6)] with errors, from fields alone."""
    theory = load("charged_ring", **keywords)

    def current(key):
        one, two = theory.realise(theory.free_draw(key)).values.T
        return (one * jax.numpy.roll(two, -1) - two * jax.numpy.roll(one, -1)) * one[2] * two[6]

    series = np.asarray(jax.jit(jax.vmap(current))(jax.random.split(key, draws)))
    return series.mean(0), series.std(0) / draws**0.5


def test_raw_draws_see_the_plateau_and_reject_other_masses(key):
    value, error = raw(key, 200_000)
    exact = ring_current(12, (0.25, 0.25), 0.0, 2, 6)
    assert np.max(np.abs(value - exact) / error) < ACCEPTED
    for masses, neighbour in (((0.25, 0.5), 0.0), ((0.4, 0.4), 0.0), ((0.25, 0.25), 0.4)):
        assert np.max(np.abs(value - ring_current(12, masses, neighbour, 2, 6)) / error) > FAR


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"ring_power: mass_squared = -0.1 and neighbour = 0.0 give a mode the action"):
        load("charged_ring", mass_squared=(0.25, -0.1))
    with pytest.raises(ValueError, match=r"charged_ring: mass_squared = .*; give two numbers"):
        load("charged_ring", mass_squared=(0.25,))
    with pytest.raises(ValueError, match="charged_ring: sites = 5; give an integer >= 6"):
        load("charged_ring", sites=5)
