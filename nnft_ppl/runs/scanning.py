"""A family of theories sampled member by member, and told as one result."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnft_ppl.display import Progress, Stage, show_progress
from nnft_ppl.families import Family
from nnft_ppl.results import Ensemble, Ensembles, Provenance, Request, RunFolder, StoredMembers, member_folders
from nnft_ppl.runs.collecting import gathered
from nnft_ppl.runs.request import make_request
from nnft_ppl.samplers import MakeSampler
from nnft_ppl.theory import Theory, record


@dataclass(frozen=True)
class Scan:
    """One call of `sample` on a family."""

    family: Family
    sample: Callable[..., Ensemble]
    """Samples a theory, with `seed`, `out`, `time_limit` and `progress`."""
    seed: int
    common: bool
    """Whether all members have the family's seed, and not one of their own."""
    out: Path | None
    time_limit: float | None
    request: Request
    """What is asked of the family."""
    fresh: bool = False
    """Whether to start anew."""

    @property
    def seeds(self) -> list[int]:
        """The seed of every member."""
        return seeds_of(len(self.family), self.seed, common=self.common)


def seeds_of(members: int, seed: int, *, common: bool) -> list[int]:
    """The seeds of a family's members: all the same, or each its own and then independent.

    Args:
        members: How many.
        seed: The family's.
        common: Whether it is that of all members.
    """
    if common:
        return [seed] * members
    return [int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) for number in range(members)]


def family_request(
    family: Family,
    sampler: str | MakeSampler,
    num_chains: int,
    num_draws: int,
    num_warmup: int,
    seed: int,
    keep: str,
    reference: str = "auto",
    keep_series: str = "auto",
    *,
    common: bool = False,
) -> Request:
    """What is asked of a family, with its fingerprint: keywords that are scanned hold all their values.

    Args as for `sample`.

    Raises:
        ValueError: If members have common random numbers, and no series are to be kept.
    """
    if common and keep_series == "none":
        raise ValueError("how members with common random numbers are correlated is seen in their series: keep them")
    seeds = seeds_of(len(family), seed, common=common)
    asked = [
        make_request(theory, sampler, num_chains, num_draws, num_warmup, own, keep, reference, keep_series)
        for theory, own in zip(family, seeds, strict=True)
    ]
    text = json.dumps([one.fingerprint for one in asked])
    first = asked[0]
    scanned = {name: [record(value) for value in values] for name, values in family.scanned.items()}
    folders = member_folders(family.places)
    members = {
        place: {"folder": folders[place], "seed": one.seed, "fingerprint": one.fingerprint}
        for place, one in zip(family.places, asked, strict=True)
    }
    return replace(
        first,
        keywords=dict(first.keywords) | scanned,
        literals={name: one for name, one in first.literals.items() if name not in scanned},
        seed=seed,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        family={"scanned": scanned, "common": common, "members": members},
    )


def family_folder(path: Path, request: Request, *, fresh: bool = False) -> RunFolder:
    """The folder of a family; draws are in those of its members.

    Args:
        path: The folder; it is created, with parents.
        request: What is asked of the family.
        fresh: Whether to start anew.

    Raises:
        ResultError: As for `RunFolder`.
    """
    folder = RunFolder(path, request, fresh=fresh)
    (folder.path / "blocks").rmdir()
    return folder


def sample_family(scan: Scan, progress: Progress | None) -> Ensembles:
    """Every member sampled in turn; an interruption ends with those that are there.

    Args:
        scan: What is asked.
        progress: Told which member is at work, and what is done.
    """
    started = time.perf_counter()
    folder = family_folder(scan.out, scan.request, fresh=scan.fresh) if scan.out else None
    with folder or nullcontext():
        return _sample_members(scan, progress, folder, started)


def _sample_members(scan: Scan, progress: Progress | None, folder: RunFolder | None, started: float) -> Ensembles:
    family = scan.family
    folders = member_folders(family.places)
    done: dict[str, Provenance] = {}
    in_memory: dict[str, Ensemble] = {}
    with show_progress(progress) as show:
        pairs = zip(family, family.places, scan.seeds, strict=True)
        for number, (theory, place, seed) in enumerate(pairs):
            out = scan.out / "members" / folders[place] if scan.out else None
            try:
                show(Stage(f"{place} ({number + 1} of {len(family)})"))
                one = _member(scan, theory, place, seed, out, started, len(family) - number, show)
            except KeyboardInterrupt:
                if not done:
                    raise
                break
            done[place] = one.provenance
            if not scan.out:
                in_memory[place] = one
            if one.provenance.interrupted:
                break
        whole = len(done) == len(family) and not any(one.interrupted for one in done.values())
        stored = {place: scan.out / "members" / folders[place] for place in done} if scan.out else {}
        members: Mapping[str, Ensemble] = StoredMembers(stored) if scan.out else in_memory
        data = gathered(scan.request, members, done, family.theories[0].derived)
        about = replace(Provenance.parse(data.attrs["provenance"]), wall_s=round(time.perf_counter() - started, 3))
        data.attrs["provenance"] = about.to_text()
        with suppress(KeyboardInterrupt):  # too late: nothing is left to be cut short
            show(Stage("writing the result", may_stop_here=False))
        if folder and not folder.keeps_result(about, whole=whole):
            folder.write_result(data)
    return Ensembles(data, members)


def _member(
    scan: Scan, theory: Theory, place: str, seed: int, out: Path | None, started: float, left: int, show: Progress
) -> Ensemble:
    """One member; it gets its share of the time that is left, and its complaints say which it is."""
    limit = None
    if scan.time_limit is not None:
        limit = max(scan.time_limit - (time.perf_counter() - started), 0.0) / left

    def of_member(stage: Stage) -> None:
        show(replace(stage, what=f"{place}: {stage.what}"))

    try:
        return scan.sample(theory, seed=seed, out=out, time_limit=limit, progress=of_member)
    except OSError:
        raise
    except Exception as error:
        error.args = (f"at {place}: {error}", *error.args[1:])
        raise
