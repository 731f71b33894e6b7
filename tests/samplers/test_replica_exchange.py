"""Replica exchange: exact moments, a barrier that HMC does not cross, swaps without a condition, the ladder."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load
from nnft_ppl.samplers import Settings, hmc, run_blocks
from nnft_ppl.samplers.replica_exchange import refine_ladder, replica_exchange, swap_log_ratio
from nnft_ppl.statistics import estimate
from nnft_ppl.target import Target


@pytest.fixture(autouse=True)
def quick_compilation():
    """Compiling a ladder thoroughly takes longer than running these small theories."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def draws(sampler, target, key, num_draws, **options):
    """Series of observables and statistics, of shape (chain, draw, ...)."""
    settings = Settings(key, num_chains=4, num_draws=num_draws, num_warmup=300, keep_every=1)
    blocks = list(run_blocks(partial(sampler, **options), target, settings))
    observables, stats = ([getattr(block, name) for block in blocks] for name in ("measured", "stats"))
    series = {
        name: np.concatenate([one["observables"][name] for one in observables], axis=1)
        for name in observables[0]["observables"]
    }
    stats = {name: np.concatenate([one[name] for one in stats], axis=1) for name in stats[0]}
    return series, stats, np.concatenate([block.positions for block in blocks], axis=1)


HEIGHT, TILT, DIMENSION = 40.0, 1.0, 6


def well(x):
    """A double well over the collective coordinate: barrier 40 at 0, the well at x > 0 deeper by about 2."""
    return HEIGHT * (x**2 - 1) ** 2 - TILT * x


def collective(z):
    """Gaussian of variance 1, whatever the dimension."""
    return jnp.sum(z) / np.sqrt(DIMENSION)


DOUBLE_WELL = Target(
    lambda z: well(collective(z)),
    reference=lambda z: jnp.zeros(()),
    free_draw=lambda key: jax.random.normal(key, (DIMENSION,)),
    measure=lambda z: {"observables": {"x": collective(z), "positive": 1.0 * (collective(z) > 0)}},
    dimension=DIMENSION,
)


def quadrature():
    """⟨x⟩ and the weight of the right well."""
    x = np.linspace(-3, 3, 20001)
    weight = np.exp(-(x**2) / 2 - well(x))
    weight /= weight.sum()
    return {"x": np.sum(weight * x), "positive": np.sum(weight * (x > 0))}


def test_a_barrier_that_hmc_does_not_cross(key):
    exact = quadrature()
    series, stats, positions = draws(replica_exchange, DOUBLE_WELL, key, 1500)
    for name, one in estimate(series).items():
        assert worst_pull(one, exact[name]) < ACCEPTED
    # Every chain has been in both wells, by way of many free draws.
    assert np.all(stats["round_trips"][:, -1] > 30)
    assert np.all(np.diff(stats["round_trips"], axis=1) >= 0)
    assert 0.3 < np.mean(stats["swap_rate"]) < 0.9
    # The log density comes from the action that was swapped, and taken back from the kernel.
    expected = jax.vmap(jax.vmap(DOUBLE_WELL.log_density))(positions)
    np.testing.assert_allclose(stats["lp"], expected, rtol=1e-9, atol=1e-9)
    stuck, *_ = draws(hmc, DOUBLE_WELL, key, 1500)
    assert np.all(np.ptp(stuck["positive"], axis=1) == 0)  # the control: no chain ever crosses


def always(beta, action):
    return 0 * swap_log_ratio(beta, action)


@pytest.mark.parametrize(("swap_rule", "right"), [(swap_log_ratio, True), (always, False)], ids=["right", "always"])
def test_swaps_without_a_condition_are_rejected(swap_rule, right, key):
    """⟨z²⟩ under exp(−z²/2 − 2z⁴), the mean of three coordinates."""
    target = replace(
        DOUBLE_WELL,
        action=lambda z: 2 * jnp.sum(z**4),
        free_draw=lambda key: jax.random.normal(key, (3,)),
        measure=lambda z: {"observables": {"squared": jnp.mean(z**2)}},
        dimension=3,
    )
    z = np.linspace(-5, 5, 20001)
    weight = np.exp(-(z**2) / 2 - 2 * z**4)
    series, *_ = draws(replica_exchange, target, key, 1000, swap_rule=swap_rule)
    pull = worst_pull(estimate(series)["squared"], np.sum(weight * z**2) / np.sum(weight))
    assert pull < ACCEPTED if right else pull > REJECTED


def test_the_ratio_is_that_of_the_joint_density(rng):
    """Σ β_k S_k before the swap of a pair minus that after."""
    beta, action = np.sort(rng.random(5)), rng.normal(size=5)
    ratio = np.asarray(swap_log_ratio(jnp.asarray(beta), jnp.asarray(action)))
    for pair in range(4):
        swapped = action.copy()
        swapped[[pair, pair + 1]] = action[[pair + 1, pair]]
        assert ratio[pair] == pytest.approx(beta @ action - beta @ swapped, abs=1e-12)
        assert abs(ratio[pair]) > 1e-9


def test_exact_moments(key):
    theory = load("deformed_rotation")
    series, stats, _ = draws(replica_exchange, theory.target(), key, 1000)
    for name, one in estimate(series).items():
        assert worst_pull(one, theory.exact[name]) < ACCEPTED
    assert not np.any(stats["diverging"])
    assert 0.6 < np.mean(stats["acceptance_rate"]) <= 1


def test_quartic_oscillator(key):
    theory = load("phi4_circle", modes=8)
    series, *_ = draws(replica_exchange, theory.target(), key, 1000)
    two_point = estimate(series)["two_point"]
    assert worst_pull(two_point, theory.exact["two_point"]) < ACCEPTED
    assert worst_pull(two_point, load("phi4_circle", modes=8, coupling=0.0).exact["two_point"]) > REJECTED


def test_the_ladder_divides_the_barrier_evenly():
    """A barrier Λ(β) = 4 √β, seen on the ladder k/10, has the inverse β = (Λ/4)²."""
    beta = np.linspace(0, 1, 201) ** 2
    rejection = np.diff(4 * np.sqrt(beta))
    ladder = refine_ladder(beta, rejection)
    assert len(ladder) == 9
    np.testing.assert_allclose(ladder, np.linspace(0, 1, 9) ** 2, atol=1e-4)
    assert len(refine_ladder(beta, 100 * rejection)) == 24
    np.testing.assert_array_equal(refine_ladder(beta, 0 * rejection), [0.0, 1.0])


def test_without_warm_up_it_refuses(key):
    with pytest.raises(ValueError, match="warmup must be at least 1"):
        replica_exchange(DOUBLE_WELL, Settings(key, 2, 4, 0, 0))
