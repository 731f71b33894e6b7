"""Chains of discrete and continuous parameters: heat baths of the integers, trajectories of the rest.

The state of a chain is a point y: z of the continuous coordinates, and the levels of the discrete ones. A draw is

1. heat baths of the levels at fixed z, single ones, pairs, whole sectors, and levels in wells that lie apart
   (`nnft_ppl.samplers.integer_moves`, `nnft_ppl.samplers.level_scan`), or the model's own move of all discrete sites,
   where it brings one;
2. a trajectory of the continuous coordinates at fixed levels, as in `nnft_ppl.samplers.hmc`;
3. coordinates of the levels, drawn from N(0, 1) within the cell of each, as for every other sampler.

Each leaves the density invariant, and so does their sequence.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import hmc as blackjax_hmc
from jaxtyping import Array

from nnft_ppl.samplers.chains import Chains, Program, Sweep, one_draw
from nnft_ppl.samplers.gaussian_flow import rotation_integrator
from nnft_ppl.samplers.hmc import trajectory
from nnft_ppl.samplers.integer_moves import WHOLE, Lines, heat_baths, window_of
from nnft_ppl.samplers.level_scan import far_levels
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import start_chains
from nnft_ppl.samplers.tuning import LENGTHS, State, coordinate_scales, first_tuning, for_chains, states_at, warm_up
from nnft_ppl.target import Discrete, Position, Target


class MixedState(NamedTuple):
    """A chain's place."""

    position: Position
    """z."""
    point: Position
    """y."""
    logdensity: Array
    """Of y."""
    logdensity_grad: Position
    """Its gradient in the continuous coordinates; −z in the others, as if they felt no force."""


def mixed(target: Target, settings: Settings, window: Callable = window_of) -> Sampler:
    """Heat baths of the discrete coordinates and Hybrid Monte Carlo of the continuous ones, in turn.

    Warm-up adapts the trajectories as that of `hmc` does. Of the statistics, `moved` is the share of heat baths that
    changed something.

    Args:
        target: What is sampled, with discrete coordinates.
        settings: What is asked for; `num_warmup` at least 1.
        window: The points among which a heat bath picks, as `window_of`.

    Raises:
        ValueError: Without warm-up, or without discrete coordinates.
        SamplerError: If the action is not finite on a free draw.
    """
    if target.discrete is None:
        raise ValueError("mixed is for theories with discrete sites, and this one has none: use hmc")
    if settings.num_warmup < 1:
        raise ValueError("mixed finds its step size during warm-up: warmup must be at least 1")
    discrete = target.discrete
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    still = np.zeros(target.dimension, bool)
    for name in discrete.sites:
        still[target.groups[name]] = True

    def begin(program: Callable) -> tuple[State, np.ndarray]:
        start = start_chains(target, key_start, settings.num_chains)
        scales = coordinate_scales(start.typical_forces[:, None], target.groups)
        begun: Any = states_at(start)  # its density is not asked for before the first trajectory
        points = jax.jit(jax.vmap(discrete.point))(start.positions)
        inner: Any = MixedState
        inner = inner(begun.position, points, begun.logdensity, begun.logdensity_grad)
        states = for_chains(inner, first_tuning(scales), settings)
        lengths = () if np.all(still) else LENGTHS
        return warm_up(target, settings, program(scales), states, key_warmup, lengths), scales

    def build(_: Any) -> Program:
        return Program.of(settings, _sweep(target, discrete, settings, still, key_start, window))

    return Chains(settings, key_draws, begin, build)


def _sweep(
    target: Target, discrete: Discrete, settings: Settings, still: np.ndarray, key: Array, window: Callable
) -> Sweep:
    moving = np.flatnonzero(~still)
    ends = jax.jit(jax.vmap(lambda key: discrete.bounds(discrete.point(target.free_draw(key)))))
    apart = {} if discrete.moves else far_levels(target, key, WHOLE + 1)
    lowest, highest = map(np.asarray, ends(jax.random.split(key, 2)))
    lines = Lines.of(discrete, target.groups, lowest, highest, apart)
    transition: Callable = blackjax_hmc.build_kernel(rotation_integrator)

    def log_density(point: Position) -> Array:
        return -0.5 * jnp.sum(point[moving] ** 2) - discrete.potential(point)

    def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        tuning, inner = state.tuning, state.inner
        key_levels, key_path, key_cells = jax.random.split(key, 3)
        if discrete.moves:
            point = discrete.moves(key_levels, inner.point)
            moved = jnp.any(point != inner.point).astype(point.dtype)
        else:
            point, moved = heat_baths(key_levels, lines, inner.point, log_density, window)
        if len(moving):
            resting = point
            path = blackjax_hmc.init(point[moving], along := lambda z: log_density(resting.at[moving].set(z)))
            path, stats = trajectory(transition, key_path, path, along, tuning, tuning.scales[moving])
            point, value, gradient = point.at[moving].set(path.position), path.logdensity, path.logdensity_grad
        else:
            value, gradient = log_density(point), jnp.zeros(0, point.dtype)
            stats = {
                "diverging": jnp.zeros((), bool),
                "acceptance_rate": jnp.ones(()),
                "n_steps": jnp.zeros((), int),
                "lp": value,
                "step_size": tuning.step,
            }
        position = discrete.position(key_cells, point)
        inner = MixedState(position, point, value, (-position).at[moving].set(gradient))
        return State(inner, tuning), stats | {"moved": moved}

    return one_draw(target, settings, step)
