"""The commands of `nnft` on families: sweep, collect, extrapolate, compare."""

import argparse

from nnft_ppl.cli.options import (
    SAMPLER_HELP,
    debug_option,
    folder_argument,
    json_option,
    model_options,
    path,
    reference_option,
    seconds,
    seed_option,
    series_option,
    until_option,
    whole,
)

EXAMPLES_OF_FAMILIES = {
    "sweep": (
        "nnft sweep phi4 --grid coupling=0.5,1,2 width=64,128 --set dim=1 --out runs/phi4",
        "nnft sweep my_theory.py --grid coupling=1,2,4 --on slurm --slurm slurm_partition=cpu timeout_min=60",
        "nnft sweep my_theory.py --grid coupling=1,2,4 --on tcp://scheduler:8786",
    ),
    "collect": ("nnft collect runs/phi4", "nnft collect runs/phi4 --json"),
    "extrapolate": (
        "nnft extrapolate runs/widths",
        "nnft extrapolate runs/widths two_point --within 2%",
        "nnft extrapolate runs/widths --in 1/N^2 --json",
    ),
    "compare": ("nnft compare runs/a runs/b", "nnft compare runs/widths runs/wider --figure widths.svg"),
}
"""Command -> what one might type."""


def add_family_commands(commands: "argparse._SubParsersAction") -> None:
    """Add them to the commands of `nnft`.

    Args:
        commands: Those that there are.
    """
    sweep = commands.add_parser("sweep", help="run a model at many values of its keywords, side by side")
    sweep.add_argument("model", type=path, metavar="MODEL", help="a shipped model's name, or the path of a .py file")
    sweep.add_argument(
        "--grid", nargs="+", action="extend", default=[], metavar="NAME=V1,V2,...",
        help="the values of keywords: all combinations are run",
    )  # fmt: skip
    model_options(sweep)
    sweep.add_argument(
        "--common", action="store_true", help="the same random numbers at all members (default: independent)"
    )
    sweep.add_argument("--sampler", default="auto", help=SAMPLER_HELP)
    reference_option(sweep)
    sweep.add_argument("--chains", type=whole, default=4, help="independent chains (default 4)")
    sweep.add_argument("--draws", type=whole, help="draws per chain (default 2000)")
    sweep.add_argument("--warmup", type=whole, default=300, help="steps per chain that adapt the sampler (default 300)")
    seed_option(sweep)
    sweep.add_argument(
        "--time-limit", type=seconds, metavar="SECONDS", help="begin no further block of a member's draws after this"
    )
    until_option(sweep)
    sweep.add_argument("--keep", default="auto", help="parameters to keep: auto (below 256 MB, default), all, none")
    series_option(sweep)
    sweep.add_argument(
        "--check", action="append", default=[], metavar="CHECK", help="a further check, by its name; repeatable"
    )
    sweep.add_argument(
        "--on", default="local", metavar="WHERE",
        help="local (processes of this machine, default), slurm, or the address of a dask scheduler",
    )  # fmt: skip
    sweep.add_argument("--workers", type=whole, help="members at once (default: local one for each core, slurm all)")
    sweep.add_argument(
        "--slurm", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="parameters of submitit's jobs"
    )
    sweep.add_argument("--out", type=path, metavar="DIR", help="folder of the family (default runs/MODEL-FINGERPRINT)")
    sweep.add_argument(
        "--fresh", action="store_true", help="start all members anew (default: run those that are missing)"
    )
    json_option(sweep)

    collect = commands.add_parser("collect", help="put what the members of a sweep found into one result")
    folder_argument(collect)
    collect.add_argument("--model", type=path, metavar="FILE", help="the model file, if it has been moved")
    json_option(collect)
    debug_option(collect)

    extrapolate = commands.add_parser("extrapolate", help="the limit of a family, infinite width say, error by error")
    folder_argument(extrapolate)
    extrapolate.add_argument("names", nargs="*", metavar="NAME", help="observables (default: all that are real)")
    extrapolate.add_argument("--along", metavar="KEYWORD", help="the scanned keyword (default: width, or the only one)")
    extrapolate.add_argument(
        "--in", dest="in_", default="1/N", metavar="POWER", help="1/N (default), 1/N^2, N, N^2, ..."
    )
    extrapolate.add_argument("--degree", type=whole, default=1, help="of the polynomial in that power (default 1)")
    extrapolate.add_argument("--within", metavar="SHARE", help="the total error that is allowed: 1%%, or 0.001")
    extrapolate.add_argument("--model", type=path, metavar="FILE", help="the model file, if it has been moved")
    json_option(extrapolate)
    debug_option(extrapolate)

    compare = commands.add_parser("compare", help="compare results of one model: a table, a figure")
    compare.add_argument("folders", type=path, nargs="+", metavar="DIR", help="folders of runs, or of families")
    compare.add_argument("--figure", type=path, metavar="FILE", help="draw the estimates as .png, .pdf or .svg")
    compare.add_argument("--csv", type=path, metavar="FILE", help="write every estimate as CSV, too")
    json_option(compare)
    debug_option(compare)
