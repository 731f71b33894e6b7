"""From a theory to an ensemble: sampling, the second route, estimates and verdicts."""

import json
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr

from nnft_ppl.identities.power import bank_verdict

from nnft_ppl.runs.request import check_settings, describe, resolve
from nnft_ppl.statistics import MINIMUM_DRAWS
from nnft_ppl.runs.block_sizes import block_sizes, kept_every
from nnft_ppl.results import Ensemble, series_of
from nnft_ppl.statistics import estimate
from nnft_ppl.identities import Bank, BankError, BankProgram, BankStream, Improvement, measuring
from nnft_ppl.display import Stage, Progress
from nnft_ppl.runs.judging import judged
from nnft_ppl.runs.labelling import concatenated, labelled, refuse_nan, refuse_weightless
from nnft_ppl.display import shown
from nnft_ppl.runs.auto import STRONGER, Choice, Pilot
from nnft_ppl.runs.trial import Outdone
from nnft_ppl.samplers import SAMPLERS, Curve, Sampler, SamplerError, Settings
from nnft_ppl.target import Target
from nnft_ppl.runs.snapshots import Snapshots
from nnft_ppl.results import RunFolder, plain_json
from nnft_ppl.theory import Theory
from nnft_ppl.statistics import MIN_ESS, Verdict, overall

DEFAULT_DRAWS = 2000
"""Draws per chain where none are asked for."""
MOST_LONGER = 10
"""How many times the usual number of draws `auto` makes, at most, until there are effective draws enough."""


@dataclass(frozen=True)
class _Job:
    """One call of `sample`, but for the choice of the sampler."""

    theory: Theory
    num_chains: int
    num_draws: int | None
    num_warmup: int
    keep: str
    until: float
    """When to stop, on the clock of `time.perf_counter`."""
    target: Target
    """What the sampler is given."""
    bank: BankProgram | None
    """The identities that every run is tested with; None for no checks."""
    folder: RunFolder | None
    show: Progress


def sample(
    theory: Theory,
    sampler: str | Sampler = "auto",
    *,
    num_chains: int = 4,
    num_draws: int | None = None,
    num_warmup: int = 300,
    seed: int = 0,
    out: str | Path | None = None,
    keep: str = "auto",
    checks: bool = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Ensemble:
    """Sample a theory and estimate its observables.

    Where the field is linear in Gaussian parameters, correlators are also measured with the average over those taken by
    hand (`nnft_ppl.identities.improved`); the estimate is the best mix of both.

    The precision is JAX's: switch `jax_enable_x64` on before any array is made.

    Args:
        theory: What to sample.
        sampler: `auto`, the name of a sampler (`nnft_ppl.samplers.SAMPLERS`), or a function of that type. `auto`
            chooses by a short pilot (and a trial, where that is close), goes on until there are 400 effective draws (up
            to ten times the usual number, unless `num_draws` is given), and goes over to the next stronger sampler
            where checks fail.
        num_chains: Independent chains, each started from its own free draw.
        num_draws: Draws kept per chain, `DEFAULT_DRAWS` unless given.
        num_warmup: Steps per chain that adapt the sampler.
        seed: 0 ≤ seed < 2³²; the same seed on the same machine and versions gives the same draws.
        out: Folder for the result; None keeps it in memory only.
        keep: `all` parameters, `none`, or `auto` (all below 256 MB, else thinned to that and to 1000 per chain).
        checks: Whether the run is checked by Schwinger–Dyson identities, and chains against reweighted free draws.
        time_limit: Seconds after which no further block of draws is begun, compilation and warm-up included; the
            second route comes on top.
        progress: Called with what is being done, draws done and draws in all (0: not known), after each block too;
            where it raises `KeyboardInterrupt`, the run ends with what there is. Without it a notebook shows a line
            while the run lasts, and nothing is shown anywhere else.

    Raises:
        ValueError, TypeError: For settings out of range, or an unknown sampler.
        ResultError: If `out` cannot be written or holds something else.
        SamplerError: If the sampler cannot go on.
    """
    started = time.perf_counter()
    if not isinstance(theory, Theory):
        raise TypeError(f"sample() takes a Theory, not {theory!r}: make one with load('phi4') or Theory(model)")
    name, given = resolve(sampler)
    asked_draws = DEFAULT_DRAWS if num_draws is None else num_draws
    check_settings(num_chains, asked_draws, num_warmup, seed, keep, time_limit)
    asked = describe(theory, name, num_chains, asked_draws, num_warmup, seed, keep)
    folder = RunFolder(Path(out), asked) if out is not None else None
    until = math.inf if time_limit is None else started + time_limit
    with shown(progress) as show:
        show(Stage("identities"))
        improvement = Improvement(theory)
        target = measuring(theory.target(), improvement)
        key_draws, key_second, key_pilot = jax.random.split(jax.random.key(seed), 3)
        told = Settings(key_pilot, num_chains, asked_draws, num_warmup, keep_every=int(keep != "none" or checks))
        # Its program compiles while the bank is traced.
        pilot = Pilot(target, told) if given is None else None
        bank, no_bank = _bank(theory, num_chains) if checks else (None, "")
        job = _Job(theory, num_chains, num_draws, num_warmup, keep, until, target, bank, folder, show)
        choice = Choice(name, "asked for")
        if pilot:
            show(Stage("pilot"))
            choice = pilot.choose(until - time.perf_counter())
        choice, data, findings, interrupted = _result(job, choice, given, key_draws, key_second if checks else None)
        if bank and "schwinger_dyson" not in data:
            no_bank = "the run ended before enough of its draws were looked at"
        if no_bank:
            findings["verdicts"].append(bank_verdict(math.nan, no_bank))
        used = {"name": choice.name, "reason": choice.reason, "draws": data["observables"].sizes["draw"]}
        asked["sampler"] |= used | {"asked": name, "draws_asked": num_draws}
        asked["improved"] = {"sites": list(improvement.sites), "reasons": improvement.reasons}
        judgement = {
            "verdict": overall(findings["verdicts"]),
            "verdicts": [verdict.to_json() for verdict in findings["verdicts"]],
        }
        asked |= findings | judgement | {"interrupted": interrupted, "wall_s": round(time.perf_counter() - started, 3)}
        data.attrs["provenance"] = json.dumps(plain_json(asked), ensure_ascii=False, allow_nan=False)
        with suppress(KeyboardInterrupt):  # too late: nothing is left to be cut short
            show(Stage("writing the result", may_stop_here=False))
        # The same run cut short must not replace its own complete result.
        if folder and not (interrupted and folder.has_result):
            folder.write_result(data)
    return Ensemble(data)


def _result(
    job: _Job, choice: Choice, given: Sampler | None, key_draws: jax.Array, key_second: jax.Array | None
) -> "_Result":
    """What the chosen sampler finds, or, where no sampler is given and checks fail, the first stronger one that can."""
    blocks, result = 0, None
    while True:
        function = given or choice.trial or SAMPLERS[choice.name]
        try:
            drawn = _draws(job, choice.name, function, key_draws, blocks, auto=given is None)
        except Outdone as outdone:
            choice = Choice("reweight", f"{choice.reason}; {outdone}")
            continue
        except SamplerError as error:
            if result is None:
                raise
            # What a weaker sampler found stays, with its failed checks.
            reason = f"{result.choice.reason}; {choice.name} could not go on ({error})"
            return result._replace(choice=Choice(result.choice.name, reason))
        except KeyboardInterrupt:
            if result is None:
                raise
            return result._replace(interrupted=True)
        result = _judged(job, choice, drawn, key_second)
        blocks = drawn.blocks
        stronger = _stronger(choice, result.findings["verdicts"]) if given is None else None
        if stronger is None or result.interrupted or time.perf_counter() >= job.until:
            return result
        choice = stronger


def _bank(theory: Theory, num_chains: int) -> tuple[BankProgram | None, str]:
    """The theory's bank, traced; or why it has none."""
    try:
        return BankProgram(Bank(theory), num_chains), ""
    except BankError as error:
        return None, str(error)


class _Drawn(NamedTuple):
    """What a sampler drew."""

    data: xr.DataTree
    curves: list[Curve]
    stream: BankStream | None
    """The bank on some of the draws."""
    blocks: int
    """Blocks written so far, those of other samplers before it included."""
    snapshots: Snapshots
    """Some draws, to be looked at."""
    interrupted: bool


class _Result(NamedTuple):
    """What was found."""

    choice: Choice
    data: xr.DataTree
    findings: dict[str, Any]
    interrupted: bool


def _judged(job: _Job, choice: Choice, drawn: _Drawn, key_second: jax.Array | None) -> _Result:
    """Estimates and verdicts; an interruption leaves out what is not there yet: identities, pictures, second route."""
    data = drawn.data
    refuse_weightless(data)
    try:
        if drawn.stream:
            job.show(Stage("identities"))
            residuals = drawn.stream.finish()
            if residuals is not None and residuals.sizes["draw"] >= MINIMUM_DRAWS:
                data["schwinger_dyson"] = xr.DataTree(residuals)
        job.show(Stage("estimates"))
        if (pictures := drawn.snapshots.pictures(job.theory)) is not None:
            data["fields"] = xr.DataTree(pictures)
        key = None if drawn.interrupted else key_second
        return _Result(choice, *judged(job.theory, data, drawn.curves, key, job.show), drawn.interrupted)
    except KeyboardInterrupt:
        return _Result(choice, *judged(job.theory, data, drawn.curves, None, job.show), interrupted=True)


def _draws(job: _Job, name: str, function: Sampler, key: jax.Array, blocks: int, *, auto: bool) -> _Drawn:
    """The draws of one sampler, written block by block after those that are there."""
    usual = DEFAULT_DRAWS if job.num_draws is None else job.num_draws
    most = usual * MOST_LONGER if auto and job.num_draws is None else usual
    size = (job.theory.dimension, job.num_chains)
    keep_every = kept_every(*size, usual, job.keep)
    stream = BankStream.every_so_often(job.bank, usual, keep_every) if job.bank else None
    returned_every = keep_every or (stream.every if stream else 0)
    blocks_of = block_sizes(*size, most, limited=job.until < math.inf)
    settings = Settings(key, job.num_chains, most, job.num_warmup, returned_every, **blocks_of, show=job.show)
    transport = jax.jit(jax.vmap(jax.vmap(job.theory.transport)))
    trees: list[xr.DataTree] = []
    curves: list[Curve] = []
    snapshots = Snapshots()
    done = 0
    interrupted = False
    job.show(Stage(f"compiling {name}"))
    try:
        for block in function(job.target, settings):
            tree = labelled(job.theory, transport, block, done, keep_every)
            if job.folder:
                job.folder.write_block(blocks, tree)
            blocks += 1
            refuse_nan(tree)
            trees.append(tree)
            curves += [block.curve] if block.curve else []
            first, done = done, done + tree["observables"].sizes["draw"]
            if block.positions is not None:
                chosen = np.flatnonzero(np.arange(first, done) % returned_every == 0)
                snapshots.add(block.positions, _log_weights(tree)[:, chosen])
                if stream:
                    stream.add(block.positions, first, returned_every)
            job.show(Stage(f"drawing by {name}", done, max(usual, done), may_stop_here=False))
            if time.perf_counter() >= job.until or (usual <= done < most and _enough(trees)):
                break
    except KeyboardInterrupt:
        if not trees:
            raise
        interrupted = True
    return _Drawn(concatenated(trees), curves, stream, blocks, snapshots, interrupted)


def _log_weights(tree: xr.DataTree) -> np.ndarray:
    """Log weights of draws, (chain, draw); zero for those of a Markov chain."""
    stats = tree["sample_stats"].dataset
    return stats["log_weight"].values if "log_weight" in stats else np.zeros(tuple(stats.sizes.values()))


def _enough(trees: list[xr.DataTree]) -> bool:
    """Whether every observable has effective draws enough, with some to spare."""
    data = concatenated(trees)
    stats = data["sample_stats"].dataset
    weights = stats["log_weight"].values if "log_weight" in stats else None
    found = estimate(series_of(data), None, weights, independent=weights is not None)
    return all(np.all(one.ess > 1.2 * MIN_ESS) for one in found.values())


def _stronger(choice: Choice, verdicts: list[Verdict]) -> Choice | None:
    """What comes after a run whose checks failed; None where they passed, or nothing comes."""
    failed = [verdict.text for verdict in verdicts if verdict.status == "failed"]
    if not failed or choice.name not in STRONGER:
        return None
    return Choice(STRONGER[choice.name], f"{choice.name} failed ({failed[0]})")
