"""From a theory to an ensemble: a sampler chosen, its draws, estimates and verdicts."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax

from nnft_ppl.checks import MeasureProgram, ModeCoverage, UntilErrors, checks_of, of_theory, tolerances_of
from nnft_ppl.devices import require_jax
from nnft_ppl.display import Progress, Stage, show_progress
from nnft_ppl.families import Family
from nnft_ppl.identities import Improvement
from nnft_ppl.reference import Reference, find_reference
from nnft_ppl.results import (
    ALONE,
    Ensemble,
    Exchange,
    ImprovedRecord,
    Processes,
    Provenance,
    Request,
    ResultError,
    RunFolder,
    SharedFolder,
    averaged_over,
    drop_series,
    read,
)
from nnft_ppl.runs.auto import Choice, Pilot
from nnft_ppl.runs.drawing import Job
from nnft_ppl.runs.escalation import escalate
from nnft_ppl.runs.plan import Plan
from nnft_ppl.runs.recorder import FieldError
from nnft_ppl.runs.request import check_settings, make_request, sampler_of
from nnft_ppl.runs.scanning import Scan, family_request, sample_family
from nnft_ppl.runs.stopping import DEFAULT_DRAWS, most_draws
from nnft_ppl.runs.targets import IN_OWN_COORDINATES, Targets
from nnft_ppl.samplers import SAMPLERS, MakeSampler, SamplerError, Settings
from nnft_ppl.statistics import overall
from nnft_ppl.theory import (
    Theory,
    refuse_lost_draws,
    refuse_unbounded,
    refuse_unresolved_levels,
    refuse_wrong_moves,
    undefined_terms,
)


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
    keep_series: str = "auto",
    checks: bool | Sequence[Any] = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
    common: bool = False,
    reference: str = "auto",
    fresh: bool = False,
    processes: Processes = ALONE,
    until: Mapping[str, str | float] | None = None,
) -> Ensemble:
    """Sample a theory, or every member of a family, and estimate its observables.

    Where the field is linear in Gaussian parameters, correlators are also measured with the average over those taken by
    hand (`nnft_ppl.identities.improved`); the estimate is the best mix of both.

    The precision is JAX's: switch `jax_enable_x64` on before any array is made.

    Args:
        theory: What to sample; a `Family` gives an `Ensembles`.
        sampler: `auto`, the name of a sampler (`nnft_ppl.samplers.SAMPLERS`), or a function (Target, Settings) ->
            Sampler. `auto` chooses by a short pilot, goes on until there are 400 effective draws (up to ten times the
            usual number, unless `num_draws` is given), and goes over to the next stronger sampler where checks fail.
        num_chains: Independent chains, each started from its own free draw.
        num_draws: Draws kept per chain, `DEFAULT_DRAWS` unless given.
        num_warmup: Steps per chain that adapt the sampler.
        seed: 0 ≤ seed < 2³²; the same seed on the same machine and versions gives the same draws.
        out: Folder for the result; None keeps it in memory only. What the same call left there is gone on with, to the
            same result bit for bit; more draws than before extend it, and a difference in anything else is an error.
        keep: `all` parameters, `none`, or `auto` (all below 256 MB, else thinned to that and to 1000 per chain).
        keep_series: `all` series whole, `none` in the result, or `auto`: whole up to 20 000 draws per chain, of more
            draws averages of 2, 4, 8 ... consecutive ones and single draws beside them, so that memory and the size of
            the result do not grow with their number. Series with a phase stay whole.
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
        reference: The Gaussian that draws and chains start from: `auto` finds one that knows the action where free
            draws are worth little (`nnft_ppl.reference`), `bare` is N(0, I). Averages, ln Z and what is stored are
            the theory's either way.
        fresh: Whether to start anew whatever is in `out`; a result stays until it is replaced.
        processes: How many processes make this call, each with its own number, and share the chains evenly. They see
            the same `out`, find each other there, and all return the same. The draws are those of one process.
        until: Name of an observable or derived quantity, or of an entry of it (`two_point[2]`) -> the largest error
            that it is to have, `1%` of its value or a number in its units. Draws are made until all are there; of these
            `num_draws` is the most per chain, a million unless given. What was found is in the check `until`, and fails
            it where an error stayed too large.

    Raises:
        ValueError, TypeError: For settings out of range, an unknown sampler, check or quantity.
        ModelError: If the action falls without bound, or draws of a site leave the floating range.
        ResultError: If `out` cannot be written, is being written to, or holds something else.
        SamplerError: If the sampler cannot go on.
        LostProcessError: If another one of the processes has ended.
        RuntimeError: In a process forked from one in which JAX runs.
    """
    started = time.perf_counter()
    require_jax()
    if isinstance(theory, Family):
        if processes.count > 1:
            raise ValueError("members of a family are runs by themselves: use sweep(), or `nnft sweep`")
        settings = {"num_chains": num_chains, "num_draws": num_draws, "num_warmup": num_warmup, "keep": keep}
        settings |= {"reference": reference, "keep_series": keep_series, "until": until}
        usual = DEFAULT_DRAWS if num_draws is None else num_draws
        check_settings(num_chains, usual, num_warmup, seed, keep, time_limit, keep_series)
        for one in theory:
            of_theory(tolerances_of(until), one)
        told = (sampler, num_chains, usual, num_warmup, seed, keep, reference, keep_series)
        request = family_request(theory, *told, common=common)
        member = partial(sample, sampler=sampler, checks=checks, fresh=fresh, **settings)
        scan = Scan(theory, member, seed, common, None if out is None else Path(out), time_limit, request, fresh)
        return sample_family(scan, progress)
    if common:
        raise ValueError(f"common random numbers are of a family; {theory!r} is one theory: leave common out")
    if not isinstance(theory, Theory):
        raise TypeError(f"sample() takes a Theory, not {theory!r}: make one with load('phi4') or Theory(model)")
    name, given = sampler_of(sampler)
    usual = DEFAULT_DRAWS if num_draws is None else num_draws
    check_settings(num_chains, usual, num_warmup, seed, keep, time_limit, keep_series)
    if reference not in ("auto", "bare"):
        raise ValueError(f"reference must be auto or bare, not {reference!r}")
    asked_checks, tolerances = checks_of(checks), of_theory(tolerances_of(until), theory)
    if tolerances:
        asked_checks.append(UntilErrors(tolerances))
    if out is None and processes.count > 1:
        raise ValueError("processes find each other in the folder of the run: give out")
    count = processes.checked(num_chains).count
    request = make_request(theory, sampler, num_chains, usual, num_warmup, seed, keep, reference, keep_series, count)
    wanted = {one.name: one.amount for one in tolerances}
    request = replace(request, sampler=replace(request.sampler, until=wanted))
    refuse_lost_draws(theory)
    refuse_unresolved_levels(theory)
    refuse_wrong_moves(theory)
    coverage = next((check for check in asked_checks if isinstance(check, ModeCoverage)), None)
    if coverage:
        coverage.seed = seed
    if theory.action_terms and (coverage or ModeCoverage()).proved(theory).lower == -math.inf:
        refuse_unbounded(theory)
    deadline = math.inf if time_limit is None else started + time_limit
    with (
        show_progress(progress) as show,
        nullcontext() if out is None else _folder(Path(out), request, processes, show, fresh=fresh) as folder,
    ):
        exchange = folder.exchange if folder else Exchange()
        # With errors asked for, blocks are those of the usual run.
        counted = None if tolerances else num_draws
        most = most_draws(counted, auto=given is None)
        end = most_draws(num_draws, auto=given is None, until=bool(tolerances))
        usual = DEFAULT_DRAWS if counted is None else counted
        plan = Plan.of(folder, usual, most, limited=time_limit is not None, modes=coverage is not None, end=end)
        names = [*(check.name for check in asked_checks), *map(str, tolerances)]
        # Checks that were given may have become others of the same names.
        if folder and isinstance(checks, bool) and plan.ended == (num_draws, tuple(names)):
            with suppress(ResultError, FileNotFoundError):
                return read(folder.path)
        show(Stage("identities"))
        targets = Targets.of(theory, Improvement(theory))
        key_draws, key_second, key_pilot = jax.random.split(jax.random.key(seed), 3)
        measures = any(not check.cheap for check in asked_checks)
        told = Settings(key_pilot, num_chains, usual, num_warmup, keep_every=int(keep != "none" or measures))
        # Its program compiles while what checks measure is traced.
        begun = plan.legs[0].choice if plan.legs else None
        if given is None and not begun and not exchange.processes.leads:
            waiting = partial(show, Stage("waiting for the pilot by process 0"))
            begun = Choice.from_json(exchange.first("pilot", None, waiting))
        pilot = Pilot(theory, targets, told, bare=reference == "bare") if given is None and not begun else None
        program = MeasureProgram(theory, asked_checks, num_chains)
        choice = begun or Choice(name, "asked for")
        if pilot:
            show(Stage("pilot"))
            choice, targets = pilot.choose()
            choice = choice._replace(constants=tuple(targets.constants.values()))
            exchange.first("pilot", choice)
        elif choice.constants or (reference == "auto" and name in SAMPLERS and name not in IN_OWN_COORDINATES):
            show(Stage("reference"))
            found = find_reference(theory).reference
            if found and choice.constants:
                found = Reference(found.gaussian, choice.constants)
            targets = Targets.of(theory, targets.improvement, found)
        job = Job(
            theory, num_chains, num_draws, num_warmup, keep, keep_series, tolerances, deadline, targets, asked_checks,
            coverage, program, folder, show, plan, exchange,
        )  # fmt: skip
        try:
            result = escalate(job, choice, given, key_draws, key_second)
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
                draws=result.draws,
                averaged=1 if keep_series == "none" else averaged_over(judgement.data),
                asked=name,
                draws_asked=num_draws,
                constants=targets.constants,
            ),
            improved=ImprovedRecord(targets.improvement.sites, targets.improvement.reasons),
            verdict=overall(judgement.verdicts),
            verdicts=judgement.verdicts,
            findings=judgement.findings,
            statistics=judgement.statistics,
            log_z=judgement.log_z,
            interrupted=result.interrupted,
            whole=result.whole and not result.interrupted,
            wall_s=round(time.perf_counter() - started, 3),
        )
        judgement.data.attrs["provenance"] = provenance.to_text()
        if keep_series == "none":
            drop_series(judgement.data)
        with suppress(KeyboardInterrupt):  # too late: nothing is left to be cut short
            show(Stage("writing the result", may_stop_here=False))
        if folder and not folder.keeps_result(provenance, whole=provenance.whole):
            folder.write_result(judgement.data)
            if provenance.whole:
                plan.end(num_draws, names)
        exchange.gather("the result", None)
    return Ensemble(judgement.data)


def _folder(path: Path, request: Request, processes: Processes, show: Progress, *, fresh: bool) -> RunFolder:
    """The folder of a run by one process, or by several."""
    if processes.count == 1:
        return RunFolder(path, request, fresh=fresh)
    return SharedFolder(path, request, processes, fresh=fresh, progress=show)
