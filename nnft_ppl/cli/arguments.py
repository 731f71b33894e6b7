"""The words of the command line: commands, options, and what to say where they are misspelt."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NoReturn

from nnft_ppl.cli.family_commands import EXAMPLES_OF_FAMILIES, add_family_commands
from nnft_ppl.cli.options import (
    SAMPLER_HELP,
    check_option,
    debug_option,
    folder_argument,
    json_option,
    model_options,
    path,
    precision_options,
    reference_option,
    seconds,
    seed_option,
    series_option,
    until_option,
    whole,
)
from nnft_ppl.display import did_you_mean

EXAMPLES = {
    "": ("nnft list", "nnft run phi4_circle --set coupling=2.0", "nnft run phi4_circle --help"),
    "new": ("nnft new my_theory", "nnft new my_theory && nnft check my_theory.py"),
    "run": (
        "nnft run my_theory.py --sampler hmc --draws 1e4 --out runs/my_theory",
        "nnft run free_scalar --scan width=4,8,16 --set dim=1",
        "nnft run phi4_circle --until two_point=1% --time-limit 60 --json",
    ),
    "check": ("nnft check phi4_circle", "nnft check my_theory.py --set width=64"),
    "show": (
        "nnft show runs/my_theory",
        "nnft show runs/my_theory --csv my_theory.csv",
        "nnft show runs/widths --json",
    ),
    "diagnose": (
        "nnft diagnose runs/my_theory",
        "nnft diagnose runs/my_theory --figure residuals.svg",
        "nnft diagnose runs/my_theory --against my_theory.py --set coupling=2.0",
    ),
    "discover": (
        "nnft discover on_circle",
        "nnft discover runs/my_theory --json",
        "nnft discover on_circle --among component",
    ),
    "report": ("nnft report runs/my_theory", "nnft report runs/my_theory --out my_theory.html"),
    "verify": ("nnft verify", "nnft verify phi4_circle --set coupling=2.0", "nnft verify --seed 1 --page verified.md"),
    "list": ("nnft list", "nnft list --long"),
    "doctor": ("nnft doctor", "nnft doctor --json"),
} | EXAMPLES_OF_FAMILIES
"""Command -> what one might type; an empty one stands for `nnft` itself."""


class UsageError(ValueError):
    """Words that are no command of `nnft`; the text says what is wrong."""


class Parser(argparse.ArgumentParser):
    """Python's parser, but a mistake is an exception, and half a word is no option; its help ends in examples."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
        examples = EXAMPLES[self.prog.removeprefix("nnft").strip()]
        self.epilog = "\n".join([*filter(None, [self.epilog]), "examples:", *(f"  {line}" for line in examples)])

    def error(self, message: str) -> NoReturn:
        """Raise what Python's parser would print before it leaves."""
        raise UsageError(f"{message.removeprefix('argument ')} (`{self.prog} --help` says more)")

    @property
    def options(self) -> list[str]:
        """Every `--option`, of this command alone."""
        return [word for action in self._actions for word in action.option_strings]

    @property
    def with_value(self) -> set[str]:
        """The options that take a value."""
        return {word for action in self._actions if action.nargs != 0 for word in action.option_strings}

    @property
    def commands(self) -> dict[str, "Parser"]:
        """The parsers of the commands below this one."""
        (below,) = (action for action in self._actions if isinstance(action, argparse._SubParsersAction))
        return below.choices


def parse(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """The words after `nnft`, taken apart.

    Raises:
        UsageError: For a command or option that there is not, with the nearest that there is; for words too many.
    """
    first = next(iter(words), "-")
    if not first.startswith("-") and first not in parser.commands:
        near = did_you_mean(first, parser.commands)
        if not near and first.endswith(".py"):
            near = f"; did you mean `nnft run {first}`?"
        raise UsageError(f"there is no command {first!r} (there are {', '.join(parser.commands)}){near}")
    asked, left = parser.parse_known_args(words)
    if left:
        raise UsageError(_too_many(left, parser.commands.get(asked.command, parser)))
    return asked


def _too_many(left: Sequence[str], parser: Parser) -> str:
    # An unknown option leaves its value behind, too: the option is what to talk about.
    word = next((word for word in left if word.startswith("-")), left[0])
    name = word.partition("=")[0]
    if name in parser.options:
        return f"{name} belongs behind the command: {parser.prog} ... {name}"
    if word.startswith("-"):
        return f"{parser.prog} has no option {name!r}{did_you_mean(name, parser.options)}"
    if "=" in word and "--set" in parser.options:
        return f"{word!r} stands alone: a keyword of the model is set by --set {word}"
    return f"{word!r} is one word too many for `{parser.prog}` (`{parser.prog} --help` says what it takes)"


def command_parser() -> Parser:
    """The parser of `nnft` with all its commands."""
    parser = Parser(
        prog="nnft",
        description="Sample neural-network field theories written as NumPyro models.",
        epilog="exit status: 0 good, 1 a check failed, 2 bad input, 3 interrupted, 4 the run failed\n",
    )
    parser.add_argument("--version", action="version", version=f"nnft_ppl {version('nnft-ppl')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    new = commands.add_parser("new", help="write a model file to begin with")
    new.add_argument("name", metavar="NAME", help="name of the model; the file is NAME.py in this folder")
    debug_option(new)

    run = commands.add_parser("run", help="sample a model and estimate its observables", add_help=False)
    run.add_argument("model", type=path, metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    model_options(run)
    run.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="NAME=V1,V2,...",
        help="run at each of these values of a keyword, one result for all; repeatable: all combinations",
    )
    run.add_argument("--common", action="store_true", help="the same random numbers at all values of a scan")
    run.add_argument("--sampler", default="auto", help=SAMPLER_HELP)
    reference_option(run)
    run.add_argument("--chains", type=whole, default=4, help="independent chains (default 4)")
    run.add_argument("--draws", type=whole, help="draws per chain (default 2000)")
    run.add_argument("--warmup", type=whole, default=300, help="steps per chain that adapt the sampler (default 300)")
    seed_option(run)
    run.add_argument("--time-limit", type=seconds, metavar="SECONDS", help="begin no further block of draws after this")
    until_option(run)
    run.add_argument("--keep", default="auto", help="parameters to keep: auto (below 256 MB, default), all, none")
    series_option(run)
    check_option(run)
    run.add_argument("--out", type=path, metavar="DIR", help="folder of the result (default runs/MODEL-FINGERPRINT)")
    run.add_argument("--fresh", action="store_true", help="start anew (default: go on with what is in the folder)")
    run.add_argument(
        "--distributed", action="store_true", help="share the chains with the other processes of this job (srun, ...)"
    )
    json_option(run)

    check = commands.add_parser("check", help="look a model over before sampling it")
    check.add_argument("model", type=path, metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    model_options(check)

    show = commands.add_parser("show", help="print a result again")
    folder_argument(show)
    show.add_argument("--csv", type=path, metavar="FILE", help="write every estimate as CSV, too")
    show.add_argument("--latex", type=path, metavar="FILE", help="write every estimate as a LaTeX table, too")
    json_option(show)
    debug_option(show)

    add_family_commands(commands)

    diagnose = commands.add_parser("diagnose", help="test a result's draws by Schwinger–Dyson identities")
    folder_argument(diagnose)
    diagnose.add_argument(
        "--against", type=path, metavar="MODEL", help="ask whether the kept draws belong to another theory"
    )
    diagnose.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a keyword of that theory (the run's own values hold where it is the same model)",
    )
    check_option(diagnose)
    diagnose.add_argument("--model", type=path, metavar="FILE", help="the run's model file, if it has been moved")
    diagnose.add_argument("--figure", type=path, metavar="FILE", help="draw the residuals as .png, .pdf or .svg")
    json_option(diagnose)
    debug_option(diagnose)

    discover = commands.add_parser("discover", help="look for the symmetries and redundancies of a model or result")
    discover.add_argument(
        "source", type=path, metavar="DIR|MODEL", help="the folder of a run, a shipped model's name, or a .py file"
    )
    model_options(discover)
    discover.add_argument(
        "--among",
        action="append",
        default=[],
        metavar="NAME",
        help="look among the linear maps of this dimension, or site's last axis; repeatable (default: many fields)",
    )
    discover.add_argument("--draws", type=whole, default=1024, help="draws that are looked at (default 1024)")
    seed_option(discover)
    discover.add_argument("--model", type=path, metavar="FILE", help="the run's model file, if it has been moved")
    discover.add_argument("--figure", type=path, metavar="FILE", help="draw the spectrum as .png, .pdf or .svg")
    json_option(discover)

    report = commands.add_parser("report", help="write a result as one HTML page, with the data of its figures as CSV")
    folder_argument(report)
    report.add_argument("--out", type=path, metavar="FILE", help="the .html file (default DIR/report.html)")
    debug_option(report)

    verify = commands.add_parser("verify", help="compare models with their exact answers")
    verify.add_argument(
        "models", type=path, metavar="MODEL", nargs="*", help="models to verify (default: all shipped ones)"
    )
    verify.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the models")
    seed_option(verify)
    verify.add_argument("--page", type=path, metavar="FILE", help="write the comparison as a Markdown table, too")
    verify.add_argument(
        "--gallery", type=path, metavar="FILE", help="write formulas, pictures and outcomes as a Markdown page, too"
    )
    precision_options(verify)

    listing = commands.add_parser("list", help="list the shipped models")
    listing.add_argument(
        "--long", action="store_true", help="with keywords, formula, and what nnft verify found of each"
    )
    debug_option(listing)

    doctor = commands.add_parser("doctor", help="look this machine over: devices, versions, what a gradient costs")
    json_option(doctor)
    debug_option(doctor)
    return parser
