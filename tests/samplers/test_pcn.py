"""Preconditioned Crank–Nicolson: exact moments, moves that keep the Gaussian, acceptance at any width."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, sigmas, worst_pull

from nnft_ppl import load
from nnft_ppl.samplers import Settings, run_blocks
from nnft_ppl.samplers.pcn import crank_nicolson, pcn, refresh_some
from nnft_ppl.statistics import estimate


def draws(theory, key, num_draws, **options):
    """Series of observables and statistics, of shape (chain, draw, ...)."""
    settings = Settings(key, num_chains=4, num_draws=num_draws, num_warmup=200, keep_every=0)
    blocks = list(run_blocks(partial(pcn, **options), theory.target(), settings))
    observables, stats = ([getattr(block, name) for block in blocks] for name in ("measured", "stats"))
    series = {
        name: np.concatenate([one["observables"][name] for one in observables], axis=1)
        for name in observables[0]["observables"]
    }
    return series, {name: np.concatenate([one[name] for one in stats], axis=1) for name in stats[0]}


def random_walk(key, position, size):
    """The step without √(1 − β²): not reversible in N(0, I)."""
    return position + size * jax.random.normal(key, position.shape, position.dtype)


def test_exact_moments_and_a_step_that_does_not_shrink(key):
    theory = load("deformed_rotation")
    series, stats = draws(theory, key, 2000)
    for name, one in estimate(series).items():
        assert worst_pull(one, theory.exact[name]) < ACCEPTED
    assert np.all(stats["n_steps"] == 4)
    assert np.all((stats["step_size"] > 0) & (stats["step_size"] <= 1))
    planted, _ = draws(theory, key, 2000, moves=(random_walk, refresh_some))
    assert max(worst_pull(one, theory.exact[name], 100) for name, one in estimate(planted).items()) > REJECTED


def test_quartic_oscillator(key):
    theory = load("phi4_circle", modes=8)
    series, _ = draws(theory, key, 1500)
    two_point = estimate(series)["two_point"]
    assert worst_pull(two_point, theory.exact["two_point"]) < ACCEPTED
    free = load("phi4_circle", modes=8, coupling=0.0).exact["two_point"]
    assert worst_pull(two_point, free) > REJECTED


@pytest.mark.parametrize("move", [crank_nicolson, refresh_some])
def test_moves_are_reversible_in_the_gaussian(move, key):
    """E f(z) g(z') = E g(z) f(z') for z ~ N(0, 1), with f and g of no symmetry; the random walk fails."""
    before, keys = jax.random.normal(key, (100_000, 1)), jax.random.split(key, 100_000)

    def asymmetry(move):
        after = jax.vmap(lambda key, z: move(key, z, jnp.asarray(0.6)))(keys, before)
        f, g = (lambda z: np.exp(z / 2)), (lambda z: z**2)
        return np.asarray(f(before) * g(after) - g(before) * f(after))[:, 0]

    keys = jax.random.split(jax.random.fold_in(key, 1), 100_000)
    assert sigmas(asymmetry(move), 0.0) < ACCEPTED
    assert sigmas(asymmetry(random_walk), 0.0) > REJECTED


def test_acceptance_does_not_depend_on_the_width(key):
    """A step of fixed size is accepted as often at 256 neurons as at 16; a random walk's acceptance dies out."""

    def acceptances(width):
        """Of the step that knows the Gaussian, and of the one that does not; means and errors."""
        target = load("phi4", width=width, dim=1, side=4.0, cutoff=4.0, alpha=0, coupling=12.0).target()

        def one(key):
            key_free, key_move = jax.random.split(key)
            z = target.free_draw(key_free)
            points = jnp.stack([z, *(move(key_move, z, jnp.asarray(0.5)) for move in (crank_nicolson, random_walk))])
            action, gaussian = jax.lax.map(target.action, points), jnp.sum(points**2, axis=1) / 2
            gain = jnp.stack([action[0] - action[1], action[0] - action[2] + gaussian[0] - gaussian[2]])
            return jnp.exp(jnp.minimum(gain, 0.0))

        samples = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(key, 2000)))
        return samples.mean(0), samples.std(0) / np.sqrt(len(samples))

    (narrow, narrow_error), (wide, wide_error) = acceptances(16), acceptances(256)
    errors = np.hypot(narrow_error, wide_error)
    assert 0.2 < wide[0] < 0.9
    # The field of 16 neurons is not quite Gaussian: a difference of order 1/N beside the statistical one.
    assert abs(wide[0] - narrow[0]) < ACCEPTED * errors[0] + 1 / 16
    assert narrow[1] - wide[1] > REJECTED * errors[1] + 1 / 16


def test_without_warm_up_it_refuses(key):
    target = load("deformed_rotation").target()
    with pytest.raises(ValueError, match="warmup must be at least 1"):
        pcn(target, Settings(key, num_chains=2, num_draws=4, num_warmup=0, keep_every=0))
