"""BlackJAX's own HMC, NUTS and adjusted MCLMC with its adaptation: the peers that the others are measured against."""

from collections.abc import Callable
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.samplers.chains import Chains, Sweep, one_draw
from nnft_ppl.samplers.gaussian_flow import statistics
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import refuse_discrete, start_positions
from nnft_ppl.target import Target

HMC_STEPS = 10
"""Leapfrog steps of one stock HMC trajectory."""

MCLMC_STEPS = 2.0
"""Mean number of leapfrog steps of an adjusted microcanonical trajectory, which BlackJAX found most robust."""
MCLMC_ACCEPTANCE = 0.9


class _Adapted(NamedTuple):
    """A chain's state with the step size and metric that its own warm-up found."""

    inner: Any
    parameters: dict[str, Array]

    @property
    def position(self) -> Array:
        return self.inner.position


def stock_nuts(target: Target, settings: Settings) -> Sampler:
    """`blackjax.nuts` after `blackjax.window_adaptation` with a diagonal metric, adapted for each chain.

    Args:
        target: Density and measurements.
        settings: How many chains, draws and steps of adaptation.
    """
    return _stock(target, settings, blackjax.nuts, {})


def stock_hmc(target: Target, settings: Settings) -> Sampler:
    """`blackjax.hmc` with 10 leapfrog steps after `blackjax.window_adaptation`, adapted for each chain.

    Args:
        target: Density and measurements.
        settings: How many chains, draws and steps of adaptation.
    """
    return _stock(target, settings, blackjax.hmc, {"num_integration_steps": HMC_STEPS})


def _stock(target: Target, settings: Settings, algorithm: Any, options: dict[str, int]) -> Sampler:
    refuse_discrete(target)
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    adaptation: Any = blackjax.window_adaptation  # its annotations know neither `num_steps` nor the kernel's options

    def adapt(key: Array, position: Array) -> tuple[Any, Any]:
        warmup = adaptation(algorithm, target.log_density, adaptation_info_fn=lambda *_: None, **options)
        (state, parameters), _ = warmup.run(key, position, num_steps=settings.num_warmup)
        adapted = {name: value for name, value in parameters.items() if name not in options}
        return state, adapted

    def begin(_: Callable) -> tuple[_Adapted, tuple]:
        positions = start_positions(target, key_start, settings.num_chains, settings.modes)
        keys = jax.random.split(key_warmup, settings.num_chains)
        return _Adapted(*jax.jit(jax.vmap(adapt))(keys, positions)), ()

    def build(_: tuple) -> Sweep:
        return one_draw(target, settings, step)

    transition = algorithm.build_kernel()

    def step(key: Array, state: _Adapted) -> tuple[_Adapted, dict[str, Array]]:
        inner, info = transition(key, state.inner, target.log_density, **state.parameters, **options)
        return _Adapted(inner, state.parameters), statistics(inner, info, state.parameters["step_size"])

    return Chains(settings, key_draws, begin, build)


def mclmc(target: Target, settings: Settings) -> Sampler:
    """Microcanonical Langevin Monte Carlo with a Metropolis test (the unadjusted one is biased), tuned for each chain.

    Args:
        target: Density and measurements.
        settings: How many chains and draws; `num_warmup` at least 10.

    Raises:
        ValueError: With less than ten steps of warm-up, or for discrete coordinates.
    """
    refuse_discrete(target)
    if settings.num_warmup < 10:
        raise ValueError(f"this sampler needs a warmup of at least 10 steps, not {settings.num_warmup}")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def length(key: Array, average: Array) -> Array:
        return jnp.clip(jnp.round(jax.random.uniform(key) * (2 * average - 1) + 0.5), 1, None).astype(int)

    transition: Any = blackjax.adjusted_mclmc_dynamic.build_kernel(integration_steps_fn=length)
    tune: Any = blackjax.adjusted_mclmc_find_L_and_step_size

    def adapt(key: Array, position: Array) -> tuple[Any, dict[str, Array]]:
        key_state, key_tune = jax.random.split(key)
        state = blackjax.adjusted_mclmc_dynamic.init(position, target.log_density, key_state)
        # Each of the two first stages takes half of the steps.
        state, found, _ = tune(
            mclmc_kernel=transition,
            logdensity_fn=target.log_density,
            num_steps=settings.num_warmup,
            state=state,
            rng_key=key_tune,
            target=MCLMC_ACCEPTANCE,
            frac_tune1=0.5,
            frac_tune2=0.5,
            target_num_integration_steps=MCLMC_STEPS,
        )
        return state, {"step_size": found.step_size, "inverse_mass_matrix": found.inverse_mass_matrix}

    def begin(_: Callable) -> tuple[_Adapted, tuple]:
        positions = start_positions(target, key_start, settings.num_chains, settings.modes)
        keys = jax.random.split(key_warmup, settings.num_chains)
        return _Adapted(*jax.jit(jax.vmap(adapt))(keys, positions)), ()

    def build(_: tuple) -> Sweep:
        return one_draw(target, settings, step)

    def step(key: Array, state: _Adapted) -> tuple[_Adapted, dict[str, Array]]:
        inner, info = transition(
            key, state.inner, target.log_density, integration_steps_params=(MCLMC_STEPS,), **state.parameters
        )
        stats = statistics(inner, info, state.parameters["step_size"])
        del stats["energy"]  # of unit momenta, which no refreshing of them can change
        return _Adapted(inner, state.parameters), stats

    return Chains(settings, key_draws, begin, build)
