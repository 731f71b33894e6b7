r"""What a gradient sampler learns before it draws: a scale for each coordinate, step sizes, a trajectory's length.

**Scales.** In units of its own scale every coordinate should feel a force of the same size: with forces f_i = ∂S/∂z_i,
the step of coordinate i is ε s_i, s_i ∝ 1/√⟨f_i²⟩, cut at one radian. A wave's momentum feels its force times
|x|, so in a large box it is slowed; its amplitude need not be. The neurons of a network can be exchanged, and a
long-run average is the same for all of them, while Fourier modes differ for good: how far a coordinate's own
average is believed, against that of its group, follows from how well the chains agree on it (James and Stein's rule).

**Step size.** The rejection of a second-order integrator is erfc(x) with x ∝ ε² for small steps, so that one measured
acceptance gives the next ε.

**Length.** A trajectory is worth what the field forgets along it per gradient, not what the parameters do: a U-turn in
parameter space comes long after the field has changed. The lag-one autocorrelation ρ of the observables gives a draw's
worth, (1 − ρ)/(1 + ρ), in effective draws.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray
from scipy.special import erfcinv

from nnft_ppl.samplers.blocks import CHUNK_DRAWS, Chunk, Settings, over_chains
from nnft_ppl.samplers.gaussian_flow import LARGEST_ANGLE
from nnft_ppl.samplers.target import Target

ACCEPTANCE = 0.8
"""Acceptance that step sizes are adapted to."""
LENGTHS = (1, 2, 4)
"""Lengths of a trajectory, in steps, that are tried in the warm-up."""
MEASURING_COST = 1.0
"""Cost of measuring the observables of a draw, in gradients."""
LEAST_FORCE = 1e-6
"""Forces below this share of the largest count as this: a coordinate that feels nothing may take any step."""


class Tuning(NamedTuple):
    """What the warm-up finds, the same for all chains."""

    scales: Array
    """s_i, shape (dimension,)."""
    step: Array
    """ε of the draws' trajectories."""
    sweep_step: Array
    """ε of the trajectory of all parameters in a sweep in which some rest."""
    num_steps: Array
    """Steps of the draws' trajectories."""


class State(NamedTuple):
    """A chain: BlackJAX's state and the tuning."""

    inner: Any
    tuning: Tuning

    @property
    def position(self) -> Array:
        """Where the chain is."""
        return self.inner.position


def coordinate_scales(
    forces: Float[ndarray, "chain draw dimension"], groups: dict[str, slice]
) -> Float[ndarray, " dimension"]:
    """The scale s_i ∝ 1/√⟨f_i²⟩ of every coordinate, 1 for the coordinate or group that feels the largest force.

    Args:
        forces: ∂S/∂z at some points of each chain.
        groups: The slice of z that belongs to each parameter.

    Returns:
        Scales of at least 1; all 1 where no force was felt.
    """
    squares = np.mean(np.asarray(forces, dtype=float) ** 2, axis=1)
    typical = np.ones(squares.shape[1])
    for part in groups.values():
        own = squares[:, part]
        floor = LEAST_FORCE**2 * max(float(np.mean(squares)), np.finfo(float).tiny)
        logs = np.log(np.maximum(own, floor))
        mean = np.log(max(float(np.mean(own)), floor))
        profile = np.log(np.maximum(np.mean(own, axis=0), floor)) - mean
        typical[part] = np.exp(mean + _believed(logs) * profile)
    return np.sqrt(np.max(typical) / typical)


def _believed(logs: Float[ndarray, "chain coordinate"]) -> float:
    """How far each coordinate's own average is to be believed: 1 where chains agree on it, 0 where they do not."""
    chains, coordinates = logs.shape
    if chains < 2 or coordinates < 2:
        return 0.0
    between = float(np.var(np.mean(logs, axis=0), ddof=1))
    noise = float(np.mean(np.var(logs, axis=0, ddof=1))) / chains
    return max(0.0, 1.0 - noise / between) if between > 0 else 0.0


def next_step(step: float, acceptance: float, wanted: float, largest: float) -> float:
    """The step size at which the acceptance should be `wanted`, from the one found at `step`; at most `largest`."""
    x_found = float(erfcinv(np.clip(np.nan_to_num(acceptance), 1e-4, 1 - 1e-4)))
    return min(largest, step * float(np.clip(np.sqrt(float(erfcinv(wanted)) / x_found), 0.3, 1.5)))


def worth(measured: Any, gradients: float) -> float:
    """Effective draws per gradient, of the observable that forgets most slowly.

    Args:
        measured: PyTree of arrays of shape (chain, draw, ...).
        gradients: Cost of a draw in gradients, without that of measuring it.
    """
    columns = [np.asarray(array, float).reshape(*array.shape[:2], -1) for array in jax.tree.leaves(measured)]
    series = np.concatenate(columns, axis=2)
    series = series - np.mean(series, axis=(0, 1))
    variance = np.mean(series**2, axis=(0, 1))
    varies = variance > 0
    if not np.any(varies):
        return 0.0
    lagged = np.mean(series[:, 1:] * series[:, :-1], axis=(0, 1))[varies] / variance[varies]
    slowest = float(np.clip(np.max(lagged), -0.5, 0.999))
    return (1 - slowest) / (1 + slowest) / (gradients + MEASURING_COST)


def warm_up(
    target: Target,
    settings: Settings,
    chunk: Chunk,
    states: State,
    key: Array,
    lengths: tuple[int, ...] = (),
) -> State:
    """The chains after warm-up, with scales and step sizes adapted, and the best of these lengths.

    Scales come first, then the lengths; step sizes are followed all the time.

    Args:
        target: What is sampled.
        settings: What the sampler was told.
        chunk: The compiled program that the draws will use too.
        states: States of all chains at their start.
        key: Key of the warm-up.
        lengths: Lengths of a trajectory to try; none for a sampler that finds its own.
    """
    forces_at = over_chains(jax.grad(target.potential), settings.num_chains)
    tuning: Tuning = jax.tree.map(lambda array: array[0], states.tuning)
    calls = -(-settings.num_warmup // CHUNK_DRAWS)
    trials = max(0, (calls - 4) // (len(lengths) + 1)) * len(lengths)
    gains: dict[int, list[float]] = {length: [] for length in lengths}
    forces, steps = [], []
    for call in range(calls):
        trial = call - (calls - trials) * 4 // 5  # a fifth of the other calls follows the trials
        if 0 <= trial < trials:
            tuning = tuning._replace(num_steps=jnp.asarray(lengths[trial % len(lengths)]))
        elif trials and trial == trials:
            best = max(lengths, key=lambda length: float(np.mean(gains[length])))
            tuning = tuning._replace(num_steps=jnp.asarray(best))
        states, draws = chunk(for_chains(states.inner, tuning, settings), jax.random.fold_in(key, call))
        if 0 <= trial < trials:
            length = lengths[trial % len(lengths)]
            gains[length].append(worth(draws.measured, length))
        elif trial < 0:
            forces = [*forces[-4:], np.asarray(forces_at(states.inner.position))]
            scales = coordinate_scales(np.stack(forces, axis=1), target.groups)
            tuning = tuning._replace(scales=jnp.asarray(scales))
        tuning = _stepped(tuning, draws.stats)
        steps.append((float(tuning.step), float(tuning.sweep_step)))
    step, sweep_step = np.exp(np.mean(np.log(steps[-max(1, calls // 3) :]), axis=0))
    return for_chains(
        states.inner, tuning._replace(step=jnp.asarray(step), sweep_step=jnp.asarray(sweep_step)), settings
    )


def first_tuning(scales: Float[ndarray, " dimension"]) -> Tuning:
    """The tuning that warm-up starts from."""
    return Tuning(jnp.asarray(scales), jnp.asarray(0.3), jnp.asarray(0.3), jnp.asarray(LENGTHS[1]))


def for_chains(inner: Any, tuning: Tuning, settings: Settings) -> State:
    """The chains' states with one tuning for all."""
    repeated = jax.tree.map(lambda array: jnp.broadcast_to(array, (settings.num_chains, *array.shape)), tuning)
    return State(inner, repeated)


def _stepped(tuning: Tuning, stats: Mapping[str, Any]) -> Tuning:
    """Step sizes corrected by the acceptance that they gave."""

    def corrected(step: Array, name: str) -> Array:
        acceptance = float(np.mean(np.nan_to_num(stats[name])))
        return jnp.asarray(next_step(float(step), acceptance, ACCEPTANCE, LARGEST_ANGLE))

    tuning = tuning._replace(step=corrected(tuning.step, "acceptance_rate"))
    if "sweep_acceptance_rate" in stats:
        tuning = tuning._replace(sweep_step=corrected(tuning.sweep_step, "sweep_acceptance_rate"))
    return tuning
