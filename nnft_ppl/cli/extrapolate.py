"""`nnft extrapolate`: the limit of a family, its error in parts, and how far it stays below what was asked."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.diagnose import own_theory
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage, did_you_mean, format_value, model_call, places_along
from nnft_ppl.results import Ensembles, Limit, Reach, ResultError, limit_of, nearest_to_limit, plain_json, read
from nnft_ppl.runs import DrawsError, grid_shifts
from nnft_ppl.statistics import overall
from nnft_ppl.theory import ModelError


def extrapolate(asked: argparse.Namespace) -> int:
    """Print the limits: exit status 1 where the members contradict the law, or an error that was asked for is nowhere.

    So it is where checks of the members failed: a limit is worth no more than the errors that it is made of. The model
    file is executed, for the grid alone, where it is what it was when the run was made.
    """
    family = read(asked.folder)
    if not isinstance(family, Ensembles):
        raise ResultError(
            f"{asked.folder} is one run: a limit takes a family, `nnft sweep MODEL --grid width=16,32,64`"
        )
    within = share_of(asked.within) if asked.within else None
    estimates = family.estimates()
    for name in asked.names:
        if name not in estimates:
            near = did_you_mean(name, estimates)
            raise ValueError(f"there is no {name!r}; the estimates are {', '.join(estimates)}{near}")
    names = asked.names or [name for name, one in estimates.items() if not np.iscomplexobj(one.value)]
    limits = [limit_of(family, name, asked.along, asked.in_, asked.degree) for name in names]
    grid, unknown = _grid(family, asked)
    limits = [one.with_grid(grid.get(one.quantity, np.nan)) for one in limits]
    reaches, why = _reaches(limits, within) if within else ({}, "")
    if asked.json:
        print(as_json(plain_json(_object(family, limits, reaches, unknown))))
    console = console_of(stderr=asked.json)
    about = family.provenance
    console.print(escape(model_call(about.model, about.keywords)), style="bold", highlight=False, soft_wrap=True)
    for one in limits:
        _print(one, console)
        if within and (reach := reaches[one.quantity]):
            console.print(_words(one, reach, asked.within), highlight=False, markup=False, soft_wrap=True)
    if failed := _failed(family):
        print(
            f"nnft: checks of the members failed ({', '.join(failed)}): their errors may mean nothing, and those of "
            f"the limits with them; `nnft show {asked.folder}` says which",
            file=sys.stderr,
        )
    if unknown:
        print(f"nnft: the grid's part of the errors is not known: {unknown}", file=sys.stderr)
    if why:
        print(f"nnft: --within {asked.within}: {why}", file=sys.stderr)
    short = [one for one in reaches.values() if one and one.distance is None]
    return 1 if short or failed or any(one.doubts for one in limits) else 0


def share_of(text: str) -> tuple[float, bool]:
    """An allowance, and whether it is a share of the value.

    Args:
        text: As it was written, `1%` or `0.001`.

    Raises:
        ValueError: For what is no number above zero.

    Example:
        >>> share_of("2%"), share_of("0.001")
        ((0.02, True), (0.001, False))
    """
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = 0.0
    if not 0 < number < np.inf:
        raise ValueError(f"--within takes a share or an error above zero, not {text!r}: for instance 1% or 0.001")
    return (number / 100, True) if text.endswith("%") else (number, False)


def _grid(family: Ensembles, asked: argparse.Namespace) -> tuple[dict[str, np.ndarray], str]:
    """What finer grids change at the members nearest to the limit, the widest; or why that is not known."""
    nearest = nearest_to_limit(family, asked.along, asked.in_)
    shifts = []
    try:
        with progress_bar() as progress:
            for place in nearest.flat:
                progress(Stage(f"finer grids at {place}"))
                if place not in family.members:
                    return {}, f"{place} has no result"
                member = family.members[place]
                shifts.append(grid_shifts(member, own_theory(member.provenance, asked.model)))
    except (DrawsError, ModelError, ResultError) as error:
        return {}, str(error)
    shapes = {name: (*nearest.shape, *one.shape) for name, one in shifts[0].items()}
    return {name: np.stack([one[name] for one in shifts]).reshape(shape) for name, shape in shapes.items()}, ""


def _failed(family: Ensembles) -> list[str]:
    """Checks that a member failed."""
    return [one.check for one in family.verdicts if one.status == "failed"]


def _reaches(limits: Sequence[Limit], within: tuple[float, bool]) -> tuple[dict[str, Reach | None], str]:
    """How far each is known, None for what has no distance; and why, where none has."""
    share, relative = within
    found: dict[str, Reach | None] = {}
    words = []
    for limit in limits:
        try:
            found[limit.quantity] = limit.reach(share, relative=relative)
        except ValueError as error:
            found[limit.quantity] = None
            words.append(str(error))
    return found, "; ".join(words) if len(words) == len(limits) else ""


def _words(limit: Limit, reach: Reach, within: str) -> str:
    if reach.distance is None:
        return f"{limit.quantity}: the total error is above {within} at the nearest {reach.dim} already"
    return f"{limit.quantity}: the total error is below {within} up to {reach.dim} = {reach.distance:g}"


def _print(limit: Limit, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(("at", "limit", "statistical", "finite N", "grid", "χ²")):
        table.add_column(heading, justify="right" if number else "left")
    for index, place in places_along(dict(limit.coordinates)):
        value, total = float(limit.value[index]), float(limit.error[index])
        parts = [float(part[index]) for part in (limit.statistical, limit.finite, limit.grid)]
        shown = "undefined" if np.isnan(value) else format_value(value, total)
        last = limit.doubts.get(index) or f"{limit.chi_squared[index]:.3g} ({limit.dof})"
        table.add_row(escape(place), shown, *("?" if np.isnan(one) else f"{one:.2g}" for one in parts), escape(last))
    console.print(f"[bold]{escape(limit.law)}[/]", highlight=False, soft_wrap=True)
    console.print(table)


def _object(family: Ensembles, limits: list[Limit], reaches: dict[str, Reach | None], unknown: str) -> dict[str, Any]:
    """The JSON object."""
    about = family.provenance
    return {
        "model": about.model,
        "keywords": about.keywords,
        "verdict": overall(family.verdicts),
        "failed_checks": _failed(family),
        "grid_unknown": unknown or None,
        "limits": {
            one.quantity: {
                "law": one.law,
                "dims": list(one.coordinates),
                "coords": dict(one.coordinates),
                "value": one.value,
                "error": one.error,
                "statistical": one.statistical,
                "finite": one.finite,
                "grid": one.grid,
                "chi_squared": one.chi_squared,
                "dof": one.dof,
                "reach": reach._asdict() if (reach := reaches.get(one.quantity)) else None,
            }
            for one in limits
        },
    }
