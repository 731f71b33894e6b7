"""A family as independent runs, each in a folder of its own, through any executor; what is complete is not run again.

The folder is that of `sample(family, out=...)`: `DIR/members/PLACE` for each member and, collected, `DIR/result.nc`.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol

from nnft_ppl.checks import UntilErrors, checks_of, of_theory, tolerances_of
from nnft_ppl.display import Progress, Stage, error_words, show_progress
from nnft_ppl.families import Family
from nnft_ppl.results import Ensembles, Provenance, ResultError, RunFolder
from nnft_ppl.runs.collecting import collect, result_of_member
from nnft_ppl.runs.one_member import STOP, member_task, run_member
from nnft_ppl.runs.request import check_settings, make_request, sampler_of
from nnft_ppl.runs.scanning import family_folder, family_request
from nnft_ppl.runs.stopping import DEFAULT_DRAWS
from nnft_ppl.workers import LocalWorkers, own_cores

PAUSE = 0.2
"""Seconds between two looks at the members."""


class MembersError(ResultError):
    """A sweep whose members failed, all that were run, so that there is no result; the text says why each did."""


class Submits(Protocol):
    """An executor: of `concurrent.futures`, dask's `Client.get_executor()`, or one of submitit's."""

    def submit(self, fn: Any, /, *args: Any) -> Any:
        """Something with `done()` and `result()`."""


def sweep(
    family: Family,
    sampler: str = "auto",
    *,
    out: str | Path,
    executor: Submits | None = None,
    num_chains: int = 4,
    num_draws: int | None = None,
    num_warmup: int = 300,
    seed: int = 0,
    keep: str = "auto",
    keep_series: str = "auto",
    checks: bool | Sequence[str] = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
    common: bool = False,
    reference: str = "auto",
    fresh: bool = False,
    until: Mapping[str, str | float] | None = None,
) -> Ensembles:
    """Run every member of a family by itself, side by side, and collect what they found.

    The same call again runs what is missing: members that failed, were killed or not reached. A member whose folder
    holds a complete result of the same run is left as it is. One that fails does not end the others; it is told in
    `findings["failures"]` and unknown (NaN) in the result.

    Args:
        family: Theories of a model file; workers read it, and see the same files.
        sampler: `auto` or the name of a sampler.
        out: The family's folder.
        executor: What runs the members; as many processes of this machine as there are cores, unless given. It is left
            running.
        num_chains: As for `sample`, and so are the rest.
        num_draws: Draws per chain.
        num_warmup: Steps of warm-up per chain.
        seed: The family's.
        keep: Which parameters to keep.
        keep_series: Which series.
        checks: True, False, or names of further checks.
        time_limit: Seconds for each member.
        progress: Told how many members are done; where it raises `KeyboardInterrupt`, members end after the blocks
            that they draw, and what there is is collected.
        common: Whether all members have the same random numbers.
        reference: `auto` or `bare`.
        fresh: Whether to start all members anew, whatever is in their folders; a result stays until it is replaced.
        until: The errors that every member is to reach.

    Raises:
        TypeError, ValueError: For settings out of range, a family of a function that stands in no file.
        ResultError: If `out` cannot be written, or holds something else.
        MembersError: If no member gave a result.
        KeyboardInterrupt: If it was interrupted before any member had a result.
    """
    if not isinstance(family, Family):
        raise TypeError(f"sweep() takes a Family, not {family!r}: make one with family('phi4', width=[64, 128])")
    out, usual = Path(out).expanduser(), DEFAULT_DRAWS if num_draws is None else num_draws
    check_settings(num_chains, usual, num_warmup, seed, keep, time_limit, keep_series)
    name, _ = sampler_of(sampler)
    checks_of(checks)
    told = (name, num_chains, usual, num_warmup, seed, keep, reference, keep_series)
    request = family_request(family, *told, common=common)
    tolerances = [of_theory(tolerances_of(until), theory) for theory in family]
    wanted = {one.name: one.amount for one in tolerances[0]}
    settings = {
        "sampler": name, "num_chains": num_chains, "num_draws": num_draws, "num_warmup": num_warmup, "keep": keep,
        "keep_series": keep_series, "reference": reference, "time_limit": time_limit, "until": wanted or None,
        "checks": checks if isinstance(checks, bool) else list(checks),
    }  # fmt: skip
    tasks, fingerprints = {}, {}
    for theory, (place, member) in zip(family, request.family["members"].items(), strict=True):
        folder = out / "members" / member["folder"]
        tasks[place] = member_task(theory, folder, settings | {"seed": member["seed"]})
        fingerprints[place] = member["fingerprint"]
    with family_folder(out, request, fresh=fresh) as kept, show_progress(progress) as show:
        (kept.path / STOP).unlink(missing_ok=True)
        for theory, task in zip(family, tasks.values(), strict=True) if fresh else ():
            # All at once: after an interruption the same call without `fresh` goes on.
            told = (name, num_chains, usual, num_warmup, task["settings"]["seed"], keep, reference, keep_series)
            RunFolder(Path(task["folder"]), make_request(theory, *told), fresh=True).release()
        missing = {
            place: task
            for place, task in tasks.items()
            if fresh or not _complete(Path(task["folder"]), fingerprints[place], usual, wanted)
        }
        failures, interrupted = _run(missing, executor, show, len(tasks), kept.path / STOP) if missing else ({}, False)
        with suppress(KeyboardInterrupt):  # too late: nothing is left to be cut short
            show(Stage("collecting", may_stop_here=False))
        try:
            return collect(kept.path, family.theories[0].derived, failures)
        except ResultError as error:
            if interrupted:
                raise KeyboardInterrupt from None
            raise MembersError(str(error)) if failures else error from None


def _complete(folder: Path, fingerprint: str, draws: int, wanted: Mapping[str, str]) -> bool:
    """Whether a member has nothing to do; one that did not reach the errors that are asked for goes on, if it can."""
    try:
        about: Provenance | None = result_of_member(folder, fingerprint)
    except ResultError:  # it is run again
        return False
    if about is None or about.interrupted or not (about.whole or wanted):
        return False
    if wanted:
        reached = any(one.check == UntilErrors.name and one.status == "good" for one in about.verdicts)
        return about.sampler.until == wanted and reached
    return about.sampler.draws >= draws


def _run(
    tasks: Mapping[str, Mapping[str, Any]], executor: Submits | None, show: Progress, total: int, stop: Path
) -> tuple[dict[str, str], bool]:
    """Member -> why it failed; and whether all was interrupted."""
    failures: dict[str, str] = {}
    interrupted, before = False, total - len(tasks)
    show(Stage("members", before, total, may_stop_here=False))  # a signal waits until it can be told to the members
    own = LocalWorkers(min(len(tasks), len(own_cores())))  # no process is started before it is needed
    with own:
        engine: Submits = own if executor is None else executor
        batch = getattr(engine, "batch", nullcontext)  # of submitit: one array of jobs
        with batch():
            # An engine that remembers what it did must not answer with that.
            waiting = {
                place: engine.submit(run_member, dict(task) | {"attempt": uuid.uuid4().hex})
                for place, task in tasks.items()
            }
        try:
            while waiting:
                for place in [place for place, job in waiting.items() if job.done()]:
                    if text := _failure(waiting.pop(place)):
                        failures[place] = text
                try:
                    running = sum(map(_is_running, waiting.values()))
                    what = "members" + (f", {running} running" if running else "")
                    show(Stage(what, before + len(tasks) - len(waiting), total, may_stop_here=False))
                    time.sleep(PAUSE if waiting else 0)
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    stop.touch()
        finally:
            stop.touch() if waiting else stop.unlink(missing_ok=True)
    return failures, interrupted


def _is_running(job: Any) -> bool:
    """Whether a job runs, where its engine tells."""
    return job.running() if hasattr(job, "running") else getattr(job, "state", "") == "RUNNING"


def _failure(job: Any) -> str:
    """Why a member failed; empty where it did not."""
    try:
        reply = job.result()
    except Exception as error:  # its process is gone, or never was
        return error_words(error)
    return reply["text"] if reply["ended"] == "failed" else ""
