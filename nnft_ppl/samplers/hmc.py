r"""Hybrid Monte Carlo with the exact Gaussian flow, and cheap trajectories while costly parameters rest.

Every draw is the end of a short trajectory; see `nnft_ppl.samplers.gaussian_flow` for the integrator and
`nnft_ppl.samplers.tuning` for what the warm-up learns.

Where parameters that need small steps are also what the action's cost is made of (the momenta of plane waves in a box),
they rest during the trajectories, of which the compiler then computes the waves only once. A sweep draws a few of them
afresh from the free theory, accepted by the action, many times over, and then makes several trajectories of the
others. Each move leaves the density invariant, and so does their sequence. Fresh draws go far where trajectories would
creep: a long, weak autocorrelation from slow momenta would make errors too small.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import hmc as blackjax_hmc
from jaxtyping import Array

from nnft_ppl.samplers.chains import Chains, Draws, Program, Sweep, one_draw, record
from nnft_ppl.samplers.gaussian_flow import angles, rotation_integrator, statistics
from nnft_ppl.samplers.hoisting import resting_share
from nnft_ppl.samplers.jumps import Fixed, with_jumps
from nnft_ppl.samplers.pcn import PcnState, metropolis, refresh_some
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import refuse_discrete, start_chains
from nnft_ppl.samplers.tuning import (
    LENGTHS,
    State,
    Tuning,
    coordinate_scales,
    first_tuning,
    for_chains,
    states_at,
    warm_up,
)
from nnft_ppl.target import Target

SLOW = 0.65
"""Parameters whose scale is below this share of the largest may rest."""
SAVING = 0.5
"""They do if at least this share of the action's cost rests with them."""
REFRESHES = 2
"""Rounds of fresh draws for a few of them, for every trajectory of a sweep."""
UNFELT = 100.0
"""Parameters whose scale is above this hardly feel the action: they move, but say nothing about the others."""
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


def hmc(
    target: Target,
    settings: Settings,
    integrator: Callable = rotation_integrator,
    refresh: Callable = refresh_some,
) -> Sampler:
    """Hybrid Monte Carlo; warm-up adapts scales, step sizes (to an acceptance of 0.8) and the trajectory's length.

    Each transition jitters its step size by ±20 %, so that no mode can return to its start in every trajectory.

    Args:
        target: What is sampled.
        settings: What is asked for; `num_warmup` at least 1.
        integrator: Made from a log density; it must be reversible and keep volume.
        refresh: (key, resting coordinates, share) -> resting coordinates, reversible in N(0, I).

    Raises:
        ValueError: Without warm-up, or for discrete coordinates.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.
    """
    refuse_discrete(target)
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def begin(program: Callable) -> tuple[State, Fixed]:
        start = start_chains(target, key_start, settings.num_chains, settings.modes)
        scales = coordinate_scales(start.typical_forces[:, None], target.groups)
        states = for_chains(states_at(start), first_tuning(scales), settings)
        fixed = Fixed(scales, settings.modes)
        return warm_up(target, settings, program(fixed), states, key_warmup, LENGTHS), fixed

    def build(fixed: Fixed) -> Program:
        split = split_parameters(target, fixed.scales)
        sweep = _sweep(target, settings, split, integrator, refresh)
        return Program.of(settings, with_jumps(sweep, target, fixed.modes), split.draws)

    return Chains(settings, key_draws, begin, build)


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
    loosest = max((scale for scale in typical.values() if scale < UNFELT), default=0.0)
    slow = {name for name, scale in typical.items() if scale < SLOW * loosest}
    if not slow:
        return whole
    share = resting_share(target.potential, target.dimension, target.groups, slow)
    if share < SAVING:
        return whole
    draws = max(2, round(1 / max(1 - share, 1 / MOST_DRAWS)))
    return Split(tuple((part, name not in slow) for name, part in parts), draws)


def _sweep(target: Target, settings: Settings, split: Split, integrator: Callable, refresh: Callable) -> Sweep:
    transition: Callable = blackjax_hmc.build_kernel(integrator)

    def whole(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        tuning = state.tuning
        inner, stats = trajectory(transition, key, state.inner, target.log_density, tuning, tuning.scales)
        return State(inner, tuning), stats

    def sweep(key: Array, state: State) -> tuple[State, Draws]:
        tuning = state.tuning
        key_fresh, key = jax.random.split(key)
        moving, resting = (split.take(state.inner.position, moving=moves) for moves in (True, False))
        scales = split.take(tuning.scales, moving=True)
        # The potential here is known: another copy of the action in the program would take seconds to compile.
        potential = potential_of(state.inner)
        resting, acceptance = _refresh_resting(
            key_fresh,
            PcnState(resting, potential),
            lambda resting: target.potential(split.merge(moving, resting)),
            tuning.sweep_step,
            refresh,
            REFRESHES * split.draws,
        )

        def log_density(moving: Array) -> Array:
            return target.log_density(split.merge(moving, resting))

        def one_draw(part: Any, key: Array) -> tuple[Any, Draws]:
            part, stats = trajectory(transition, key, part, log_density, tuning, scales)
            stats["sweep_acceptance_rate"] = acceptance
            return part, record(target, settings, split.merge(part.position, resting), stats)

        part = blackjax_hmc.init(moving, log_density)
        part, draws = jax.lax.scan(one_draw, part, jax.random.split(key, split.draws))
        # The resting coordinates' own forces are not asked for: as if there were none.
        gradient = split.merge(part.logdensity_grad, -resting)
        inner = blackjax_hmc.HMCState(split.merge(part.position, resting), part.logdensity, gradient)
        return State(inner, tuning), draws

    return one_draw(target, settings, whole) if split.draws == 1 else sweep


def trajectory(
    transition: Callable, key: Array, state: Any, log_density: Callable, tuning: Tuning, scales: Array
) -> tuple[Any, dict[str, Array]]:
    """The end of one trajectory with a jittered step, and its statistics.

    Args:
        transition: BlackJAX's, with the integrator of `nnft_ppl.samplers.gaussian_flow`.
        key: A random key, a scalar.
        state: BlackJAX's, of the coordinates that move.
        log_density: Of them.
        tuning: Step size and number of steps.
        scales: Scale of each of them.
    """
    key_jitter, key = jax.random.split(key)
    turned = angles(tuning.step, scales, jax.random.uniform(key_jitter, minval=0.8, maxval=1.2))
    state, info = transition(key, state, log_density, turned, jnp.ones(state.position.size), tuning.num_steps)
    return state, statistics(state, info, tuning.step)


def potential_of(inner: Any) -> Array:
    """The potential U at a chain's position, of which the state holds −|z|²/2 − U."""
    return -inner.logdensity - 0.5 * jnp.sum(inner.position**2)


def _refresh_resting(
    key: Array, start: PcnState, potential: Callable, share: Array, refresh: Callable, rounds: int
) -> tuple[Array, Array]:
    """The resting coordinates after some rounds of fresh draws for a few of them, and the acceptance."""

    def one_round(state: PcnState, key: Array) -> tuple[PcnState, Array]:
        key_move, key_accept = jax.random.split(key)
        return metropolis(key_accept, state, refresh(key_move, state.position, share), potential)

    state, acceptance = jax.lax.scan(one_round, start, jax.random.split(key, rounds))
    return state.position, jnp.mean(acceptance)
