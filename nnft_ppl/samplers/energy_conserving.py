r"""Microcanonical trajectories at constant speed, with a Metropolis test of the energy that they should conserve.

The Hamiltonian $H = d\,\ln|p| - \ln P(z)$ in d dimensions has no temperature: on its surfaces of constant energy z has
the density P, whatever the energy, as $\int d^dp\,\delta(H - E) \propto P(z)$. In a time in which z moves at speed 1,
with the direction u = p/|p|,

$$\dot z = u, \qquad \dot u = \frac{(1 - uu^T)\,\nabla\ln P}{d-1} .$$

It is a dynamics of learning that conserves energy, where descent loses it, and runs past a minimum of the loss. Alone
it need not reach all of a surface, and steps of finite size do not conserve the energy: both would bias averages. Here
every trajectory begins in a fresh direction, and ends in a Metropolis test of ΔH, the change of d ln|p| along the way
included, by which P is exact at any step size.

Source: J. Robnik, G. B. De Luca, E. Silverstein and U. Seljak, arXiv:2212.08549 (microcanonical dynamics);
G. B. De Luca and E. Silverstein, arXiv:2201.11137 (energy-conserving descent); the steps and the test are BlackJAX's.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from blackjax.mcmc import adjusted_mclmc
from blackjax.mcmc.integrators import isokinetic_velocity_verlet
from jaxtyping import Array

from nnft_ppl.samplers.chains import Chains, Sweep, one_draw
from nnft_ppl.samplers.gaussian_flow import statistics
from nnft_ppl.samplers.jumps import Fixed, with_jumps
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import refuse_discrete, start_chains
from nnft_ppl.samplers.tuning import State, coordinate_scales, first_tuning, for_chains, states_at, warm_up
from nnft_ppl.target import Target

LENGTHS = (1, 2, 4)
"""Lengths of a trajectory, in steps, that are tried in the warm-up."""


def energy_conserving(target: Target, settings: Settings, integrator: Callable = isokinetic_velocity_verlet) -> Sampler:
    """Microcanonical trajectories from fresh directions, with a Metropolis test of their energy, which makes it exact.

    Warm-up adapts the step size to an acceptance of 0.8, and the length; scales of the coordinates are those of the
    forces where the chains start. Each transition jitters its step size by ±20 %.

    Args:
        target: What is sampled; of two dimensions at least.
        settings: How many chains and draws; `num_warmup` at least 1.
        integrator: Made as BlackJAX's from a log density and scales squared; reversible, and telling the change of
            d ln|p|.

    Raises:
        ValueError: Without warm-up, for discrete coordinates, or in one dimension, where a speed has no direction to
            turn.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.
    """
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    refuse_discrete(target)
    if target.dimension < 2:
        raise ValueError(
            "this sampler turns the direction of a constant speed, and a theory of one parameter has none: use "
            "--sampler hmc"
        )
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    transition: Callable = adjusted_mclmc.build_kernel(integrator)

    def step_with(scales: np.ndarray) -> Callable[[Array, State], tuple[State, dict[str, Array]]]:
        def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
            tuning: Any = state.tuning
            key_jitter, key = jax.random.split(key)
            # Each coordinate moves by 1/√d of the way: the step is one of each coordinate, as it is in `hmc`.
            length = tuning.step * target.dimension**0.5 * jax.random.uniform(key_jitter, minval=0.8, maxval=1.2)
            inner, info = transition(
                key, state.inner, target.log_density, length, (tuning.num_steps,), inverse_mass_matrix=scales**2
            )
            stats = statistics(inner, info, tuning.step)
            del stats["energy"]  # of fresh directions, which no refreshing of them can change
            return State(inner, tuning), stats

        return step

    def begin(program: Callable) -> tuple[State, Fixed]:
        start = start_chains(target, key_start, settings.num_chains, settings.modes)
        # Unlike those of `hmc`, steps know nothing of the Gaussian part, whose forces z, of size 1, add to the others.
        forces = np.sqrt(1 + start.typical_forces**2)[:, None]
        scales = coordinate_scales(forces, target.groups)
        fixed = Fixed(scales / np.max(scales), settings.modes)
        states = for_chains(states_at(start), first_tuning(fixed.scales), settings)
        return warm_up(target, settings, program(fixed), states, key_warmup, LENGTHS), fixed

    def build(fixed: Fixed) -> Sweep:
        return with_jumps(one_draw(target, settings, step_with(np.asarray(fixed.scales))), target, fixed.modes)

    return Chains(settings, key_draws, begin, build)
