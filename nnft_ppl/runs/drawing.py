"""Draws of one sampler: block by block, written as they come, until there are enough or time is up."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.checks import (
    MIN_ESS,
    Check,
    MeasureProgram,
    MeasureStream,
    ModeCoverage,
    disagreeing,
    fewest_draws,
    untrusted,
)
from nnft_ppl.display import Progress, Stage
from nnft_ppl.observables import Derived, functions_of
from nnft_ppl.results import RunFolder, phase_of, quoted_series, series_of, usable_log_weights
from nnft_ppl.runs.block_sizes import block_sizes, kept_every
from nnft_ppl.runs.precision import refuse_imprecise
from nnft_ppl.runs.recorder import Recorder, refuse_nan
from nnft_ppl.runs.snapshots import Snapshots
from nnft_ppl.runs.states import state_dataset
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import SAMPLERS, Block, MakeSampler, Modes, Sampler, SamplerError, Settings
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import Theory

DEFAULT_DRAWS = 2000
"""Draws per chain where none are asked for."""
MOST_LONGER = 10
"""How many times the usual number of draws `auto` makes, at most, until there are effective draws enough."""
TOLD_MODES = set(SAMPLERS) - {"reweight", "tempered"}
"""Samplers that begin elsewhere than at exact free draws."""
LOOK_AGAIN = 1.1
"""`auto` looks whether its draws are enough each time that they are so many times more."""


@dataclass(frozen=True)
class Job:
    """One call of `sample`, but for the choice of the sampler."""

    theory: Theory
    num_chains: int
    num_draws: int | None
    num_warmup: int
    keep: str
    until: float
    """When to stop, on the clock of `time.perf_counter`."""
    targets: Targets
    """What samplers are given."""
    checks: list[Check]
    coverage: ModeCoverage | None
    """The one of them that searches for modes."""
    program: MeasureProgram
    """What they measure."""
    folder: RunFolder | None
    progress: Progress

    def modes(self, sampler: str) -> Modes | None:
        """The modes that a sampler of this name is told: searched for once, where they are checked.

        Args:
            sampler: Its name.
        """
        return self.coverage.places(self.theory, self.progress) if self.coverage and sampler in TOLD_MODES else None

    @property
    def usual(self) -> int:
        """Draws per chain."""
        return DEFAULT_DRAWS if self.num_draws is None else self.num_draws

    def most(self, *, auto: bool) -> int:
        """Draws per chain at most; `auto` goes on where no number was asked for."""
        return self.usual * MOST_LONGER if auto and self.num_draws is None else self.usual

    @property
    def time_is_up(self) -> bool:
        """Whether nothing more is to be begun."""
        return time.perf_counter() >= self.until


@dataclass(frozen=True)
class Drawn:
    """What a sampler drew."""

    recorder: Recorder
    stream: MeasureStream | None
    """What checks measured on some of the draws."""
    blocks: int
    """Blocks written so far, those of other samplers before it included."""
    snapshots: Snapshots
    """Some draws, to be looked at."""
    interrupted: bool


def draw(job: Job, name: str, make: MakeSampler, key: jax.Array, blocks: int, *, auto: bool) -> Drawn:
    """The draws of one sampler, written block by block after those that are there.

    Args:
        job: What is asked.
        name: Name of the sampler, for progress.
        make: The sampler.
        key: Its random key.
        blocks: Blocks that other samplers have written.
        auto: Whether it goes on until there are effective draws enough.

    Raises:
        SamplerError, FieldError, WriteError: If it cannot go on.
        KeyboardInterrupt: If it is interrupted before the first block is there.
    """
    most, size = job.most(auto=auto), (job.theory.dimension, job.num_chains)
    keep_every = kept_every(*size, job.usual, job.keep)
    stream = MeasureStream.every_so_often(job.program, job.usual, keep_every) if job.program.measurements else None
    returned_every = keep_every or (stream.every if stream else 0)
    sizes = block_sizes(*size, most, limited=job.until < math.inf)
    settings = Settings(key, job.num_chains, most, job.num_warmup, returned_every, **sizes, progress=job.progress)
    recorder, snapshots, enough = Recorder(job.theory, keep_every), Snapshots(), _Enough(job)
    interrupted = False
    settings = replace(settings, modes=job.modes(name))
    job.progress(Stage(f"compiling {name}"))
    try:
        target = job.targets.of_sampler(name, modes=settings.modes is not None)
        sampler = make(target, settings)
        if not hasattr(sampler, "start") or not hasattr(sampler, "step"):
            raise SamplerError(f"sampler {name!r} gave {sampler!r}, not a Sampler with start() and step(state)")
        state = sampler.start()
        while recorder.draws < most:
            first = recorder.draws
            state, block = _step(name, sampler, state, job.num_chains)
            if not block.length:  # the sampler has no more
                break
            tree = recorder.add(block)
            if job.folder:
                job.folder.write_block(blocks, tree)
                job.folder.write_state(state_dataset(state))
            blocks += 1
            refuse_nan(tree)
            refuse_imprecise(block.kind, tree)
            if block.positions is not None and returned_every:
                snapshots.add(block.positions, _log_weights(block, first, returned_every))
                if stream:
                    stream.add(block.positions, first, returned_every)
            shown = max(job.usual, recorder.draws)
            job.progress(Stage(f"drawing by {name}", recorder.draws, shown, may_stop_here=False))
            if job.time_is_up or (recorder.draws < most and enough(recorder)):
                break
    except KeyboardInterrupt:
        if not recorder.draws:
            raise
        interrupted = True
    if not recorder.draws:
        raise SamplerError(f"sampler {name!r} made no draws: its first block is empty")
    return Drawn(recorder, stream, blocks, snapshots, interrupted)


def _step(name: str, sampler: Sampler, state: Any, num_chains: int) -> tuple[Any, Block]:
    """The next state and block, if the sampler keeps to what a step gives."""
    step = sampler.step(state)
    if not isinstance(step, tuple) or len(step) != 2 or not isinstance(step[1], Block):
        raise SamplerError(f"sampler {name!r}: step(state) must return (state, Block), not {type(step).__name__}")
    state, block = step
    if not isinstance(block.measured, dict) or "observables" not in block.measured:
        raise SamplerError(f"sampler {name!r}: `measured` of a block must be what target.measure(z) gives")
    return state, block.checked(name, num_chains)


def _log_weights(block: Block, first: int, every: int) -> np.ndarray:
    """Log weights of the draws whose positions a block has, (chain, kept); zero for those of a Markov chain."""
    stats = block.stats
    logs = stats["log_weight"] if block.kind.weighted else np.zeros(next(iter(stats.values())).shape)
    return logs[:, (-first) % every :: every]


class _Enough:
    """Whether every estimate has effective draws enough, with some to spare; looked at ever more seldom."""

    def __init__(self, job: Job) -> None:
        self._next, self._derived = float(job.usual), job.theory.derived
        # What is tested on either half of the draws needs as many there.
        self._times = 2.0 if job.theory.held_out else 1.0

    def __call__(self, recorder: Recorder) -> bool:
        if recorder.draws < self._next:
            return False
        self._next = LOOK_AGAIN * recorder.draws
        return enough_draws(recorder.data, recorder, self._derived, self._times)


def enough_draws(
    data: xr.DataTree, recorder: Recorder, derived: Mapping[str, Derived] | None = None, times: float = 1.0
) -> bool:
    """Whether every estimate has more than 1.2 times the effective draws that the verdict asks for.

    Nor is it enough while two error estimators disagree: a chain is too short for its autocorrelation then, which more
    draws mend. A function of means is looked at as it will be quoted: not enough while no error of it can be trusted;
    entries without an error beside others are not waited for.

    Args:
        data: The draws.
        recorder: Of what kind they are.
        derived: Functions of means.
        times: How many times as many are enough.
    """
    assert recorder.kind is not None
    weights = usable_log_weights(recorder.kind, series_of(data, "sample_stats"))
    series, phase, independent = series_of(data), phase_of(series_of(data, "phase")), recorder.kind.independent
    found = estimate(series, None, weights, independent=independent, phase=phase)
    functions = functions_of(derived or {})
    quoted = estimate(quoted_series(data, weights), functions, weights, independent=independent, phase=phase)
    found |= {name: quoted[name] for name in functions}
    fewest = fewest_draws(found, series)
    enough = not untrusted(found, series) and all(number > 1.2 * times * MIN_ESS for number in fewest.values())
    return enough and not disagreeing(quoted, series)
