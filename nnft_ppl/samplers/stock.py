"""BlackJAX's own HMC and NUTS with its window adaptation: the peers that the others are measured against."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import blackjax
import jax
from jaxtyping import Array

from nnft_ppl.samplers.blocks import Block, Settings, one_draw, run_blocks, start_positions
from nnft_ppl.samplers.target import Target

HMC_STEPS = 10
"""Leapfrog steps of one stock HMC trajectory."""


class _Adapted(NamedTuple):
    """A chain's state with the step size and metric that its own warm-up found."""

    inner: Any
    parameters: dict[str, Array]

    @property
    def position(self) -> Array:
        return self.inner.position


def stock_nuts(target: Target, settings: Settings) -> Iterator[Block]:
    """`blackjax.nuts` after `blackjax.window_adaptation` with a diagonal metric, adapted for each chain."""
    return _stock(target, settings, blackjax.nuts, {})


def stock_hmc(target: Target, settings: Settings) -> Iterator[Block]:
    """`blackjax.hmc` with 10 leapfrog steps after `blackjax.window_adaptation`, adapted for each chain."""
    return _stock(target, settings, blackjax.hmc, {"num_integration_steps": HMC_STEPS})


def _stock(target: Target, settings: Settings, algorithm: Any, options: dict[str, int]) -> Iterator[Block]:
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    positions = start_positions(target, key_start, settings.num_chains)

    adaptation: Any = blackjax.window_adaptation  # its annotations know neither `num_steps` nor the kernel's options

    def adapt(key: Array, position: Array) -> tuple[Any, Any]:
        warmup = adaptation(algorithm, target.log_density, adaptation_info_fn=lambda *_: None, **options)
        (state, parameters), _ = warmup.run(key, position, num_steps=settings.num_warmup)
        adapted = {name: value for name, value in parameters.items() if name not in options}
        return state, adapted

    states, parameters = jax.jit(jax.vmap(adapt))(jax.random.split(key_warmup, settings.num_chains), positions)
    transition = algorithm.build_kernel()

    def step(key: Array, state: _Adapted) -> tuple[_Adapted, dict[str, Array]]:
        inner, info = transition(key, state.inner, target.log_density, **state.parameters, **options)
        stats = {
            "diverging": info.is_divergent,
            "energy": info.energy,
            "acceptance_rate": info.acceptance_rate,
            "n_steps": info.num_integration_steps,
            "lp": inner.logdensity,
            "step_size": state.parameters["step_size"],
        }
        return _Adapted(inner, state.parameters), stats

    return run_blocks(settings, one_draw(target, settings, step), _Adapted(states, parameters), key_draws)
