"""Draws of one sampler: block by block, written as they come, until there are enough or time is up."""

import math
import time
from dataclasses import dataclass
from typing import Any

import jax

from nnft_ppl.checks import Check, MeasureProgram, MeasureStream, ModeCoverage, Tolerance
from nnft_ppl.display import Progress, Stage
from nnft_ppl.results import RunFolder
from nnft_ppl.runs.auto import Choice
from nnft_ppl.runs.block_sizes import block_sizes, kept_every
from nnft_ppl.runs.collected import Collected
from nnft_ppl.runs.plan import Plan
from nnft_ppl.runs.recorder import Recorder
from nnft_ppl.runs.snapshots import Snapshots
from nnft_ppl.runs.states import state_from, stored_state
from nnft_ppl.runs.stopping import Stopping
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import SAMPLERS, Block, MakeSampler, Modes, Sampler, SamplerError, Settings
from nnft_ppl.theory import Theory

TOLD_MODES = set(SAMPLERS) - {"reweight", "tempered"}
"""Samplers that begin elsewhere than at exact free draws."""


@dataclass(frozen=True)
class Job:
    """One call of `sample`, but for the choice of the sampler."""

    theory: Theory
    num_chains: int
    num_draws: int | None
    num_warmup: int
    keep: str
    keep_series: str
    tolerances: tuple[Tolerance, ...]
    """Errors that are asked for."""
    deadline: float
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
    plan: Plan
    """What is settled."""

    def modes(self, sampler: str) -> Modes | None:
        """The modes that a sampler of this name is told: searched for once, where they are checked.

        Args:
            sampler: Its name.
        """
        return self.coverage.places(self.theory, self.progress) if self.coverage and sampler in TOLD_MODES else None

    def stopping(self, *, auto: bool) -> Stopping:
        """When there are draws enough.

        Args:
            auto: Whether the sampler is chosen, and goes on until there are effective draws enough.
        """
        limited = self.deadline < math.inf
        return Stopping(self.theory, self.num_draws, self.tolerances, auto=auto, limited=limited)

    @property
    def time_is_up(self) -> bool:
        """Whether nothing more is to be begun."""
        return time.perf_counter() >= self.deadline


@dataclass(frozen=True)
class Drawn:
    """What a sampler drew."""

    recorder: Recorder
    stream: MeasureStream | None
    """What checks measured on some of the draws."""
    blocks: int
    """In how many blocks."""
    snapshots: Snapshots
    """Some draws, to be looked at."""
    interrupted: bool
    whole: bool
    """Whether all was drawn that was asked for: it was not interrupted, and time was not up before."""


def draw(job: Job, number: int, choice: Choice, make: MakeSampler, key: jax.Array, *, auto: bool) -> Drawn:
    """The draws of one sampler, written block by block; those that are on disk are read, and it goes on from there.

    Args:
        job: What is asked.
        number: Which leg of the plan this is.
        choice: The sampler, by name.
        make: The sampler.
        key: Its random key.
        auto: Whether it goes on until there are effective draws enough.

    Raises:
        SamplerError, FieldError, WriteError: If it cannot go on.
        ResultError: If what is on disk is damaged, or was made for other checks.
        KeyboardInterrupt: If it is interrupted before the first block is there.
    """
    leg, name = job.plan.leg(number), choice.name
    if leg and leg.error:
        raise SamplerError(leg.error)
    size, plan, stopping = (job.theory.dimension, job.num_chains), job.plan, job.stopping(auto=auto)
    sizes = block_sizes(*size, plan.most, limited=plan.limited)
    growing = leg.growing if leg else sizes["growing"]
    collected = Collected(
        job.theory, job.program, plan.draws, kept_every(*size, plan.draws, job.keep), job.folder,
        keep_all=job.keep == "all", whole=job.keep_series == "all",
    )  # fmt: skip
    count, last = plan.stored(number) if leg and job.folder else (0, None)
    recorder = collected.recorder
    interrupted = _read(collected, stopping, leg.first if leg else 0, count, job.progress)

    def drawn(*, whole: bool) -> Drawn:
        return Drawn(recorder, collected.stream, collected.block, collected.snapshots, interrupted, whole)

    collected.leg, collected.block = number, count
    if leg and leg.blocks is not None:
        return drawn(whole=not interrupted)
    whole = bool(recorder.draws) and stopping(recorder)
    if whole or interrupted or (recorder.draws and job.time_is_up):
        return drawn(whole=whole and not interrupted)
    try:
        settings = Settings(
            key, job.num_chains, stopping.most, job.num_warmup, collected.returned_every,
            **sizes | {"growing": growing}, progress=job.progress, checkpoint=collected.checkpoint,
            modes=job.modes(name),
        )  # fmt: skip
        job.progress(Stage(f"compiling {name}"))
        sampler = make(job.targets.of_sampler(name, modes=settings.modes is not None), settings)
        if not hasattr(sampler, "start") or not hasattr(sampler, "step"):
            raise SamplerError(f"sampler {name!r} gave {sampler!r}, not a Sampler with start() and step(state)")
        leg = leg or plan.begin(choice, growing=growing)
        state = None if last is None else stored_state(last)
        if state is None:
            state = sampler.start()
            state = state if last is None else state_from(last, state)
        collected.first = leg.first
        collected.checkpoint(lambda: state)
        while not whole:
            state, block = _step(name, sampler, state, job.num_chains)
            if not block.length:  # the sampler has no more
                whole = True
                break
            collected.add(block, state)
            done = recorder.draws
            told = {"may_stop_here": False, "note": stopping.words(done)}
            job.progress(Stage(f"drawing by {name}", done, stopping.expected(done), **told))
            whole = stopping(recorder)
            if job.time_is_up:
                break
    except KeyboardInterrupt:
        if not recorder.draws:
            raise
        interrupted, whole = True, False
    if not recorder.draws:
        raise SamplerError(f"sampler {name!r} made no draws: its first block is empty")
    return drawn(whole=whole)


def _read(collected: Collected, stopping: Stopping, first: int, count: int, progress: Progress) -> bool:
    """Take the blocks that are on disk; whether an interruption came, which waits until all are read."""
    interrupted = False
    for number in range(first, first + count):
        if collected.recorder.draws:  # it was looked at before the next block was drawn, and was not enough
            stopping.replay(collected.recorder)
        try:
            progress(Stage("reading blocks", number - first, count, may_stop_here=False))
        except KeyboardInterrupt:
            interrupted = True
        collected.read(number)
    return interrupted


def _step(name: str, sampler: Sampler, state: Any, num_chains: int) -> tuple[Any, Block]:
    """The next state and block, if the sampler keeps to what a step gives."""
    step = sampler.step(state)
    if not isinstance(step, tuple) or len(step) != 2 or not isinstance(step[1], Block):
        raise SamplerError(f"sampler {name!r}: step(state) must return (state, Block), not {type(step).__name__}")
    state, block = step
    if not isinstance(block.measured, dict) or "observables" not in block.measured:
        raise SamplerError(f"sampler {name!r}: `measured` of a block must be what target.measure(z) gives")
    return state, block.checked(name, num_chains)
