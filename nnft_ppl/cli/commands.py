"""One command of `nnft`: arguments, precision, exit status."""

import argparse
import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from nnft_ppl.cli.arguments import Parser, UsageError, command_parser, parse
from nnft_ppl.cli.outputs import drop_unwritten, refuse_output
from nnft_ppl.cli.settings import keywords_of, scans_of
from nnft_ppl.display import Stage

GOOD, CHECKS_FAILED, BAD_INPUT, INTERRUPTED, RUN_FAILED = range(5)


def attempt(given: list[str]) -> int:
    """The exit status of one command; what it has to say is written by then.

    Args:
        given: The words after `nnft`.
    """
    parser = command_parser()
    if given[:1] == ["run"] and ("--help" in given or "-h" in given):
        return _run_help(parser.commands["run"], [word for word in given[1:] if word not in ("--help", "-h")])
    try:
        asked = parse(parser, given)
    except UsageError as error:
        print(f"nnft: {error}", file=sys.stderr)
        return BAD_INPUT
    if not asked.command:
        parser.print_help()
        return BAD_INPUT
    try:
        status = _dispatch(asked)
        sys.stdout.flush()  # what cannot be written is complained of, too
    except KeyboardInterrupt:
        print(f"nnft: interrupted{_left_behind(asked)}", file=sys.stderr)
        status = INTERRUPTED
    except SystemExit:
        print("nnft: the model ends the process, by sys.exit or exit: leave that out", file=sys.stderr)
        status = BAD_INPUT
    except Exception as error:  # every failure ends in one line; --debug shows the rest
        if asked.debug:
            traceback.print_exc()
        status = _complain(error)
    drop_unwritten()
    return status


def _left_behind(asked: argparse.Namespace) -> str:
    """What an interruption leaves without a result."""
    if asked.command == "sweep":
        return " before anything was collected: the same command goes on"
    if asked.command != "run":
        return ""
    if asked.out and any(Path(asked.out).glob("**/blocks/*.nc")):
        return f": the same command goes on with the draws in {asked.out}"
    return " before the first block of draws was finished: there is no result"


def _dispatch(asked: argparse.Namespace) -> int:
    """Import what a command needs, and no more, and do it."""
    if asked.command == "new":
        from nnft_ppl.cli.new import new

        return new(asked)
    if asked.command == "list":
        from nnft_ppl.cli.inspect import list_models

        return list_models(long=asked.long)
    if asked.command == "show":
        refuse_output("--csv", asked.csv)
        refuse_output("--latex", asked.latex)
        with _announce(f"reading {asked.folder}"):
            from nnft_ppl.cli.inspect import show
        return show(asked)
    if asked.command == "compare":
        refuse_output("--figure", asked.figure, (".png", ".pdf", ".svg"))
        refuse_output("--csv", asked.csv)
        with _announce("reading results"):
            from nnft_ppl.cli.compare import compare
        return compare(asked)
    if asked.command == "report":
        refuse_output("--out", asked.out)
        with _announce(f"reading {asked.folder}"):
            from nnft_ppl.cli.report import report
        return report(asked)
    if asked.command == "diagnose":
        refuse_output("--figure", asked.figure, (".png", ".pdf", ".svg"))
        with _announce(f"reading {asked.folder}"):
            from nnft_ppl.cli.diagnose import diagnose

            _start_jax("float64")
        return diagnose(asked, keywords_of(asked.set))
    if asked.command == "discover":
        refuse_output("--figure", asked.figure, (".png", ".pdf", ".svg"))
        with _announce(f"reading {asked.source}"):
            _start_jax(asked.precision)
            from nnft_ppl.cli.discover import discover
        return discover(asked, keywords_of(asked.set))
    if asked.command == "doctor":
        with _announce("looking for devices"):
            from nnft_ppl.devices import refuse_settings, refuse_unknown_flags, spread_over_cores

            refuse_unknown_flags()
            refuse_settings()
            spread_over_cores(4)
            from nnft_ppl.cli.doctor import doctor
        return doctor(asked)
    if asked.command == "collect":
        with _announce(f"reading {asked.folder}"):
            from nnft_ppl.cli.collect import collect

            _start_jax("float64")
        return collect(asked)
    if asked.command == "extrapolate":
        with _announce(f"reading {asked.folder}"):
            from nnft_ppl.cli.extrapolate import extrapolate

            _start_jax("float64")
        return extrapolate(asked)
    if asked.command == "run":
        return _run(asked)
    if asked.command == "sweep":
        return _sweep(asked)
    keywords = keywords_of(asked.set)
    if asked.command == "check":
        from nnft_ppl.theory import find_model

        with _announce(f"reading {asked.model}"):
            find_model(asked.model)
            _start_jax(asked.precision)
            from nnft_ppl.cli.check import check
        return check(asked, keywords)
    refuse_output("--page", asked.page)
    refuse_output("--gallery", asked.gallery, (".md",))
    with _announce("reading models"):
        _start_jax(asked.precision, chains=4)
        from nnft_ppl.cli.verify import verify
    return verify(asked, keywords)


def _run(asked: argparse.Namespace) -> int:
    from nnft_ppl.cli.interrupts import interruptible
    from nnft_ppl.cli.progress import progress_bar
    from nnft_ppl.theory import find_model

    keywords, scans = keywords_of(asked.set), scans_of(asked.scan)
    if asked.common and not scans:
        raise ValueError("--common belongs to --scan: one theory shares its random numbers with no other")
    shared = 1
    if asked.distributed:
        from nnft_ppl.cli.processes import processes_of

        asked.processes = processes_of().checked(asked.chains)
        shared = asked.processes.count
    # With --json, what a model file prints must not stand before the object.
    aside = contextlib.redirect_stdout(sys.stderr) if asked.json else contextlib.nullcontext()
    with progress_bar() as shown, interruptible(shown) as progress, aside:
        progress(Stage(f"reading {asked.model}"))
        find_model(asked.model)
        _start_jax(asked.precision, asked.chains // shared)
        from nnft_ppl.cli.run import conclude, run

        ran = run(asked, keywords, scans, progress)
    return conclude(asked, ran)


def _sweep(asked: argparse.Namespace) -> int:
    from nnft_ppl.cli.interrupts import interruptible
    from nnft_ppl.cli.progress import progress_bar
    from nnft_ppl.theory import find_model

    keywords, grid = keywords_of(asked.set), scans_of(asked.grid, "--grid")
    if not grid:
        raise ValueError("nnft sweep needs the values of a keyword: for instance --grid coupling=0.5,1,2 width=64,128")
    aside = contextlib.redirect_stdout(sys.stderr) if asked.json else contextlib.nullcontext()
    with progress_bar() as shown, interruptible(shown) as progress, aside:
        progress(Stage(f"reading {asked.model}"))
        find_model(asked.model)
        _start_jax(asked.precision)
        from nnft_ppl.cli.sweep import conclude, sweep

        found, folder = sweep(asked, keywords, grid, progress)
    return conclude(asked, found, folder)


@contextlib.contextmanager
def _announce(what: str) -> Iterator[None]:
    """Say on a terminal what is being done, before the seconds that imports take."""
    from nnft_ppl.cli.progress import progress_bar

    with progress_bar() as shown:
        shown(Stage(what))
        yield


def _start_jax(precision: str, chains: int = 0) -> None:
    """Settle precision and devices; a setting of JAX with which nothing runs is complained of here, before the work."""
    import jax

    from nnft_ppl.devices import keep_programs, refuse_unknown_flags, require_jax, spread_over_cores

    refuse_unknown_flags()
    jax.config.update("jax_enable_x64", precision == "float64")
    keep_programs()
    if chains:
        spread_over_cores(chains)
    require_jax()


def _complain(error: Exception) -> int:
    """Say in one line what went wrong, and return the exit status."""
    if "jax" not in sys.modules and isinstance(error, ValueError | FileNotFoundError):  # not worth seconds of imports
        text, bad_input = str(error), True
    else:
        from nnft_ppl.cli.complaints import complaint

        text, bad_input = complaint(error)
    print(f"nnft: {text}", file=sys.stderr)
    return BAD_INPUT if bad_input else RUN_FAILED


def _run_help(run: Parser, words: list[str]) -> int:
    """Help of `run`, and of its model if one is named."""
    from nnft_ppl.cli.inspect import describe_model

    print(run.format_help())
    pairs = zip(["", *words], words, strict=False)
    named = [word for before, word in pairs if not word.startswith("-") and before not in run.with_value]
    if not named:
        return GOOD
    try:
        print(describe_model(named[0]))
    except Exception as error:  # a broken model file must not hide the command's own help
        return _complain(error)
    return GOOD
