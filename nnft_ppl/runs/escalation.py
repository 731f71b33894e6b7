"""One sampler after the other, until one's draws pass the checks that another one could mend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import jax
import xarray as xr

from nnft_ppl.checks import IdentityBank, ObservableTails, PhaseOfWeights, UntilErrors, found_only
from nnft_ppl.display import Stage
from nnft_ppl.draws import Kind
from nnft_ppl.identities import action_jumps
from nnft_ppl.runs.auto import Choice
from nnft_ppl.runs.drawing import Drawn, Job, draw
from nnft_ppl.runs.judging import Judgement, judge
from nnft_ppl.runs.precision import PrecisionError
from nnft_ppl.runs.recorder import refuse_weightless
from nnft_ppl.samplers import SAMPLERS, MakeSampler, SamplerError
from nnft_ppl.statistics import Verdict

STRONGER = {"reweight": "hmc", "hmc": "replica-exchange"}
"""Where to go when the checks of a sampler's run fail."""
STRONGER_DISCRETE = {"reweight": "mixed"}
"""The same where there are discrete sites."""
FALL_BACK = ("hmc", "replica-exchange", "reweight")
"""What is tried in turn where a sampler cannot go on."""
FALL_BACK_DISCRETE = ("mixed", "pcn", "reweight")
"""The same where there are discrete sites."""

NOT_OF_THE_SAMPLER = {"derived", "exact_answers", "invariants", "odd_moments"}
"""Checks whose failure no other sampler mends."""


@dataclass(frozen=True)
class Found:
    """What one sampler found."""

    choice: Choice
    kind: Kind
    judgement: Judgement
    interrupted: bool
    whole: bool
    """Whether all was drawn that was asked for."""
    draws: int
    """Draws per chain."""


def escalate(job: Job, choice: Choice, given: MakeSampler | None, key_draws: jax.Array, key_second: jax.Array) -> Found:
    """What the chosen sampler finds, or, where no sampler is given and checks fail, the first stronger one that can.

    What the samplers before it failed on is judged with it.
    """
    number, result = 0, None
    raised: dict[str, SamplerError] = {}
    earlier: dict[str, tuple[Verdict, ...]] = {}
    while True:
        if leg := job.plan.leg(number):
            choice = leg.choice
        make = given or SAMPLERS[choice.name]
        try:
            drawn = draw(job, number, choice, make, key_draws, auto=given is None)
        except PrecisionError:
            raise
        except SamplerError as error:
            raised[choice.name] = error
            if result is not None:
                # What a weaker sampler found stays, with its failed checks.
                reason = f"{result.choice.reason}; {choice.name} could not go on ({error})"
                return replace(result, choice=Choice(result.choice.name, reason))
            others = FALL_BACK_DISCRETE if job.targets.bare.discrete else FALL_BACK
            other = next((name for name in others if name not in raised), None) if given is None else None
            if other is None:  # the first complaint is that of the sampler that suited best
                raise next(iter(raised.values())) from None
            if job.plan.leg(number):
                job.plan.close(number, 0, str(error))
                number += 1
            choice = Choice(other, f"{choice.reason}; {choice.name} could not go on ({error})")
            continue
        except KeyboardInterrupt:
            if result is None:
                raise
            return replace(result, interrupted=True)
        result = _judge(job, choice, drawn, key_second, earlier)
        # How long a sampler drew says nothing of it.
        told = [one for one in result.judgement.verdicts if one.check != UntilErrors.name]
        failed = tuple(one for one in told if one.status == "failed")
        after = STRONGER_DISCRETE if job.targets.bare.discrete else STRONGER
        interacting = bool(job.theory.action_terms)
        stronger = stronger_choice(choice, failed, after, interacting=interacting) if given is None else None
        begun = job.plan.leg(number + 1) is not None
        ends = stronger is None or result.interrupted or (job.time_is_up and not begun)
        ends, after_it = job.exchange.first("the verdict", [ends, stronger])
        if ends or after_it is None:
            return replace(result, whole=drawn.whole and stronger is None)
        stronger = Choice.from_json(after_it)
        job.plan.close(number, drawn.blocks)
        number += 1
        earlier[choice.name] = failed
        choice = stronger


def _judge(
    job: Job, choice: Choice, drawn: Drawn, key_second: jax.Array, earlier: Mapping[str, tuple[Verdict, ...]]
) -> Found:
    """Estimates and verdicts; after an interruption without what is not there yet: measurements, pictures."""
    recorder, data = drawn.recorder, drawn.recorder.data
    kind = recorder.kind
    assert kind is not None  # there is a block
    refuse_weightless(kind, data)
    interrupted, measured = drawn.interrupted, {}
    try:
        if drawn.stream:
            job.progress(Stage("identities"))
            measured = drawn.stream.finish()
        job.progress(Stage("estimates"))
        if (pictures := drawn.snapshots.pictures(job.theory)) is not None:
            data["fields"] = xr.DataTree(pictures)
    except KeyboardInterrupt:
        interrupted = True
    if IdentityBank.name in measured and action_jumps(measured[IdentityBank.name]):
        job.targets.improvement.mistrust(data)
    key = None if interrupted else key_second
    lost = drawn.stream.lost if drawn.stream else job.program.lost
    judgement = judge(
        job.theory, kind, data, recorder.curves, job.checks, measured, lost, key, job.progress, earlier,
        drawn.snapshots.positions,
    )  # fmt: skip
    return Found(choice, kind, judgement, interrupted or judgement.interrupted, drawn.whole, recorder.draws)


def stronger_choice(
    choice: Choice, failed: Sequence[Verdict], after: Mapping[str, str] = STRONGER, *, interacting: bool
) -> Choice | None:
    """What comes after a run whose checks failed; None where none did, or nothing comes.

    Args:
        choice: What made the run.
        failed: What failed.
        after: Sampler -> the next stronger one.
        interacting: Whether there is an action.
    """
    if not interacting:  # every sampler draws the free theory exactly, or nearly so
        return None
    # What is divided by an average phase that is not known says nothing of the sampler.
    if any(verdict.check == PhaseOfWeights.name for verdict in failed):
        return None
    # Heavy tails are mended where weights make them.
    mends = choice.name == "reweight"
    kept = NOT_OF_THE_SAMPLER if mends else NOT_OF_THE_SAMPLER | {ObservableTails.name}
    mended = [verdict for verdict in failed if verdict.check not in kept]
    if not mended or choice.name not in after:
        return None
    return Choice(after[choice.name], f"{choice.name} failed ({found_only(mended[0])})")
