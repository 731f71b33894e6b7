"""Draws of one sampler: block by block, written as they come, until there are enough or time is up."""

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax

from nnft_ppl.checks import Check, MeasureProgram, MeasureStream, ModeCoverage, Tolerance
from nnft_ppl.display import Progress, Stage
from nnft_ppl.identities import control_means
from nnft_ppl.results import Exchange, RunFolder, SharedFolder
from nnft_ppl.runs.auto import Choice
from nnft_ppl.runs.block_sizes import block_sizes, kept_every
from nnft_ppl.runs.collected import Collected
from nnft_ppl.runs.plan import Plan
from nnft_ppl.runs.recorder import Recorder
from nnft_ppl.runs.snapshots import Snapshots
from nnft_ppl.runs.starting import begun, begun_together, refuse_unshared
from nnft_ppl.runs.stopping import Stopping
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import SAMPLERS, Block, MakeSampler, Modes, Sampler, SamplerError, Settings, Share
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
    exchange: Exchange
    """The processes that share the chains."""

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

    def agreed(self, *, interrupted: bool) -> tuple[bool, bool]:
        """Whether time is up, and whether there was an interruption, for any of the processes.

        Args:
            interrupted: Whether there was one here.
        """
        told = self.exchange.gather("whether to go on", [self.time_is_up, interrupted])
        return any(late for late, _ in told), any(stopped for _, stopped in told)

    def are_enough(self, stopping: Stopping, recorder: Recorder) -> bool:
        """Whether there are draws enough, as process 0 sees it: the last digit of an error may differ elsewhere.

        Args:
            stopping: Looks at the draws.
            recorder: Those so far.
        """
        return self.exchange.first("whether draws are enough", bool(stopping(recorder)))

    @property
    def own_chains(self) -> int:
        """Chains that this process draws."""
        return self.num_chains // self.exchange.processes.count

    @property
    def share(self) -> Share | None:
        """Which of all chains they are; None where they are all."""
        processes = self.exchange.processes
        return None if self.exchange.alone else Share(processes.number * self.own_chains, self.num_chains)


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
        means=partial(control_means, job.targets.improvement, key),
    )  # fmt: skip
    count, made, last = plan.stored(number) if leg and job.folder else (0, 0, None)
    recorder = collected.recorder
    interrupted = _read(collected, stopping, leg.first if leg else 0, count, job.progress)
    late, interrupted = job.agreed(interrupted=interrupted)

    def drawn(*, whole: bool) -> Drawn:
        return Drawn(recorder, collected.stream, collected.block, collected.snapshots, interrupted, whole)

    collected.leg, collected.block = number, count
    if leg and leg.blocks is not None:
        return drawn(whole=not interrupted)
    whole = bool(recorder.draws) and job.are_enough(stopping, recorder)
    if whole or interrupted or (recorder.draws and late):
        return drawn(whole=whole and not interrupted)
    try:
        settings = Settings(
            key, job.own_chains, stopping.most, job.num_warmup, collected.returned_every,
            **sizes | {"growing": growing}, progress=job.progress, checkpoint=collected.checkpoint,
            modes=job.modes(name), share=job.share,
        )  # fmt: skip
        job.progress(Stage(f"compiling {name}"))
        target = job.targets.of_sampler(name, modes=settings.modes is not None)
        sampler = make(target, settings)
        if not hasattr(sampler, "start") or not hasattr(sampler, "step"):
            raise SamplerError(f"sampler {name!r} gave {sampler!r}, not a Sampler with start() and step(state)")
        refuse_unshared(name, sampler, job.exchange)
        leg = leg or plan.begin(choice, growing=growing)
        collected.first = leg.first
        if isinstance(job.folder, SharedFolder):
            state = begun_together(job.folder, sampler, make, target, settings, last)
            collected.begin(state)
        else:
            state = begun(sampler, last)
            collected.checkpoint(lambda: state)
        while not whole:
            if collected.block < made:  # another process was killed before it had this one
                collected.join()
            else:
                try:
                    state, block = _step(name, sampler, state, job.own_chains)
                except SamplerError as error:
                    collected.give_up(error)
                    raise
                if not block.length:  # the sampler has no more
                    whole = True
                    break
                collected.add(block, state)
            done = recorder.draws
            told = {"may_stop_here": False, "note": stopping.words(done)}
            stage = Stage(f"drawing by {name}", done, stopping.expected(done), **told)
            late, interrupted = job.agreed(interrupted=_interrupts(job.progress, stage))
            whole = not interrupted and job.are_enough(stopping, recorder)
            if late or interrupted:
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
        stage = Stage("reading blocks", number - first, count, may_stop_here=False)
        interrupted = _interrupts(progress, stage) or interrupted
        collected.read(number)
    return interrupted


def _interrupts(progress: Progress, stage: Stage) -> bool:
    """Whether an interruption has come when progress is told of a stage."""
    try:
        progress(stage)
    except KeyboardInterrupt:
        return True
    return False


def _step(name: str, sampler: Sampler, state: Any, num_chains: int) -> tuple[Any, Block]:
    """The next state and block, if the sampler keeps to what a step gives."""
    step = sampler.step(state)
    if not isinstance(step, tuple) or len(step) != 2 or not isinstance(step[1], Block):
        raise SamplerError(f"sampler {name!r}: step(state) must return (state, Block), not {type(step).__name__}")
    state, block = step
    if not isinstance(block.measured, dict) or "observables" not in block.measured:
        raise SamplerError(f"sampler {name!r}: `measured` of a block must be what target.measure(z) gives")
    return state, block.checked(name, num_chains)
