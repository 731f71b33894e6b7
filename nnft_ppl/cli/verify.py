"""`nnft verify`: theories by two routes against what is known of them, and their controls, which must be rejected."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.markup import escape

from nnft_ppl.cli.against import Rejection, Row, beside, compare, deviations, furthest, knows, largest_pull, unknown
from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.gallery import Gallery
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.table import estimates_table
from nnft_ppl.cli.validation import made_by, validation_page
from nnft_ppl.results import Ensemble
from nnft_ppl.runs import FieldError, sample
from nnft_ppl.samplers import SamplerError
from nnft_ppl.statistics import MAX_PULL
from nnft_ppl.theory import Control, ModelError, Theory, load_file, shipped_models

ROUTES = ("hmc", "reweight")
"""Samplers of every comparison: chains, and free draws with weights."""
DISCRETE_ROUTES = ("mixed", "reweight")
"""The same of theories with discrete parameters."""
CONTROL_DRAWS = (2000, 20_000, 100_000)
"""Draws per chain of a control: more where fewer do not reject it."""


def verify(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Sample models and compare: exit status 1 where a pull is past 5, or a control is not rejected."""
    console = console_of()
    gallery = Gallery(asked.gallery) if asked.gallery else None
    rows: list[Row] = []
    controls: dict[str, Rejection] = {}
    theories: list[Theory] = []
    for name in asked.models or shipped_models():
        theory = Theory(load_file(name), **keywords)
        theories.append(theory)
        control = theory.control
        routes = _by_routes(theory, asked.seed, console, pictured=gallery is not None)
        compared = [row for route in routes for row in route.rows]
        rows += compared
        if not control:
            console.print("no control", highlight=False)
        else:
            wrong = [row for route in routes for row in beside(route.ensemble, theory.name, control.answers)]
            one, own = try_keywords(theory, control, asked.seed) if control.keywords else (furthest(control, wrong), [])
            rows += own
            controls[theory.name] = one
            colour = "green" if one.rejected else "red"
            words = escape(f"{control.words} ({control.changed})")
            console.print(f"control: {words}: [{colour}]{one.words}[/]", highlight=False, soft_wrap=True)
        if gallery:
            gallery.add(theory, routes[0].ensemble, compared, controls.get(theory.name))
    if asked.page:
        text = validation_page(rows, controls, theories, asked.seed, asked.precision)
        Path(asked.page).write_text(text, encoding="utf-8")
        console.print(f"page in {asked.page}", highlight=False, markup=False, soft_wrap=True)
    if gallery:
        gallery.write(made_by(asked.seed, asked.precision))
        console.print(f"gallery in {asked.gallery}", highlight=False, markup=False, soft_wrap=True)
    return 0 if largest_pull(rows) <= MAX_PULL and all(one.rejected for one in controls.values()) else 1


class _Route(NamedTuple):
    """One sampler's run, and what is known of the theory beside it."""

    ensemble: Ensemble
    rows: list[Row]


def _by_routes(theory: Theory, seed: int, console: Console, *, pictured: bool) -> list[_Route]:
    """Runs by the samplers that can, each printed with what was compared.

    Args:
        theory: What is sampled.
        seed: Of every run.
        console: Where they are printed.
        pictured: Whether the first keeps draws to be looked at.

    Raises:
        SamplerError, FieldError: If no sampler can.
    """
    if not knows(theory):
        console.print(f"[bold]{theory.name}[/]: no exact answer; its identities are tested", highlight=False)
    missing, stated = unknown(theory)
    if missing:
        console.print(f"[bold]{theory.name}[/]: {missing} of {stated} exact answers not known (NaN)", highlight=False)
    routes: list[_Route] = []
    samplers = DISCRETE_ROUTES if theory.discrete else ROUTES
    for sampler in samplers:
        try:
            keep = "auto" if pictured and not routes else _kept(theory)
            ensemble = _draws(theory, sampler, seed, keep=keep)
        except (SamplerError, FieldError) as error:
            if not routes and sampler == samplers[-1]:
                raise
            console.print(f"[bold]{theory.name}[/] by {sampler}: [dim]not possible[/]", highlight=False)
            console.print(str(error), highlight=False, markup=False, soft_wrap=True)
            continue
        held = deviations(ensemble, theory)
        found = compare(ensemble, theory) + held
        largest = largest_pull(found)
        mark = "[green]agrees[/]" if largest <= MAX_PULL else "[red]disagrees[/]"
        if not found or (0 < stated == missing and largest <= MAX_PULL):
            mark = "nothing to compare"
        console.print(f"[bold]{theory.name}[/] by {sampler}: {mark}, largest pull {largest:.1f}", highlight=False)
        console.print(estimates_table(ensemble))
        for row in held:
            words = f"{row.observable}: largest deviation {row.value:.2g}, tolerance {MAX_PULL * row.error:.2g}"
            console.print(words, highlight=False, markup=False, soft_wrap=True)
        routes.append(_Route(ensemble, found))
    return routes


def try_keywords(theory: Theory, control: Control, seed: int) -> tuple[Rejection, list[Row]]:
    """The model at the control's keywords against what is known of the theory.

    Returns:
        How far it is, and the same run beside its own exact values, where those are others.

    Raises:
        ModelError, TypeError, ValueError: If the model cannot be had at these keywords.
    """
    other = Theory(theory.file, **theory.keywords | control.keywords)
    if reshaped := sorted(name for name in theory.exact if other.shapes.get(name) != theory.shapes[name]):
        raise ModelError(f"{theory.name}: control() gives {control.changed}, at which {reshaped} have other shapes")

    sampler = "mixed" if other.discrete and other.action_terms else "reweight"

    def tried(draws: int) -> tuple[Ensemble, Rejection]:
        ensemble = _draws(other, sampler, seed, draws, keep=_kept(theory))
        return ensemble, furthest(control, compare(ensemble, theory))

    ensemble, found = tried(CONTROL_DRAWS[0])
    for draws in CONTROL_DRAWS[1:] if knows(theory) else ():  # of identities only some draws are looked at
        if not found.rejected:
            ensemble, found = tried(draws)
    moved = any(
        name not in theory.exact or not np.array_equal(value, theory.exact[name], equal_nan=True)
        for name, value in other.exact.items()
    )
    called = f"{theory.name}({control.changed})"
    return found, beside(ensemble, called, other.exact, other.truncation) if moved else []


def _kept(theory: Theory) -> str:
    """Whether a run that is compared with this theory keeps parameters: identities and invariants need them."""
    return "none" if knows(theory) and not theory.invariants else "auto"


def _draws(theory: Theory, sampler: str, seed: int, draws: int | None = None, *, keep: str) -> Ensemble:
    with progress_bar(Console(stderr=True)) as progress:
        return sample(theory, sampler, num_draws=draws, seed=seed, keep=keep, checks=False, progress=progress)
