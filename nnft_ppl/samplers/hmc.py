r"""Hybrid Monte Carlo with the exact Gaussian flow, and cheap trajectories while costly parameters rest.

Every draw is the end of a short trajectory; see `nnft_ppl.samplers.gaussian_flow` for the integrator and
`nnft_ppl.samplers.tuning` for what the warm-up learns.

Where parameters that need small steps are also what the action's cost is made of (the momenta of plane waves in a box),
they rest during most trajectories: a sweep is one trajectory of all parameters, and then several of the others, of
which the compiler computes the waves only once. Each trajectory leaves the density invariant, and so does their
sequence.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import hmc as blackjax_hmc
from jaxtyping import Array

from nnft_ppl.samplers.blocks import Block, Chunk, Draws, Settings, Sweep, recorded, run_blocks, start_positions
from nnft_ppl.samplers.gaussian_flow import angles, rotation_integrator, statistics
from nnft_ppl.samplers.hoisting import resting_share
from nnft_ppl.samplers.target import Target
from nnft_ppl.samplers.tuning import LENGTHS, State, coordinate_scales, first_tuning, for_chains, warm_up

SLOW = 0.75
"""Parameters whose scale is below this share of the largest may rest."""
SAVING = 0.5
"""They do if at least this share of the action's cost rests with them."""
SWEEP_STEPS = 1
"""Steps of the trajectory of all parameters in a sweep in which some rest."""
MOST_DRAWS = 12
"""Draws in a sweep, at most."""


class Split(NamedTuple):
    """Which coordinates move in every trajectory."""

    parts: tuple[tuple[slice, bool], ...]
    """Slices of z in order, and whether each moves."""
    draws: int
    """Draws in a sweep."""

    def take(self, position: Array, *, moving: bool) -> Array:
        """The moving, or the resting, coordinates."""
        return jnp.concatenate([position[part] for part, moves in self.parts if moves == moving])

    def merge(self, moving: Array, resting: Array) -> Array:
        """All coordinates in order, from the moving and the resting ones."""
        pieces, used = [], {True: 0, False: 0}
        for part, moves in self.parts:
            size = part.stop - part.start
            source = moving if moves else resting
            pieces.append(source[used[moves] : used[moves] + size])
            used[moves] += size
        return jnp.concatenate(pieces)


def hmc(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Iterator[Block]:
    """Hybrid Monte Carlo; warm-up adapts scales, step sizes (to an acceptance of 0.8) and the trajectory's length.

    Each transition jitters its step size by ±20 %, so that no mode can return to its start in every trajectory.

    Raises:
        ValueError: Without warm-up.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.
    """
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    positions = start_positions(target, key_start, settings.num_chains)
    forces = jax.jit(jax.vmap(jax.grad(target.potential)))(positions)
    scales = coordinate_scales(np.asarray(forces)[:, None], target.groups)
    split = split_parameters(target, scales)
    chunk = Chunk.of(settings, _sweep(target, settings, split, integrator), split.draws)
    inner = jax.jit(jax.vmap(lambda z: blackjax_hmc.init(z, target.log_density)))(positions)
    states = for_chains(inner, first_tuning(scales), settings)
    states = warm_up(target, settings, chunk, states, key_warmup, LENGTHS)
    yield from run_blocks(settings, chunk, states, key_draws)


def split_parameters(target: Target, scales: np.ndarray) -> Split:
    """Which parameters rest in most trajectories: those of small scale, if much of the action's cost rests with them.

    Args:
        target: Its `groups` must cover z in order, else everything moves.
        scales: Scale of each coordinate.
    """
    whole = Split(((slice(0, target.dimension), True),), 1)
    parts = sorted(target.groups.items(), key=lambda item: item[1].start)
    if sum(part.stop - part.start for _, part in parts) != target.dimension:
        return whole
    typical = {name: float(np.exp(np.mean(np.log(scales[part])))) for name, part in parts}
    slow = {name for name, scale in typical.items() if scale < SLOW * max(typical.values())}
    if not slow:
        return whole
    share = resting_share(target.potential, target.dimension, target.groups, slow)
    if share < SAVING:
        return whole
    # Twice as much time for the draws of a sweep as for what comes before them, about two gradients and a half.
    draws = min(MOST_DRAWS, round(5 / ((LENGTHS[1] + 1) * (1 - share))))
    return Split(tuple((part, name not in slow) for name, part in parts), draws)


def _sweep(target: Target, settings: Settings, split: Split, integrator: Callable) -> Sweep:
    transition: Callable = blackjax_hmc.build_kernel(integrator)

    def move(key: Array, state: Any, log_density: Callable, step: Array, scales: Array, num_steps: Any) -> tuple:
        key_jitter, key = jax.random.split(key)
        turned = angles(step, scales, jax.random.uniform(key_jitter, minval=0.8, maxval=1.2))
        state, info = transition(key, state, log_density, turned, jnp.ones(state.position.size), num_steps)
        return state, statistics(state, info, step)

    def whole(key: Array, state: State) -> tuple[State, Draws]:
        tuning = state.tuning
        inner, stats = move(key, state.inner, target.log_density, tuning.step, tuning.scales, tuning.num_steps)
        return State(inner, tuning), recorded(target, settings, inner.position, stats)

    def sweep(key: Array, state: State) -> tuple[State, Draws]:
        tuning = state.tuning
        key_all, key = jax.random.split(key)
        inner, stats_all = move(key_all, state.inner, target.log_density, tuning.sweep_step, tuning.scales, SWEEP_STEPS)
        resting, scales = split.take(inner.position, moving=False), split.take(tuning.scales, moving=True)

        def log_density(moving: Array) -> Array:
            return target.log_density(split.merge(moving, resting))

        def one_draw(part: Any, key: Array) -> tuple[Any, Draws]:
            part, stats = move(key, part, log_density, tuning.step, scales, tuning.num_steps)
            stats["diverging"] = stats["diverging"] | stats_all["diverging"]
            stats["sweep_acceptance_rate"] = stats_all["acceptance_rate"]
            return part, recorded(target, settings, split.merge(part.position, resting), stats)

        part = blackjax_hmc.HMCState(
            split.take(inner.position, moving=True),
            inner.logdensity,
            split.take(inner.logdensity_grad, moving=True),
        )
        part, draws = jax.lax.scan(one_draw, part, jax.random.split(key, split.draws))
        position = split.merge(part.position, resting)
        return State(blackjax_hmc.init(position, target.log_density), tuning), draws

    if split.draws > 1:
        return sweep

    def single(key: Array, state: State) -> tuple[State, Draws]:
        state, draw = whole(key, state)
        return state, jax.tree.map(lambda array: array[None], draw)

    return single
