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
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float
from numpy import ndarray
from scipy.special import erfcinv

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import Stage
from nnft_ppl.samplers.chains import Program
from nnft_ppl.samplers.gaussian_flow import LARGEST_ANGLE
from nnft_ppl.samplers.sampler import CHECK_DRAWS, Settings
from nnft_ppl.samplers.starts import Start
from nnft_ppl.target import Target

ACCEPTANCE = 0.8
"""Acceptance that step sizes are adapted to."""
SWEEP_ACCEPTANCE = 0.35
"""Acceptance that the share of resting coordinates drawn afresh is adapted to."""
LENGTHS = (1, 2, 4)
"""Lengths of a trajectory, in steps, that are tried in the warm-up."""
MEASURING_COST = 1.0
"""Cost of measuring the observables of a draw, in gradients."""
LEAST_FORCE = 1e-6
"""Forces below this share of the largest count as this: a coordinate that feels nothing may take any step."""


class Tuning(NamedTuple):
    """What the warm-up finds, the same for all chains; numbers here, arrays inside a compiled program."""

    scales: Any
    """s_i, shape (dimension,)."""
    step: Any
    """ε of the draws' trajectories."""
    sweep_step: Any
    """Share of the resting coordinates that is drawn afresh at once."""
    num_steps: Any
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
    squares = np.asarray(forces, dtype=float) ** 2
    squares = np.maximum(squares, LEAST_FORCE**2 * max(float(np.max(squares)), np.finfo(float).tiny))
    typical = np.ones(squares.shape[2])
    for part in groups.values():
        own = squares[:, :, part]
        # Large fields make all forces large: ratios within a draw vary less than forces do.
        level = np.mean(own, axis=2)
        profile = np.log(np.mean(own / level[:, :, None], axis=1))
        typical[part] = np.exp(np.mean(np.log(level)) + _belief(profile) * np.mean(profile, axis=0))
    return np.sqrt(np.max(typical) / typical)


def _belief(logs: Float[ndarray, "chain coordinate"]) -> float:
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
    columns = [np.asarray(in_parts(array), float).reshape(*array.shape[:2], -1) for array in jax.tree.leaves(measured)]
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
    program: Program,
    states: State,
    key: Array,
    lengths: tuple[int, ...] = (),
) -> State:
    """The chains after warm-up, with scales and step sizes adapted, and the best of these lengths.

    Scales come first, then the lengths; step sizes are followed all the time.

    Args:
        target: What is sampled.
        settings: What the sampler was told.
        program: The compiled program that the draws will use too.
        states: States of all chains at their start.
        key: Key of the warm-up.
        lengths: Lengths of a trajectory to try; none for a sampler that finds its own.
    """
    tuning: Tuning = jax.tree.map(lambda array: np.asarray(array[0]), states.tuning)
    calls = -(-settings.num_warmup // CHECK_DRAWS)
    trials = max(0, (calls - 4) // (len(lengths) + 1)) * len(lengths)
    gains: dict[int, list[float]] = {length: [] for length in lengths}
    forces, steps = [], []
    for call in range(calls):
        trial = call - (calls - trials) * 4 // 5  # a fifth of the other calls follows the trials
        if 0 <= trial < trials:
            tuning = tuning._replace(num_steps=lengths[trial % len(lengths)])
        elif trials and trial == trials:
            best = max(lengths, key=lambda length: float(np.mean(gains[length])))
            tuning = tuning._replace(num_steps=best)
        states, draws = program(for_chains(states.inner, tuning, settings), jax.random.fold_in(key, call), CHECK_DRAWS)
        if 0 <= trial < trials:
            length = lengths[trial % len(lengths)]
            gains[length].append(worth(draws.measured, length))
        elif trial < 0:
            # The gradient of −|z|²/2 − S is at hand.
            forces = [*forces[-4:], np.asarray(states.inner.logdensity_grad + states.inner.position)]
            scales = coordinate_scales(np.stack(forces, axis=1), target.groups)
            tuning = tuning._replace(scales=scales)
        # The first corrections go all the way, later ones half of it: the acceptance of a few draws is noisy.
        tuning = _correct_steps(tuning, draws.stats, 1.0 if call < 2 else 0.5)
        steps.append((float(tuning.step), float(tuning.sweep_step)))
        settings.progress(Stage("warm-up", min((call + 1) * CHECK_DRAWS, settings.num_warmup), settings.num_warmup))
    settings.progress(Stage("drawing", may_stop_here=False))
    step, sweep_step = np.exp(np.mean(np.log(steps[-max(2, calls // 3) :]), axis=0))
    return for_chains(states.inner, tuning._replace(step=step, sweep_step=sweep_step), settings)


def first_tuning(scales: Float[ndarray, " dimension"]) -> Tuning:
    """The tuning that warm-up starts from."""
    return Tuning(scales, 0.3, 0.05, 1)


def states_at(start: Start) -> HMCState:
    """BlackJAX's states of the chains at their start."""
    density = -0.5 * jnp.sum(start.positions**2, axis=1) - start.potentials
    state: Any = HMCState  # its annotations know no batches
    return state(start.positions, density, -start.positions - start.forces)


def for_chains(inner: Any, tuning: Tuning, settings: Settings) -> State:
    """The chains' states with one tuning for all."""
    # With a dtype, for a value that still has Python's would compile the program a second time.
    real, whole = jnp.zeros(()).dtype, jnp.zeros((), int).dtype
    types = Tuning(scales=real, step=real, sweep_step=real, num_steps=whole)
    repeated = jax.tree.map(
        lambda value, dtype: jnp.asarray(np.broadcast_to(value, (settings.num_chains, *np.shape(value))), dtype),
        tuning,
        types,
    )
    return State(inner, repeated)


def _correct_steps(tuning: Tuning, stats: Mapping[str, Any], share: float) -> Tuning:
    """Step sizes corrected by the acceptance that they gave, by this share of the way in their logarithms."""
    found = float(np.mean(np.nan_to_num(stats["acceptance_rate"])))
    step = float(tuning.step)
    tuning = tuning._replace(step=step * (next_step(step, found, ACCEPTANCE, LARGEST_ANGLE) / step) ** share)
    if "sweep_acceptance_rate" in stats:
        found = float(np.mean(stats["sweep_acceptance_rate"]))
        # The square of a change of z is in proportion to the share that is drawn afresh.
        fresh = float(tuning.sweep_step)
        wanted = next_step(fresh**0.5, found, SWEEP_ACCEPTANCE, 1.0) ** 2
        tuning = tuning._replace(sweep_step=fresh * (wanted / fresh) ** share)
    return tuning
