"""Options that several commands of `nnft` have, and how their words are read."""

import argparse
import os

from nnft_ppl.cli.settings import times_of

SAMPLER_HELP = (
    "auto (default); hmc, nuts, energy-conserving, pcn, elliptical-slice (chains); mixed (discrete sites); "
    "reweight (free draws); tempered (also ln Z); replica-exchange (many modes); "
    "stock-hmc, stock-nuts, mclmc (BlackJAX's own)"
)


def whole(text: str) -> int:
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


def path(text: str) -> str:
    """A path, or the name of a model: `--out=~/x` leaves the shell as it stands."""
    return os.path.expanduser(text)


def seconds(text: str) -> float:
    """Seconds, as they are written."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a number of seconds, not {text!r}") from None


def model_options(parser: argparse.ArgumentParser) -> None:
    """Which model, or theory of it."""
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the model")
    parser.add_argument("--dim", type=whole, help="dimension of points, for a model without a space (default 1)")
    precision_options(parser)


def precision_options(parser: argparse.ArgumentParser) -> None:
    """Precision, and tracebacks."""
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64", help="default float64")
    debug_option(parser)


def seed_option(parser: argparse.ArgumentParser) -> None:
    """The seed."""
    parser.add_argument("--seed", type=whole, default=0, help="seed of every random number (default 0)")


def folder_argument(parser: argparse.ArgumentParser) -> None:
    """The folder of a result."""
    parser.add_argument("folder", type=path, metavar="DIR", help="the folder of a run")


def reference_option(parser: argparse.ArgumentParser) -> None:
    """What independent draws are drawn from."""
    parser.add_argument(
        "--reference", default="auto", choices=("auto", "bare"), metavar="auto|bare",
        help="a Gaussian that knows the action, or free",
    )  # fmt: skip


def series_option(parser: argparse.ArgumentParser) -> None:
    """How much of the series of long runs is kept."""
    parser.add_argument(
        "--keep-series", default="auto", choices=("auto", "all", "none"), metavar="auto|all|none",
        help="series to keep: auto (averages beyond 20 000 draws per chain, default), all, none",
    )  # fmt: skip


def until_option(parser: argparse.ArgumentParser) -> None:
    """Errors that are asked for."""
    parser.add_argument(
        "--until",
        action="append",
        default=[],
        metavar="NAME=ERROR",
        help="go on until the error of NAME is that small: 1%% of its value, or 0.002 in its units; NAME[2] or "
        "NAME[separation=1] for one entry; repeatable (--draws is the most then, a million unless given)",
    )


def check_option(parser: argparse.ArgumentParser) -> None:
    """Further checks."""
    parser.add_argument(
        "--check",
        action="append",
        default=[],
        metavar="CHECK",
        help="a further check: its name, or FILE.py:NAME for one in a Python file; repeatable",
    )
    words = "times behind the mirror at which reflection positivity is looked at (asks for the check axioms)"
    parser.add_argument("--times", type=times_of, metavar="T1,T2,...", help=words)


def json_option(parser: argparse.ArgumentParser) -> None:
    """JSON in place of tables."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def debug_option(parser: argparse.ArgumentParser) -> None:
    """Tracebacks."""
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
