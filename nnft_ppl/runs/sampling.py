"""From a theory to an ensemble: a sampler chosen, its draws, estimates and verdicts."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import xarray as xr

from nnft_ppl.checks import (
    IdentityBank,
    MeasureProgram,
    ModeCoverage,
    ObservableTails,
    PhaseOfWeights,
    checks_of,
    found_only,
)
from nnft_ppl.devices import require_jax
from nnft_ppl.display import Progress, Stage, show_progress
from nnft_ppl.draws import Kind
from nnft_ppl.families import Family
from nnft_ppl.identities import Improvement, action_jumps, measure_improved
from nnft_ppl.results import Ensemble, ImprovedRecord, Provenance, RunFolder
from nnft_ppl.runs.auto import FALL_BACK, FALL_BACK_DISCRETE, STRONGER, STRONGER_DISCRETE, Choice, Pilot
from nnft_ppl.runs.drawing import DEFAULT_DRAWS, Drawn, Job, draw
from nnft_ppl.runs.judging import Judgement, judge
from nnft_ppl.runs.precision import PrecisionError
from nnft_ppl.runs.recorder import FieldError, refuse_weightless
from nnft_ppl.runs.request import check_settings, make_request, sampler_of
from nnft_ppl.runs.scanning import Scan, family_request, sample_family
from nnft_ppl.runs.trial import Outdone
from nnft_ppl.samplers import SAMPLERS, MakeSampler, SamplerError, Settings
from nnft_ppl.statistics import Verdict, overall
from nnft_ppl.theory import (
    Theory,
    refuse_lost_draws,
    refuse_unbounded,
    refuse_unresolved_levels,
    refuse_wrong_moves,
    undefined_terms,
)

NOT_OF_THE_SAMPLER = {"derived", "exact_answers", "invariants", "odd_moments"}
"""Checks whose failure no other sampler mends."""


def sample(
    theory: Theory | Family,
    sampler: str | MakeSampler = "auto",
    *,
    num_chains: int = 4,
    num_draws: int | None = None,
    num_warmup: int = 300,
    seed: int = 0,
    out: str | Path | None = None,
    keep: str = "auto",
    checks: bool | Sequence[Any] = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
    common: bool = False,
) -> Ensemble:
    """Sample a theory, or every member of a family, and estimate its observables.

    Where the field is linear in Gaussian parameters, correlators are also measured with the average over those taken by
    hand (`nnft_ppl.identities.improved`); the estimate is the best mix of both.

    The precision is JAX's: switch `jax_enable_x64` on before any array is made.

    Args:
        theory: What to sample; a `Family` gives an `Ensembles`.
        sampler: `auto`, the name of a sampler (`nnft_ppl.samplers.SAMPLERS`), or a function (Target, Settings) ->
            Sampler. `auto` chooses by a short pilot (and a trial, where that is close), goes on until there are 400
            effective draws (up to ten times the usual number, unless `num_draws` is given), and goes over to the next
            stronger sampler where checks fail.
        num_chains: Independent chains, each started from its own free draw.
        num_draws: Draws kept per chain, `DEFAULT_DRAWS` unless given.
        num_warmup: Steps per chain that adapt the sampler.
        seed: 0 ≤ seed < 2³²; the same seed on the same machine and versions gives the same draws.
        out: Folder for the result; None keeps it in memory only.
        keep: `all` parameters, `none`, or `auto` (all below 256 MB, else thinned to that and to 1000 per chain).
        checks: True for the usual checks; False leaves out those that cost something, Schwinger–Dyson identities and
            reweighted free draws beside chains; or a list of further ones beside the usual: names
            (`nnft_ppl.checks`), `Check` objects, or vector fields, whose identities are tested.
        time_limit: Seconds after which no further block of draws is begun, compilation and warm-up included; the
            second route comes on top.
        progress: Called with a `Stage`, what is being done and how far it is, after each block too; where it raises
            `KeyboardInterrupt`, the run ends with what there is. Without it a notebook shows a line while the run
            lasts, and nothing is shown anywhere else.
        common: Of a family, whether all members have this very seed: those with equally many parameters then have the
            same free draws, and differences between them smaller errors. Else each has a seed of its own made from it,
            and members are independent.

    Raises:
        ValueError, TypeError: For settings out of range, an unknown sampler or check.
        ModelError: If the action falls without bound, or draws of a site leave the floating range.
        ResultError: If `out` cannot be written or holds something else.
        SamplerError: If the sampler cannot go on.
        RuntimeError: In a process forked from one in which JAX runs.
    """
    started = time.perf_counter()
    require_jax()
    if isinstance(theory, Family):
        settings = {"num_chains": num_chains, "num_draws": num_draws, "num_warmup": num_warmup, "keep": keep}
        name, usual = sampler_of(sampler)[0], DEFAULT_DRAWS if num_draws is None else num_draws
        check_settings(num_chains, usual, num_warmup, seed, keep, time_limit)
        request = family_request(theory, name, num_chains, usual, num_warmup, seed, keep, common=common)
        member = partial(sample, sampler=sampler, checks=checks, **settings)
        scan = Scan(theory, member, seed, common, None if out is None else Path(out), time_limit, request)
        return sample_family(scan, progress)
    if common:
        raise ValueError(f"common random numbers are of a family; {theory!r} is one theory: leave common out")
    if not isinstance(theory, Theory):
        raise TypeError(f"sample() takes a Theory, not {theory!r}: make one with load('phi4') or Theory(model)")
    name, given = sampler_of(sampler)
    usual = DEFAULT_DRAWS if num_draws is None else num_draws
    check_settings(num_chains, usual, num_warmup, seed, keep, time_limit)
    asked_checks = checks_of(checks)
    request = make_request(theory, name, num_chains, usual, num_warmup, seed, keep)
    refuse_lost_draws(theory)
    refuse_unresolved_levels(theory)
    refuse_wrong_moves(theory)
    coverage = next((check for check in asked_checks if isinstance(check, ModeCoverage)), None)
    if coverage:
        coverage.seed = seed
    if theory.action_terms and (coverage or ModeCoverage()).proved(theory).lower == -math.inf:
        refuse_unbounded(theory)
    folder = RunFolder(Path(out), request) if out is not None else None
    until = math.inf if time_limit is None else started + time_limit
    with show_progress(progress) as show:
        show(Stage("identities"))
        improvement = Improvement(theory)
        target = measure_improved(theory.target(), improvement)
        key_draws, key_second, key_pilot = jax.random.split(jax.random.key(seed), 3)
        measures = any(not check.cheap for check in asked_checks)
        told = Settings(key_pilot, num_chains, usual, num_warmup, keep_every=int(keep != "none" or measures))
        # Its program compiles while what checks measure is traced.
        pilot = Pilot(target, told) if given is None else None
        program = MeasureProgram(theory, asked_checks, num_chains)
        job = Job(
            theory, num_chains, num_draws, num_warmup, keep, until, target, improvement, asked_checks, coverage,
            program, folder, show,
        )  # fmt: skip
        choice = Choice(name, "asked for")
        if pilot:
            show(Stage("pilot"))
            choice = pilot.choose(until - time.perf_counter())
        try:
            result = _escalate(job, choice, given, key_draws, key_second)
        except (SamplerError, FieldError) as error:
            if words := undefined_terms(theory):
                error.args = (f"{words}: {error}",)
            raise
        judgement = result.judgement
        provenance = Provenance.after(
            request,
            sampler=replace(
                request.sampler,
                name=result.choice.name,
                kind=result.kind,
                reason=result.choice.reason,
                draws=judgement.data["observables"].sizes["draw"],
                asked=name,
                draws_asked=num_draws,
            ),
            improved=ImprovedRecord(improvement.sites, improvement.reasons),
            verdict=overall(judgement.verdicts),
            verdicts=judgement.verdicts,
            findings=judgement.findings,
            statistics=judgement.statistics,
            log_z=judgement.log_z,
            interrupted=result.interrupted,
            wall_s=round(time.perf_counter() - started, 3),
        )
        judgement.data.attrs["provenance"] = provenance.to_text()
        with suppress(KeyboardInterrupt):  # too late: nothing is left to be cut short
            show(Stage("writing the result", may_stop_here=False))
        # The same run cut short must not replace its own complete result.
        if folder and not (result.interrupted and folder.has_result):
            folder.write_result(judgement.data)
    return Ensemble(judgement.data)


@dataclass(frozen=True)
class _Result:
    """What one sampler found."""

    choice: Choice
    kind: Kind
    judgement: Judgement
    interrupted: bool


def _escalate(
    job: Job, choice: Choice, given: MakeSampler | None, key_draws: jax.Array, key_second: jax.Array
) -> _Result:
    """What the chosen sampler finds, or, where no sampler is given and checks fail, the first stronger one that can.

    What the samplers before it failed on is judged with it.
    """
    blocks, result = 0, None
    raised: dict[str, SamplerError] = {}
    earlier: dict[str, tuple[Verdict, ...]] = {}
    while True:
        make = given or choice.trial or SAMPLERS[choice.name]
        try:
            drawn = draw(job, choice.name, make, key_draws, blocks, auto=given is None)
        except Outdone as outdone:
            choice = Choice("reweight", f"{choice.reason}; {outdone}")
            continue
        except PrecisionError:
            raise
        except SamplerError as error:
            raised[choice.name] = error
            if result is not None:
                # What a weaker sampler found stays, with its failed checks.
                reason = f"{result.choice.reason}; {choice.name} could not go on ({error})"
                return replace(result, choice=Choice(result.choice.name, reason))
            others = FALL_BACK_DISCRETE if job.target.discrete else FALL_BACK
            other = next((name for name in others if name not in raised), None) if given is None else None
            if other is None:  # the first complaint is that of the sampler that suited best
                raise next(iter(raised.values())) from None
            choice = Choice(other, f"{choice.reason}; {choice.name} could not go on ({error})")
            continue
        except KeyboardInterrupt:
            if result is None:
                raise
            return replace(result, interrupted=True)
        result = _judge(job, choice, drawn, key_second, earlier)
        blocks = drawn.blocks
        failed = tuple(one for one in result.judgement.verdicts if one.status == "failed")
        after = STRONGER_DISCRETE if job.target.discrete else STRONGER
        interacting = bool(job.theory.action_terms)
        stronger = _stronger(choice, failed, after, interacting=interacting) if given is None else None
        if stronger is None or result.interrupted or job.time_is_up:
            return result
        earlier[choice.name] = failed
        choice = stronger


def _judge(
    job: Job, choice: Choice, drawn: Drawn, key_second: jax.Array, earlier: Mapping[str, tuple[Verdict, ...]]
) -> _Result:
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
        job.improvement.mistrust(data)
    key = None if interrupted else key_second
    lost = drawn.stream.lost if drawn.stream else job.program.lost
    judgement = judge(
        job.theory, kind, data, recorder.curves, job.checks, measured, lost, key, job.progress, earlier,
        drawn.snapshots.positions,
    )  # fmt: skip
    return _Result(choice, kind, judgement, interrupted or judgement.interrupted)


def _stronger(
    choice: Choice, failed: Sequence[Verdict], after: Mapping[str, str] = STRONGER, *, interacting: bool
) -> Choice | None:
    """What comes after a run whose checks failed; None where none did, or nothing comes."""
    # What is divided by an average phase that is not known says nothing of the sampler.
    if any(verdict.check == PhaseOfWeights.name for verdict in failed):
        return None
    # Heavy tails are mended where weights make them.
    mends = choice.name == "reweight" and interacting
    kept = NOT_OF_THE_SAMPLER if mends else NOT_OF_THE_SAMPLER | {ObservableTails.name}
    mended = [verdict for verdict in failed if verdict.check not in kept]
    if not mended or choice.name not in after:
        return None
    return Choice(after[choice.name], f"{choice.name} failed ({found_only(mended[0])})")
