"""Jumps between modes leave the density as it is, whatever the modes are; without their Jacobian they do not."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from blackjax.mcmc import hmc as blackjax_hmc
from jaxtyping import Array

from nnft_ppl.samplers import Modes, Settings, hmc, nuts, run_blocks
from nnft_ppl.samplers.jumps import jump
from nnft_ppl.samplers.modes import start_in_modes
from nnft_ppl.target import Target

PLACES = np.array([[0.0, 0.0], [4.0, 1.0]])
WIDTHS = np.array([[0.5, 0.3], [0.1, 0.2]])
SHARES = np.array([0.3, 0.7])
DRAWS = 20_000


def log_density(z: Array) -> Array:
    away = jnp.sum(((z - PLACES) / WIDTHS) ** 2, axis=1)
    # Skewed, so that no Gaussian map is exact.
    return jax.nn.logsumexp(jnp.log(SHARES) - jnp.sum(jnp.log(WIDTHS), 1) - 0.5 * away)


def exact_draws(key: Array) -> Array:
    key_which, key_noise = jax.random.split(key)
    which = jax.random.bernoulli(key_which, SHARES[1], (DRAWS,)).astype(int)
    return PLACES[which] + WIDTHS[which] * jax.random.normal(key_noise, (DRAWS, 2))


def modes(places: np.ndarray = PLACES, widths: np.ndarray = WIDTHS) -> Modes:
    return Modes.of(places, [np.diag(1 / width**2) for width in widths])


def share_after(modes: Modes, times: int = 3) -> tuple[float, float]:
    """Share of the second mode after a few jumps of exact draws, and how often one was accepted."""

    def one(position: Array, key: Array) -> tuple[Array, Array]:
        state: Any = blackjax_hmc.init(position, log_density)
        state, rates = jax.lax.scan(
            lambda state, key: jump(key, state, log_density, modes), state, jax.random.split(key, times)
        )
        return state.position, jnp.mean(rates)

    keys = jax.random.split(jax.random.key(1), DRAWS)
    positions, rates = jax.jit(jax.vmap(one))(exact_draws(jax.random.key(0)), keys)
    return float(np.mean(positions[:, 0] > 2)), float(np.mean(rates))


@pytest.mark.parametrize("wrong", [False, True], ids=["the modes", "other modes"])
def test_exact_draws_stay_exact(wrong: bool):
    given = modes(PLACES + 0.2, WIDTHS * 2) if wrong else modes()
    share, rate = share_after(given)
    assert share == pytest.approx(SHARES[1], abs=5 * np.sqrt(0.21 / DRAWS))
    assert rate > (0.02 if wrong else 0.25)


def test_without_the_jacobian_they_would_not():
    lost = modes()._replace(half_log_det=np.zeros(2))
    share, _ = share_after(lost)
    assert abs(share - SHARES[1]) > 20 * np.sqrt(0.21 / DRAWS)


def test_chains_start_in_every_mode():
    starts = start_in_modes(jax.random.key(0), modes(), 5)
    np.testing.assert_array_equal(np.argmin(np.sum((starts[:, None] - PLACES) ** 2, -1), 1), [0, 1, 0, 1, 0])


@pytest.mark.parametrize("sampler", [hmc, nuts])
def test_chains_cross_by_them(sampler: Any):
    target = Target(
        lambda z: -log_density(z) - 0.5 * jnp.sum(z**2),
        lambda z: jnp.zeros(()),
        lambda key: jax.random.normal(key, (2,)),
        lambda z: {"observables": {"z": z}},
        2,
    )
    told = Settings(jax.random.key(2), 2, 1000, 200, 0, modes=modes())
    (blocks,) = [list(run_blocks(sampler, target, told))]
    z = np.concatenate([block.measured["observables"]["z"][..., 0] for block in blocks], axis=1)
    assert np.mean(z > 2) == pytest.approx(SHARES[1], abs=0.06)
    assert np.mean(blocks[0].stats["jump_rate"]) > 0.25
    assert np.all(np.sum(np.diff(z > 2, axis=1), axis=1) > 100)
