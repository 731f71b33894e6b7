"""The no-U-turn sampler with the exact Gaussian flow."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import nuts as blackjax_nuts
from jaxtyping import Array

from nnft_ppl.samplers.chains import Chains, Sweep, one_draw
from nnft_ppl.samplers.gaussian_flow import angles, rotation_integrator, statistics
from nnft_ppl.samplers.jumps import Fixed, with_jumps
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import refuse_discrete, start_chains
from nnft_ppl.samplers.tuning import State, first_tuning, for_chains, states_at, warm_up
from nnft_ppl.target import Target


def nuts(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Sampler:
    """BlackJAX's NUTS with the exact Gaussian flow; warm-up adapts scales and step size to an acceptance of 0.8.

    Args:
        target: Density and measurements.
        settings: How many chains and draws; `num_warmup` at least 1.
        integrator: Made from a log density; it must be reversible and keep volume.

    Raises:
        ValueError: Without warm-up, or for discrete coordinates.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.
    """
    refuse_discrete(target)
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    transition: Callable = blackjax_nuts.build_kernel(integrator)

    def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        tuning: Any = state.tuning
        turned = angles(tuning.step, tuning.scales)
        inner, info = transition(key, state.inner, target.log_density, turned, jnp.ones(target.dimension))
        stats = statistics(inner, info, tuning.step) | {"tree_depth": info.num_trajectory_expansions}
        return State(inner, tuning), stats

    def begin(program: Callable) -> tuple[State, Fixed]:
        start = start_chains(target, key_start, settings.num_chains, settings.modes)
        fixed = Fixed(np.ones(target.dimension), settings.modes)
        states = for_chains(states_at(start), first_tuning(fixed.scales), settings)
        return warm_up(target, settings, program(fixed), states, key_warmup), fixed

    def build(fixed: Fixed) -> Sweep:
        return with_jumps(one_draw(target, settings, step), target, fixed.modes)

    return Chains(settings, key_draws, begin, build)
