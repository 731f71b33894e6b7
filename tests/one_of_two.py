"""One of two processes that make runs together, started by tests/test_distributed.py: NUMBER FOLDER."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from quick_samplers import GAUSSIAN, chains

from nnft_ppl import Ensemble, Processes, load, sample
from nnft_ppl.display import Stage
from nnft_ppl.results import LostProcessError
from nnft_ppl.samplers import Settings

RUN: dict[str, Any] = {"sampler": chains, "num_chains": 4, "num_draws": 60, "seed": 1, "checks": False}
BLOCK, LONG_BLOCK = 20, 250
UNTIL: dict[str, Any] = {"num_draws": None, "until": {"moments[0]": "1.5%"}}
"""A run that goes on beyond its first look at errors."""


class Ended(BaseException):
    """What ends a process here, as others see it: its lock is free."""


def theory(folder: Path) -> Any:
    """The theory of the tests, of a file in a folder."""
    (folder / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")
    return load(str(folder / "gaussian.py"))


def ending(number: int) -> Callable[[Stage], None]:
    """Progress that ends this process, if it is the second one, when so many draws are made."""

    def progress(stage: Stage) -> None:
        if number == 1 and stage.what.startswith("drawing by") and stage.done == 2 * BLOCK:
            raise Ended

    return progress


def main(number: int, folder: Path) -> None:
    """Make a run, another one that ends half-way and is begun again, and one until an error is small."""
    own = folder / str(number)
    own.mkdir()

    def together(name: str, **words: Any) -> Ensemble:
        return sample(theory(own), out=folder / name, processes=Processes(number, 2), **RUN | words)

    together("whole")
    try:
        together("killed", progress=ending(number))
    except (Ended, LostProcessError) as error:
        (own / "said.txt").write_text(str(error), encoding="utf-8")
    together("killed")
    Settings.block_draws = LONG_BLOCK  # pyright: ignore[reportAttributeAccessIssue]
    together("until", **UNTIL)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    Settings.block_draws = BLOCK  # pyright: ignore[reportAttributeAccessIssue]
    main(int(sys.argv[1]), Path(sys.argv[2]))
