"""The words of the command line: commands, options, and what to say where they are misspelt."""

import argparse
import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NoReturn

from nnft_ppl.cli.settings import times_of
from nnft_ppl.display import did_you_mean

SAMPLER_HELP = (
    "auto (default); hmc, nuts, energy-conserving, pcn, elliptical-slice (chains); mixed (discrete sites); "
    "reweight (free draws); tempered (also ln Z); replica-exchange (many modes); "
    "stock-hmc, stock-nuts, mclmc (BlackJAX's own)"
)
EXAMPLES = {
    "": ("nnft list", "nnft run phi4_circle --set coupling=2.0", "nnft run phi4_circle --help"),
    "new": ("nnft new my_theory", "nnft new my_theory && nnft check my_theory.py"),
    "run": (
        "nnft run my_theory.py --sampler hmc --draws 1e4 --out runs/my_theory",
        "nnft run free_scalar --scan width=4,8,16 --set dim=1",
        "nnft run phi4_circle --time-limit 60 --json",
    ),
    "check": ("nnft check phi4_circle", "nnft check my_theory.py --set width=64"),
    "show": (
        "nnft show runs/my_theory",
        "nnft show runs/my_theory --csv my_theory.csv",
        "nnft show runs/widths --json",
    ),
    "compare": ("nnft compare runs/a runs/b", "nnft compare runs/widths runs/wider --figure widths.svg"),
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
}
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


def _whole(text: str) -> int:
    """A whole number, also as 1e4."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
        if number.is_integer():
            return int(number)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"takes a whole number, not {text!r}")


def _path(text: str) -> str:
    """A path, or the name of a model: `--out=~/x` leaves the shell as it stands."""
    return os.path.expanduser(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a number of seconds, not {text!r}") from None


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
    _debug_option(new)

    run = commands.add_parser("run", help="sample a model and estimate its observables", add_help=False)
    run.add_argument("model", type=_path, metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    _model_options(run)
    run.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="NAME=V1,V2,...",
        help="run at each of these values of a keyword, one result for all; repeatable: all combinations",
    )
    run.add_argument("--common", action="store_true", help="the same random numbers at all values of a scan")
    run.add_argument("--sampler", default="auto", help=SAMPLER_HELP)
    run.add_argument("--chains", type=_whole, default=4, help="independent chains (default 4)")
    run.add_argument("--draws", type=_whole, help="draws per chain (default 2000)")
    run.add_argument("--warmup", type=_whole, default=300, help="steps per chain that adapt the sampler (default 300)")
    _seed_option(run)
    run.add_argument(
        "--time-limit", type=_seconds, metavar="SECONDS", help="begin no further block of draws after this"
    )
    run.add_argument("--keep", default="auto", help="parameters to keep: auto (below 256 MB, default), all, none")
    _check_option(run)
    run.add_argument("--out", type=_path, metavar="DIR", help="folder of the result (default runs/MODEL-FINGERPRINT)")
    run.add_argument("--fresh", action="store_true", help="start anew (default: go on with what is in the folder)")
    _json_option(run)

    check = commands.add_parser("check", help="look a model over before sampling it")
    check.add_argument("model", type=_path, metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    _model_options(check)

    show = commands.add_parser("show", help="print a result again")
    _folder_argument(show)
    show.add_argument("--csv", type=_path, metavar="FILE", help="write every estimate as CSV, too")
    show.add_argument("--latex", type=_path, metavar="FILE", help="write every estimate as a LaTeX table, too")
    _json_option(show)
    _debug_option(show)

    compare = commands.add_parser("compare", help="compare results of one model: a table, a figure")
    compare.add_argument("folders", type=_path, nargs="+", metavar="DIR", help="folders of runs, or of families")
    compare.add_argument("--figure", type=_path, metavar="FILE", help="draw the estimates as .png, .pdf or .svg")
    compare.add_argument("--csv", type=_path, metavar="FILE", help="write every estimate as CSV, too")
    _json_option(compare)
    _debug_option(compare)

    diagnose = commands.add_parser("diagnose", help="test a result's draws by Schwinger–Dyson identities")
    _folder_argument(diagnose)
    diagnose.add_argument(
        "--against", type=_path, metavar="MODEL", help="ask whether the kept draws belong to another theory"
    )
    diagnose.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a keyword of that theory (the run's own values hold where it is the same model)",
    )
    _check_option(diagnose)
    diagnose.add_argument("--model", type=_path, metavar="FILE", help="the run's model file, if it has been moved")
    diagnose.add_argument("--figure", type=_path, metavar="FILE", help="draw the residuals as .png, .pdf or .svg")
    _json_option(diagnose)
    _debug_option(diagnose)

    discover = commands.add_parser("discover", help="look for the symmetries and redundancies of a model or result")
    discover.add_argument(
        "source", type=_path, metavar="DIR|MODEL", help="the folder of a run, a shipped model's name, or a .py file"
    )
    _model_options(discover)
    discover.add_argument(
        "--among",
        action="append",
        default=[],
        metavar="NAME",
        help="look among the linear maps of this dimension, or site's last axis; repeatable (default: many fields)",
    )
    discover.add_argument("--draws", type=_whole, default=1024, help="draws that are looked at (default 1024)")
    _seed_option(discover)
    discover.add_argument("--model", type=_path, metavar="FILE", help="the run's model file, if it has been moved")
    discover.add_argument("--figure", type=_path, metavar="FILE", help="draw the spectrum as .png, .pdf or .svg")
    _json_option(discover)

    report = commands.add_parser("report", help="write a result as one HTML page, with the data of its figures as CSV")
    _folder_argument(report)
    report.add_argument("--out", type=_path, metavar="FILE", help="the .html file (default DIR/report.html)")
    _debug_option(report)

    verify = commands.add_parser("verify", help="compare models with their exact answers")
    verify.add_argument(
        "models", type=_path, metavar="MODEL", nargs="*", help="models to verify (default: all shipped ones)"
    )
    verify.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the models")
    _seed_option(verify)
    verify.add_argument("--page", type=_path, metavar="FILE", help="write the comparison as a Markdown table, too")
    verify.add_argument(
        "--gallery", type=_path, metavar="FILE", help="write formulas, pictures and outcomes as a Markdown page, too"
    )
    _precision_options(verify)

    listing = commands.add_parser("list", help="list the shipped models")
    listing.add_argument(
        "--long", action="store_true", help="with keywords, formula, and what nnft verify found of each"
    )
    _debug_option(listing)

    doctor = commands.add_parser("doctor", help="look this machine over: devices, versions, what a gradient costs")
    _json_option(doctor)
    _debug_option(doctor)
    return parser


def _model_options(parser: Parser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the model")
    parser.add_argument("--dim", type=_whole, help="dimension of points, for a model without a space (default 1)")
    _precision_options(parser)


def _precision_options(parser: Parser) -> None:
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64", help="default float64")
    _debug_option(parser)


def _seed_option(parser: Parser) -> None:
    parser.add_argument("--seed", type=_whole, default=0, help="seed of every random number (default 0)")


def _folder_argument(parser: Parser) -> None:
    parser.add_argument("folder", type=_path, metavar="DIR", help="the folder of a run")


def _check_option(parser: Parser) -> None:
    parser.add_argument(
        "--check",
        action="append",
        default=[],
        metavar="CHECK",
        help="a further check: its name, or FILE.py:NAME for one in a Python file; repeatable",
    )
    words = "times behind the mirror at which reflection positivity is looked at (asks for the check axioms)"
    parser.add_argument("--times", type=times_of, metavar="T1,T2,...", help=words)


def _json_option(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def _debug_option(parser: Parser) -> None:
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
