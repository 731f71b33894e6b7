"""Tempered populations against exact partition functions and averages at every temperature, and with planted bugs."""

import importlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from statistical import ACCEPTED, REJECTED, sigmas, worst_pull

from nnft_ppl import load
from nnft_ppl.exact import log_partition, missing_modes_constant, thermal_two_point
from nnft_ppl.samplers import SamplerError, Settings, particles, run_blocks
from nnft_ppl.samplers.gaussian_flow import rotation_integrator
from nnft_ppl.samplers.tempered import tempered
from nnft_ppl.statistics import estimate, log_mean_weight
from nnft_ppl.target import Target

# The module itself: the package may have a function of the same name.
MODULE = importlib.import_module("nnft_ppl.samplers.tempered")

PERIOD, MODES, COUPLING = 4.0, 16, 24.0
FREE, TILT, DIMENSION = 0.5, 8.0, 4


def settings(seed, **changes):
    told = {"num_chains": 8, "num_draws": 500, "num_warmup": 300, "keep_every": 0, "population": 125} | changes
    return Settings(jax.random.key(seed), **told)


def log_z_curve(blocks):
    """β (level,) and ln Ẑ (population, level)."""
    return blocks[0].curve.beta, np.concatenate([block.curve.log_z for block in blocks])


def curve_pulls(blocks, exact):
    """Pulls of ln Z at every β > 0, with errors from the spread of the populations."""
    beta, log_z = log_z_curve(blocks)
    found = np.array([log_mean_weight(column) for column in log_z.T[1:]])
    return (found[:, 0] - exact(beta[1:])) / found[:, 1], found


# φ⁴ on the circle: β multiplies λ, so that every temperature has an exact answer.


def circle_log_z(beta):
    free = log_partition(PERIOD, 0.0, 1.0)
    constants = [missing_modes_constant(PERIOD, COUPLING * b, 1.0, MODES) for b in beta]
    return np.array([log_partition(PERIOD, COUPLING * b, 1.0) - free for b in beta]) + constants


def test_circle_at_every_temperature(seed):
    theory = load("phi4_circle", coupling=COUPLING, modes=MODES)
    blocks = list(run_blocks(tempered, theory.target(), settings(seed)))
    pulls, found = curve_pulls(blocks, circle_log_z)
    assert np.abs(pulls).max() < ACCEPTED
    assert found[-1, 1] < 0.02
    assert np.abs(curve_pulls(blocks, lambda beta: circle_log_z(0.7 * beta))[0]).max() > REJECTED

    beta, log_z = log_z_curve(blocks)
    averages = np.concatenate([block.curve.measured["observables"]["two_point"] for block in blocks])
    quarter = np.array([0.0, 0.5, 1.0, 2.0])
    missing = thermal_two_point(quarter, PERIOD, COUPLING, 1.0) - theory.exact["two_point"]
    for level, b in enumerate(beta):
        one = estimate({"g": averages[None, :, level]}, log_weights=log_z[None, :, level], independent=True)["g"]
        exact = thermal_two_point(quarter, PERIOD, COUPLING * b, 1.0) - missing
        assert worst_pull(one, exact, min_ess=20) < ACCEPTED
    draws = np.concatenate([block.measured["observables"]["two_point"] for block in blocks], axis=1)
    weights = np.concatenate([block.stats["log_weight"] for block in blocks], axis=1)
    one = estimate({"g": draws}, log_weights=weights)["g"]
    assert worst_pull(one, theory.exact["two_point"], min_ess=1000) < ACCEPTED
    assert worst_pull(one, thermal_two_point(quarter, PERIOD, 0.5 * COUPLING, 1.0) - missing) > REJECTED


# S = c|z|²/2 over free draws of variance 1/(1 + r): ln Z(β) = −(D/2) ln(1 + βc/(1 + r)).


def quadratic():
    return Target(
        action=lambda z: 0.5 * TILT * jnp.sum(z**2),
        reference=lambda z: 0.5 * FREE * jnp.sum(z**2),
        free_draw=lambda key: jax.random.normal(key, (DIMENSION,)) / np.sqrt(1 + FREE),
        measure=lambda z: {"square": jnp.mean(z**2), "z": z},
        dimension=DIMENSION,
    )


def quadratic_log_z(beta):
    return -0.5 * DIMENSION * np.log1p(beta * TILT / (1 + FREE))


TINY = {"num_chains": 80, "num_draws": 127, "num_warmup": 64, "keep_every": 7, "population": 32}


@pytest.fixture(scope="module")
def tiny_populations():
    """320 populations of 32 particles."""
    return list(run_blocks(tempered, quadratic(), settings(7, **TINY)))


def worst_level(blocks):
    """Standard errors between the mean of Ẑ(β)/Z(β) over the populations and 1, at the worst temperature."""
    beta, log_z = log_z_curve(blocks)
    ratios = np.exp(log_z - quadratic_log_z(beta))
    return max(sigmas(column, 1.0) for column in ratios.T[1:])


def test_z_is_unbiased_at_every_temperature(tiny_populations):
    assert worst_level(tiny_populations) < ACCEPTED
    for block in tiny_populations:
        np.testing.assert_array_equal(block.stats["log_weight"][:, 0], block.curve.log_z[:, -1])
        np.testing.assert_array_equal(np.ptp(block.stats["log_weight"], axis=1), 0.0)
        np.testing.assert_array_equal(block.curve.log_z[:, 0], 0.0)


def hot_action(log_density, kinetic_energy):
    """The moves aim at 1.5 times the β of their level; the weights are right."""
    return rotation_integrator(lambda z: 1.5 * log_density(z) + 0.25 * jnp.sum(z**2), kinetic_energy)


def test_moves_at_the_wrong_temperature_are_rejected(seed):
    assert (
        worst_level(list(run_blocks(partial(tempered, integrator=hot_action), quadratic(), settings(seed, **TINY))))
        > REJECTED
    )


def test_resampling_by_wrong_weights_is_rejected(seed, monkeypatch):
    true = particles.systematic

    def halved(key, weights, size):
        return true(key, jnp.sqrt(weights) / jnp.sum(jnp.sqrt(weights)), size)

    monkeypatch.setattr(particles, "systematic", halved)
    monkeypatch.setattr(MODULE, "MOVES", 1)
    assert worst_level(list(run_blocks(tempered, quadratic(), settings(seed, **TINY)))) > REJECTED


def improbable(pulls):
    """Whether the pulls are wider, or narrower, than standard normals at five standard deviations."""
    chance = stats.norm.sf(5)
    total = np.sum(np.square(pulls))
    return min(stats.chi2.sf(total, np.size(pulls)), stats.chi2.cdf(total, np.size(pulls))) < chance


def test_errors_are_honest(tiny_populations):
    """20 groups of 4 chains, that is of 16 populations."""
    of_log_z, as_if_independent, of_squares = [], [], []
    exact = quadratic_log_z(1.0)
    for first in range(0, 80, 4):
        own = slice(first, first + 4)
        value, error = log_mean_weight(np.concatenate([block.curve.log_z[own, -1] for block in tiny_populations]))
        of_log_z.append((value - exact) / error)
        weights = np.concatenate([block.stats["log_weight"][own] for block in tiny_populations], axis=1)
        as_if_independent.append((value - exact) / log_mean_weight(weights)[1])
        squares = np.concatenate([block.measured["square"][own] for block in tiny_populations], axis=1)
        one = estimate({"square": squares}, log_weights=weights)["square"]
        of_squares.append(float((one.value - 1 / (1 + FREE + TILT)) / one.error))
    assert not improbable(of_log_z)
    assert not improbable(of_squares)
    # Control: the draws of one population share its weight.
    assert improbable(as_if_independent)


def test_blocks_hold_every_draw_once(tiny_populations):
    draws = np.concatenate([block.measured["z"] for block in tiny_populations], axis=1)
    kept = np.concatenate([block.positions for block in tiny_populations], axis=1)
    assert draws.shape == (80, 127, DIMENSION)
    np.testing.assert_array_equal(kept, draws[:, ::7])
    beta = tiny_populations[0].curve.beta
    assert all(np.array_equal(block.curve.beta, beta) for block in tiny_populations)
    assert (beta[0], beta[-1]) == (0.0, 1.0)
    assert np.all(np.diff(beta) > 0)
    assert tiny_populations[0].curve.measured["z"].shape == (80, len(beta), DIMENSION)


# Actions that cannot be tempered.


def target_of(action):
    return Target(action, lambda z: jnp.zeros(()), lambda key: jax.random.normal(key, (2,)), lambda z: {"z": z}, 2)


REFUSED = {
    "nan": (lambda z: jnp.log(-jnp.sum(z**2)), "action is nan on a draw of the free theory: look for a logarithm"),
    "wall": (lambda z: jnp.inf + 0 * jnp.sum(z), "action is inf on a draw of the free theory"),
    "kink": (lambda z: jnp.linalg.norm(0 * z), "gradient of the action is not finite on a draw of the free theory"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hopeless_actions_are_errors(name, seed):
    action, message = REFUSED[name]
    with pytest.raises(SamplerError, match=message):
        list(run_blocks(tempered, target_of(action), settings(seed)))


def test_too_many_levels_are_an_error(seed, monkeypatch):
    monkeypatch.setattr("nnft_ppl.samplers.temperatures.MAX_LEVELS", 2)
    with pytest.raises(SamplerError, match=r"2 temperatures led .* only to β = 0\.\d+ of the action"):
        list(run_blocks(tempered, target_of(lambda z: 5 * jnp.sum(z**4)), settings(seed)))


def lost(log_density, kinetic_energy):
    """Every trajectory ends nowhere."""
    step = rotation_integrator(log_density, kinetic_energy)
    return lambda state, step_size: step(state, step_size)._replace(logdensity=-jnp.inf)


def test_particles_that_never_move_are_an_error(seed):
    with pytest.raises(SamplerError, match=r"0\.0% of the moves are accepted at β = 0\.\d+, step size"):
        list(run_blocks(partial(tempered, integrator=lost), target_of(lambda z: jnp.sum(z**4)), settings(seed)))


def test_warmup_is_needed(seed):
    with pytest.raises(ValueError, match="warmup must be at least 1"):
        tempered(target_of(lambda z: jnp.sum(z**4)), settings(seed, num_warmup=0))
