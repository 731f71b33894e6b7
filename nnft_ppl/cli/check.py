"""`nnft check`: look a model over before sampling it, one line per check."""

import argparse
from typing import Any

from rich.markup import escape

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.run import load_theory
from nnft_ppl.display import Stage, on_terminal
from nnft_ppl.theory import check_model


def check(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Print every check with its outcome; exit status 1 where one failed."""
    with progress_bar() as progress:
        progress(Stage(f"reading {asked.model}"))
        theory = load_theory(asked, keywords)
        outcomes = check_model(theory, progress)
        if theory.symmetries:
            from nnft_ppl.symmetries import symmetries_fit

            progress(Stage("checking symmetries"))
            outcomes.append(symmetries_fit(theory))
    console = console_of()
    console.print(f"[bold]{escape(repr(theory))}[/]", highlight=False, soft_wrap=True)
    for site in theory.sites:
        how = "transport" if site.exact else "unconstrained"
        console.print(
            f"   {site.label}  {site.shape}  ({', '.join(site.dims)})  {how}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for good, text in outcomes:
        console.print(f" {on_terminal('good' if good else 'failed')} {escape(text)}", highlight=False, soft_wrap=True)
    return 0 if all(good for good, _ in outcomes) else 1
