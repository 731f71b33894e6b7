"""Elliptical slice sampling: exact moments, slices that look right and are not, ends of the search."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from blackjax.mcmc.elliptical_slice import build_kernel
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load
from nnft_ppl.samplers import Settings, run_blocks
from nnft_ppl.samplers.elliptical_slice import elliptical_slice
from nnft_ppl.statistics import estimate
from nnft_ppl.target import Target


def draws(target, key, num_draws, **options):
    """Series of observables and statistics, of shape (chain, draw, ...)."""
    settings = Settings(key, num_chains=4, num_draws=num_draws, num_warmup=50, keep_every=0)
    blocks = list(run_blocks(partial(elliptical_slice, **options), target, settings))
    observables, stats = ([getattr(block, name) for block in blocks] for name in ("measured", "stats"))
    series = {
        name: np.concatenate([one["observables"][name] for one in observables], axis=1)
        for name in observables[0]["observables"]
    }
    return series, {name: np.concatenate([one[name] for one in stats], axis=1) for name in stats[0]}


def test_exact_moments(key):
    theory = load("deformed_rotation")
    series, stats = draws(theory.target(), key, 2500)
    for name, one in estimate(series).items():
        assert worst_pull(one, theory.exact[name]) < ACCEPTED
    assert np.all(stats["n_steps"] >= 1)
    assert np.all(stats["acceptance_rate"] == 1 / stats["n_steps"])
    assert not np.any(stats["diverging"])


def wrong_centre(variance, mean):
    """Ellipses around a point that is not the Gaussian's mean."""
    return build_kernel(variance, mean + variance)


def low_level(variance, mean):
    """The level lowered by another logarithm of a uniform number."""
    kernel = build_kernel(variance, mean)

    def planted(key, state, log_likelihood):
        lowered = jnp.log(jax.random.uniform(jax.random.fold_in(key, 1)))
        return kernel(key, state._replace(logdensity=state.logdensity + lowered), log_likelihood)

    return planted


@pytest.mark.parametrize("planted", [wrong_centre, low_level])
def test_planted_bugs_are_rejected(planted, key):
    theory = load("deformed_rotation")
    series, _ = draws(theory.target(), key, 2500, builder=planted)
    assert max(worst_pull(one, theory.exact[name]) for name, one in estimate(series).items()) > REJECTED


def test_quartic_oscillator_in_three_groups(key):
    theory = load("phi4_circle", modes=8)
    target = theory.target()
    assert len(target.groups) == 3
    series, stats = draws(target, key, 2500)
    two_point = estimate(series)["two_point"]
    assert worst_pull(two_point, theory.exact["two_point"]) < ACCEPTED
    assert worst_pull(two_point, load("phi4_circle", modes=8, coupling=0.0).exact["two_point"]) > REJECTED
    assert np.min(stats["n_steps"]) == 3


def plain(action, groups):
    """A density over three coordinates, measuring the position itself."""
    return Target(
        action,
        reference=lambda z: jnp.zeros(()),
        free_draw=lambda key: jax.random.normal(key, (3,)),
        measure=lambda z: {"observables": {"z": z}},
        dimension=3,
        groups=groups,
    )


def test_coordinates_without_a_group_move_too(key):
    """Half of z² and λ of z⁴ in all coordinates, two of them in a group: all have the same exact second moment."""
    target = plain(lambda z: jnp.sum(z**2) / 2, {"first": slice(0, 2)})
    series, stats = draws(target, key, 1000)
    second = estimate({"squared": series["z"] ** 2})["squared"]
    assert worst_pull(second, np.full(3, 0.5)) < ACCEPTED
    assert worst_pull(second, np.ones(3)) > REJECTED
    assert np.min(stats["n_steps"]) == 2


def test_a_level_lost_in_rounding_ends_the_search(key):
    """An action of 10¹⁸ everywhere swallows every ln u: no other point is above the level, so chains stay, and end."""
    target = plain(lambda z: 1e18 + 0 * z[0], {})
    settings = Settings(key, num_chains=2, num_draws=3, num_warmup=0, keep_every=1)
    (block,) = run_blocks(elliptical_slice, target, settings)
    assert block.positions is not None
    assert np.all(block.positions == block.positions[:, :1])
    assert np.all(np.isfinite(block.stats["lp"]))


def test_an_undefined_action_is_avoided(key):
    """√ of a negative number is NaN: the half space z₀ < −1 must stay empty, and the rest is a cut Gaussian."""
    target = plain(lambda z: 0 * jnp.sqrt(z[0] + 1) + jnp.sum(z[1:] ** 4), {})
    series, _ = draws(replace(target, free_draw=lambda key: jnp.abs(target.free_draw(key))), key, 1000)
    assert np.min(series["z"][..., 0]) >= -1
    tail = np.exp(-0.5) / np.sqrt(2 * np.pi)
    mean = estimate({"first": series["z"][..., 0]})["first"]
    assert worst_pull(mean, np.asarray(tail / 0.8413447460685429)) < ACCEPTED
    assert worst_pull(mean, np.asarray(0.0)) > REJECTED
