"""The no-U-turn sampler with the exact Gaussian flow."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import nuts as blackjax_nuts
from jaxtyping import Array

from nnft_ppl.samplers.blocks import Block, Program, Settings, one_draw, run_blocks
from nnft_ppl.samplers.gaussian_flow import angles, rotation_integrator, statistics
from nnft_ppl.samplers.starts import start_chains
from nnft_ppl.samplers.tuning import State, first_tuning, for_chains, started, warm_up
from nnft_ppl.target import Target


def nuts(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Iterator[Block]:
    """BlackJAX's NUTS with the exact Gaussian flow; warm-up adapts scales and step size to an acceptance of 0.8.

    Args:
        target: Density and measurements.
        settings: How many chains and draws; `num_warmup` at least 1.
        integrator: Made from a log density; it must be reversible and keep volume.

    Raises:
        ValueError: Without warm-up.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.
    """
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    start = start_chains(target, key_start, settings.num_chains)
    transition: Callable = blackjax_nuts.build_kernel(integrator)

    def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        tuning: Any = state.tuning
        turned = angles(tuning.step, tuning.scales)
        inner, info = transition(key, state.inner, target.log_density, turned, jnp.ones(target.dimension))
        stats = statistics(inner, info, tuning.step) | {"tree_depth": info.num_trajectory_expansions}
        return State(inner, tuning), stats

    program = Program.of(settings, one_draw(target, settings, step))
    states = for_chains(started(start), first_tuning(np.ones(target.dimension)), settings)
    states = warm_up(target, settings, program, states, key_warmup)
    yield from run_blocks(settings, program, states, key_draws)
