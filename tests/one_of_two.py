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
BLOCK = 20


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
    """Make a run, and another one that ends half-way and is begun again."""
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


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    Settings.block_draws = BLOCK  # pyright: ignore[reportAttributeAccessIssue]
    main(int(sys.argv[1]), Path(sys.argv[2]))
