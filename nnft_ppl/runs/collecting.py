"""Members of a family that have been run, each in its own folder or in memory, as one labelled result."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import xarray as xr

from nnft_ppl.results import (
    Ensemble,
    Ensembles,
    Provenance,
    Request,
    ResultError,
    StoredMembers,
    correlations,
    family_data,
    read_manifest,
    read_provenance,
    write_result,
)
from nnft_ppl.statistics import Verdict, overall

SERIOUS = ("failed", "warning", "unavailable", "good")
"""Statuses of a check, the worst first."""


def collect(
    path: str | Path, derived: Mapping[str, Any] | None = None, failures: Mapping[str, str] | None = None
) -> Ensembles:
    """What the members in a family's folder found, as one result with named axes; it is written there, too.

    No model file is executed. Members that are missing, or were made by another run, are unknown (NaN).

    Args:
        path: The folder of a sweep or of a family.
        derived: Functions of means by name, those of the model; where random numbers are common, correlations of
            derived quantities between members need them.
        failures: Member -> why it failed, to be told with the result.

    Raises:
        FileNotFoundError: If there is no such folder, or no manifest in it.
        ResultError: If it is not a family's, if no member has a result yet, or if it cannot be written.

    Example:
        >>> collect("runs/widths").estimates()["two_point"].coordinates["width"]  # doctest: +SKIP
    """
    path = Path(path).expanduser()
    request = read_manifest(path)
    if not request.family:
        raise ResultError(f"{str(path)!r} holds one run, and nothing to collect: `nnft show` prints its result")
    folders = {place: path / "members" / told["folder"] for place, told in request.family["members"].items()}
    done: dict[str, Provenance] = {}
    told = dict(failures or {})
    for place, folder in folders.items():
        try:
            if about := result_of_member(folder, request.family["members"][place]["fingerprint"]):
                done[place] = about
            elif (folder / "result.nc").is_file():
                told[place] = "its folder holds the result of another run (other keywords, sampler, seed or versions)"
        except ResultError as error:
            told[place] = str(error)
    if not done:
        words = "".join(f"; {place}: {text}" for place, text in told.items())
        raise ResultError(f"no member of the family in {str(path)!r} has a result{words}")
    members = StoredMembers({place: folders[place] for place in done})
    data = gathered(request, members, done, derived or {}, told)
    write_result(path, data)
    return Ensembles(data, members)


def result_of_member(folder: Path, fingerprint: str) -> Provenance | None:
    """What a member's folder says of its result; None where there is none, or that of another run.

    Args:
        folder: The folder.
        fingerprint: Of the run that is meant.

    Raises:
        ResultError: If the result is damaged.
    """
    if not (folder / "result.nc").is_file():
        return None
    about = read_provenance(folder)
    return about if about.fingerprint == fingerprint else None


def gathered(
    request: Request,
    members: Mapping[str, Ensemble],
    done: Mapping[str, Provenance],
    derived: Mapping[str, Any],
    failures: Mapping[str, str] | None = None,
) -> xr.DataTree:
    """The members' results as one DataTree, with what is said of the family.

    Args:
        request: What was asked of the family.
        members: Those that are there, by place; each is read when it is looked at.
        done: What is said of each of them.
        derived: Functions of means by name, of which correlations between members are wanted.
        failures: Member -> why it failed.
    """
    told = request.family
    correlation = None
    if told["common"]:
        known = next(iter(members.values())).estimates()
        correlation = correlations(members, {name: one for name, one in derived.items() if name in known})
    data = family_data(members, list(told["members"]), told["scanned"], correlation)
    data.attrs["provenance"] = _provenance(request, done, failures or {}).to_text()
    return data


def _provenance(request: Request, done: Mapping[str, Provenance], failures: Mapping[str, str]) -> Provenance:
    """What is said of the family: the worst verdict of each check, and a record of each member."""
    abouts = list(done.values())
    samplers = [one.sampler for one in abouts]
    verdicts = worst_verdicts({place: one.verdicts for place, one in done.items()})
    folders = {place: told["folder"] for place, told in request.family["members"].items()}
    found = {"members": {place: _record(one, folders[place]) for place, one in done.items()}}
    reasons = list(dict.fromkeys(one.reason for one in samplers))
    alike = all(one.constants == samplers[0].constants for one in samplers)
    sampler = replace(
        samplers[0],
        name=", ".join(dict.fromkeys(one.name for one in samplers)),
        draws=max(one.draws for one in samplers),
        reason=reasons[0] if len(reasons) == 1 else "every member chose for itself: `nnft show` of one says why",
        constants=samplers[0].constants if alike else {},
    )
    return Provenance.after(
        request,
        sampler=sampler,
        improved=abouts[0].improved,
        verdict=overall(verdicts),
        verdicts=verdicts,
        findings=found | ({"failures": dict(failures)} if failures else {}),
        interrupted=len(done) < len(folders) or any(one.interrupted for one in abouts),
        whole=len(done) == len(folders) and all(one.whole for one in abouts),
        wall_s=round(sum(one.wall_s for one in abouts), 3),
    )


def worst_verdicts(of_members: Mapping[str, Sequence[Verdict]]) -> tuple[Verdict, ...]:
    """For every check the worst outcome of all members, with the member that it is of.

    Args:
        of_members: Place -> verdicts.
    """
    by_check: dict[str, list[tuple[str, Verdict]]] = {}
    for place, verdicts in of_members.items():
        for one in verdicts:
            by_check.setdefault(one.check, []).append((place, one))
    found = []
    for outcomes in by_check.values():
        place, worst = min(outcomes, key=_rank)
        many = sum(one.status == worst.status for _, one in outcomes)
        count = f"all {len(outcomes)} members" if many == len(outcomes) else f"{many} of {len(outcomes)} members"
        where = place if many == 1 else f"{count}, {place} the worst"
        same = len({one.text for _, one in outcomes}) == 1
        found.append(replace(worst, text=f"{count if same else where}: {worst.text}"))
    return tuple(found)


def _rank(outcome: tuple[str, Verdict]) -> tuple[int, float]:
    """The worst first: by status, and then how far beyond its threshold a number is, or how near to it."""
    _, one = outcome
    distance = 0.0 if one.value is None or one.threshold is None else abs(one.value - one.threshold)
    return SERIOUS.index(one.status), -distance if one.status == "failed" else distance


def _record(about: Provenance, folder: str) -> dict[str, Any]:
    """One member, for the JSON object."""
    sampler = about.sampler
    return {
        "keywords": about.keywords,
        "folder": f"members/{folder}",
        "seed": about.seed,
        "fingerprint": about.fingerprint,
        "sampler": asdict(sampler),
        "log_z": asdict(about.log_z) if about.log_z else None,
        "verdict": about.verdict,
        "checks": [one.to_json() for one in about.verdicts],
        "interrupted": about.interrupted,
        "whole": about.whole,
        "wall_s": about.wall_s,
    }
