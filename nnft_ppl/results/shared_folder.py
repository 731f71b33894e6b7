"""The folder of a run that several processes make: each draws some of the chains, into a folder of its own.

    DIR/manifest.json, DIR/plan.json, DIR/result.nc    as of any run, written by process 0
    DIR/processes/K/blocks, DIR/processes/K/state.nc   of process K: the same numbers of blocks, of its own chains

No process draws a block before all have the one before it: what is lost with one that is killed is its last block.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from nnft_ppl.display import Progress
from nnft_ppl.results.exchange import Exchange, Processes
from nnft_ppl.results.provenance import Request
from nnft_ppl.results.run_folder import RunFolder, refuse_occupied, unwritable
from nnft_ppl.results.storage import PROCESSES, ResultError, WriteError, at_home, write_tree

PATIENCE, PAUSE = 60.0, 0.1
"""Seconds within which a file must be seen that another process has written, and between two looks."""


class SharedFolder(RunFolder):
    """The folder of a run of several processes, as one of them sees it: its own part is read and written.

    Args:
        path: The folder; it is created, with parents.
        manifest: What was asked, the same of all.
        processes: How many there are, and which this is.
        fresh: As of `RunFolder`.
        progress: Told while others are waited for.

    Raises:
        ResultError: As of `RunFolder`; or if others do not come, or were asked for something else.

    Attributes:
        exchange: Where the processes tell each other how far they are.
    """

    def __init__(
        self,
        path: Path,
        manifest: Request,
        processes: Processes,
        *,
        fresh: bool = False,
        progress: Progress = lambda stage: None,
    ) -> None:
        path = at_home(path)
        try:
            refuse_occupied(path, manifest, fresh=fresh)
            self.exchange = Exchange(path, processes, progress)
        except WriteError:
            raise
        except OSError as error:
            raise ResultError(unwritable(path, error)) from error
        try:
            asked = [manifest.fingerprint, manifest.sampler.draws]
            if any(one != asked for one in self.exchange.gather("what is asked", asked)):
                raise ResultError(f"the processes of {str(path)!r} were asked for different runs: use one command")
            self._open(path, manifest, fresh=fresh)
            self.own = self.exchange.own
            (self.own / "blocks").mkdir(exist_ok=True)
            for part in self.own.rglob("*.part"):
                part.unlink(missing_ok=True)
            if fresh:
                self._drop_own()
            self._plan = self.exchange.first("plan", super().plan if self.exchange.processes.leads else None)
        except BaseException:
            self.release()
            raise

    def _open(self, path: Path, manifest: Request, *, fresh: bool) -> None:
        """Process 0 takes the folder; where it cannot, all say why."""
        self.path, self.manifest, complaint = path, manifest, ""
        if self.exchange.processes.leads:
            try:
                super().__init__(path, manifest, fresh=fresh)
                (path / "blocks").rmdir()  # blocks are in the folders of the processes
            except (ResultError, OSError) as error:
                complaint = str(error)
        if complaint := self.exchange.first("the folder", complaint):
            raise ResultError(complaint)

    def release(self) -> None:
        """Let other processes in; the others of this run see that this one has ended."""
        self.exchange.release()
        if hasattr(self, "_lock"):
            super().release()

    @property
    def plan(self) -> Any:
        """What was settled, as JSON, the same for all; None where nothing was yet."""
        return self._plan

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Process 0 writes what is settled; a `WriteError` if that fails."""
        if self.exchange.processes.leads:
            super().write_plan(plan)

    def update_manifest(self) -> None:
        """Process 0 writes what is asked now; a `WriteError` if that fails."""
        if self.exchange.processes.leads:
            super().update_manifest()

    def write_result(self, result: xr.DataTree) -> None:
        """Process 0 writes the result; a `WriteError` if that fails."""
        if self.exchange.processes.leads:
            super().write_result(result)

    def drop_draws(self) -> None:
        """Remove all that was drawn and settled; the result stays."""
        if self.exchange.processes.leads:
            (self.path / "plan.json").unlink(missing_ok=True)
        self._drop_own()

    def _drop_own(self) -> None:
        (self.own / "state.nc").unlink(missing_ok=True)
        self.drop_blocks(0)

    def write_start(self, state: xr.Dataset) -> None:
        """Process 0 writes the state of all chains after their warm-up; a `WriteError` if that fails."""
        write_tree(self.path / PROCESSES / "0" / "start.nc", state)

    def read_start(self) -> xr.Dataset:
        """The state that process 0 wrote.

        Raises:
            ResultError: If it is damaged, or not there.
        """
        return self._read(_seen(self.path / PROCESSES / "0" / "start.nc"), xr.load_dataset)

    def read_parts(self, number: int) -> list[xr.DataTree]:
        """A block as the processes wrote it, the chains of each; there where each has told that it is.

        Raises:
            ResultError: If one is damaged, or not there.
        """
        folders = [self.path / PROCESSES / str(one) / "blocks" for one in self.exchange.numbers]
        return [self._read(_seen(one / self.block_name(number)), xr.load_datatree) for one in folders]


def _seen(path: Path) -> Path:
    """A file that another process has written, once it is seen: a network file system may lag behind."""
    patience = time.monotonic() + PATIENCE
    while not path.is_file() and time.monotonic() < patience:
        time.sleep(PAUSE)
    return path
