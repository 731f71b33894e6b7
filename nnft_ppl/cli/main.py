"""Entry point of `nnft`: arguments, precision, exit statuses.

Exit status: 0 good · 1 result written, but a check of the quoted route failed · 2 bad input · 3 interrupted, finished
work kept · 4 the run failed.
"""

import argparse
import ast
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

GOOD, CHECKS_FAILED, BAD_INPUT, INTERRUPTED, RUN_FAILED = range(5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `nnft` and return its exit status.

    Args:
        arguments: Words after `nnft`; None for those of the process.
    """
    parser = _parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"] and ("--help" in given or "-h" in given):
        return _run_help(parser, [word for word in given[1:] if word not in ("--help", "-h")])
    asked = parser.parse_args(given)
    if not asked.command:
        parser.print_help()
        return BAD_INPUT
    try:
        return _dispatch(asked)
    except KeyboardInterrupt:
        print("nnft: interrupted before the first block of draws was finished", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; keep Python from complaining again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except Exception as error:  # every failure ends in one line; --debug shows the rest
        if asked.debug:
            traceback.print_exc()
        return _complain(error)


def _dispatch(asked: argparse.Namespace) -> int:
    if asked.command == "list":
        from nnft_ppl.cli.inspect import list_models

        return list_models()
    if asked.command == "show":
        from nnft_ppl.cli.inspect import show

        return show(asked)
    if asked.command == "diagnose":
        from nnft_ppl.cli.diagnose import diagnose

        _set_precision("float64")
        return diagnose(asked, keywords_of(asked.set))
    _set_precision(asked.precision)
    if asked.command in ("run", "verify"):
        from nnft_ppl.devices import spread_over_cores

        spread_over_cores(getattr(asked, "chains", 4))
    if asked.command == "run":
        from nnft_ppl.cli.run import run

        return run(asked, keywords_of(asked.set))
    if asked.command == "check":
        from nnft_ppl.cli.check import check

        return check(asked, keywords_of(asked.set))
    from nnft_ppl.cli.verify import verify

    return verify(asked, keywords_of(asked.set))


def _set_precision(precision: str) -> None:
    import jax

    jax.config.update("jax_enable_x64", precision == "float64")
    _keep_compiled_programs()


def _keep_compiled_programs() -> None:
    """Let JAX keep compiled programs in the user's cache: the same run again starts ten seconds earlier.

    `JAX_COMPILATION_CACHE_DIR` says where else, `JAX_ENABLE_COMPILATION_CACHE=false` that it should not.
    """
    import jax

    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nnft_ppl" / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # no home, or not ours to write: compile every time
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def keywords_of(settings: Sequence[str]) -> dict[str, Any]:
    """`name=value` words as keywords; a value is a Python literal, or else a string.

    Raises:
        ValueError: For a word without `=`, or a name given twice.

    Example:
        >>> keywords_of(["width=64", "amplitude=pair"])
        {'width': 64, 'amplitude': 'pair'}
    """
    keywords: dict[str, Any] = {}
    for word in settings:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--set takes name=value, not {word!r}")
        if name in keywords:
            raise ValueError(f"--set gives {name!r} twice")
        keywords[name] = _literal(text)
    return keywords


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return float(text) if text in ("inf", "nan") else text


def _complain(error: Exception) -> int:
    """Say in one or two lines what went wrong, and return the exit status."""
    from nnft_ppl.cli.complaints import complaint

    text, bad_input = complaint(error)
    print(f"nnft: {text}", file=sys.stderr)
    return BAD_INPUT if bad_input else RUN_FAILED


SAMPLER_HELP = (
    "auto (default); hmc, nuts, pcn, elliptical-slice (chains); reweight (free draws); tempered (also ln Z); "
    "replica-exchange (many modes); stock-hmc, stock-nuts, mclmc (BlackJAX's own)"
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nnft",
        description="Sample neural-network field theories written as NumPyro models.",
        epilog="exit status: 0 good, 1 a check failed, 2 bad input, 3 interrupted, 4 the run failed",
    )
    parser.add_argument("--version", action="version", version=f"nnft_ppl {version('nnft-ppl')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="sample a model and estimate its observables", add_help=False)
    run.add_argument("model", metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    _model_options(run)
    run.add_argument("--sampler", default="auto", help=SAMPLER_HELP)
    run.add_argument("--chains", type=int, default=4, help="independent chains (default 4)")
    run.add_argument("--draws", type=int, help="draws per chain (default 2000)")
    run.add_argument("--warmup", type=int, default=300, help="steps per chain that adapt the sampler (default 300)")
    run.add_argument("--seed", type=int, default=0, help="seed of every random number (default 0)")
    run.add_argument("--time-limit", type=float, metavar="SECONDS", help="begin no further block of draws after this")
    run.add_argument("--keep", default="auto", help="parameters to keep: auto (below 256 MB, default), all, none")
    run.add_argument("--out", metavar="DIR", help="folder of the result (default runs/MODEL-FINGERPRINT)")
    run.add_argument("--json", action="store_true", help="print one JSON object instead of the table")

    check = commands.add_parser("check", help="look a model over before sampling it")
    check.add_argument("model", metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    _model_options(check)

    show = commands.add_parser("show", help="print a result again")
    show.add_argument("folder", metavar="DIR", help="the folder of a run")
    show.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    show.add_argument("--debug", action="store_true", help="show the whole traceback of an error")

    diagnose = commands.add_parser("diagnose", help="test a result's draws by Schwinger–Dyson identities")
    diagnose.add_argument("folder", metavar="DIR", help="the folder of a run")
    diagnose.add_argument("--against", metavar="MODEL", help="ask whether the kept draws belong to another theory")
    diagnose.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a keyword of that theory (the run's own values hold where it is the same model)",
    )
    diagnose.add_argument("--model", metavar="FILE", help="the run's model file, if it has been moved")
    diagnose.add_argument("--figure", metavar="FILE", help="draw the residuals as .png, .pdf or .svg")
    diagnose.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    diagnose.add_argument("--debug", action="store_true", help="show the whole traceback of an error")

    verify = commands.add_parser("verify", help="compare models with their exact answers")
    verify.add_argument("models", metavar="MODEL", nargs="*", help="models to verify (default: all shipped ones)")
    verify.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the models")
    verify.add_argument("--seed", type=int, default=0, help="seed of every random number (default 0)")
    verify.add_argument("--page", metavar="FILE", help="write the comparison as a Markdown table, too")
    _precision_options(verify)

    listing = commands.add_parser("list", help="list the shipped models")
    listing.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    return parser


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="set a keyword of the model")
    parser.add_argument("--dim", type=int, default=1, help="dimension of points, for a model without a space")
    _precision_options(parser)


def _precision_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64", help="default float64")
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")


def _run_help(parser: argparse.ArgumentParser, words: list[str]) -> int:
    """Help of `run`, and of its model if one is named."""
    from nnft_ppl.cli.inspect import describe_model

    (subparsers,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    run = subparsers.choices["run"]
    print(run.format_help())
    with_value = {option for action in run._actions if action.nargs != 0 for option in action.option_strings}
    pairs = zip(["", *words], words, strict=False)
    named = [word for before, word in pairs if not word.startswith("-") and before not in with_value]
    if not named:
        return GOOD
    try:
        print(describe_model(named[0]))
    except Exception as error:  # a broken model file must not hide the command's own help
        return _complain(error)
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
