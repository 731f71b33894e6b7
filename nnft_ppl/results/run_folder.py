"""A run's folder: manifest, plan, blocks written while it runs, and the assembled result.

    DIR/manifest.json        what was asked, written before the first draw
    DIR/plan.json            what was settled on the way: lengths of blocks, samplers (`nnft_ppl.runs.plan`)
    DIR/blocks/NNNNNN.nc     one file per block of draws
    DIR/state.nc             the sampler's state after the last of them, or within the next
    DIR/result.nc            everything, an xarray DataTree
    DIR/lock                 held by the process that writes here
    DIR/processes/K/         blocks, state and lock of process K, where several make the run

Each file is written under a temporary name, flushed to disk and renamed, so that a name that exists is a whole file;
what HDF5 wrote ends in a digest (`nnft_ppl.results.seal`). Reading needs only `result.nc` and executes nothing.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import xarray as xr

from nnft_ppl.results.exchange import Exchange
from nnft_ppl.results.lock import NAME as LOCK, Lock, LockedError
from nnft_ppl.results.provenance import Provenance, Request
from nnft_ppl.results.seal import refuse_broken_seal
from nnft_ppl.results.storage import (
    DAMAGE,
    ENGINE,
    PROCESSES,
    ResultError,
    at_home,
    complaining,
    stored_provenance,
    write_text,
    write_tree,
)

ANEW = "start it anew with --fresh (in Python fresh=True), or choose another folder with --out"


class RunFolder:
    """The folder of one run, which nobody else writes to until it is released.

    Args:
        path: The folder; it is created, with parents.
        manifest: What was asked.
        fresh: Whether what was drawn before is dropped, and another run's folder taken over. A result stays until it
            is replaced.

    Raises:
        ResultError: If the folder cannot be written, is being written to, or holds another run or other files.
    """

    def __init__(self, path: Path, manifest: Request, *, fresh: bool = False) -> None:
        self.path = self.own = path = at_home(path)
        self.manifest = manifest
        if not hasattr(self, "exchange"):
            self.exchange = Exchange()
        try:
            refuse_occupied(path, manifest, fresh=fresh)
            (path / "blocks").mkdir(parents=True, exist_ok=True)
            self._lock = Lock(path)
        except LockedError as error:
            raise ResultError(f"cannot write to {str(path)!r}: {error}; wait, or choose another --out") from error
        except OSError as error:
            raise ResultError(unwritable(path, error)) from error
        try:
            refuse_occupied(path, manifest, fresh=fresh)  # whoever had the lock may have begun another run
            if fresh:
                self.drop_draws()
            for part in (*path.glob("*.part"), *(path / "blocks").glob("*.part")):
                part.unlink(missing_ok=True)
            if fresh or _is_untouched(path):
                write_text(path / "manifest.json", manifest.to_json())
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise ResultError(unwritable(path, error)) from error
            raise

    def release(self) -> None:
        """Let other processes in; the end of a `with` does so."""
        self._lock.release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def update_manifest(self) -> None:
        """Write what is asked now, if it is another number of draws, or other errors; a `WriteError` if that fails."""
        file = self.path / "manifest.json"
        with complaining(file):
            own = self.manifest.to_json()
            there = json.loads(file.read_text(encoding="utf-8"))["sampler"]
            if any(there.get(name) != own["sampler"][name] for name in ("draws", "until")):
                write_text(file, own)

    @property
    def plan(self) -> Any:
        """What was settled, as JSON; None where nothing was yet.

        Raises:
            ResultError: If it cannot be read.
        """
        file = self.path / "plan.json"
        try:
            return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        except (OSError, ValueError) as error:
            raise ResultError(f"{str(file)!r} is damaged ({type(error).__name__}): {ANEW}") from error

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Write what is settled; a `WriteError` if that fails."""
        with complaining(self.path / "plan.json"):
            write_text(self.path / "plan.json", plan)

    def write_block(self, number: int, block: xr.DataTree) -> None:
        """Write one block of draws; a `WriteError` if that fails, and earlier ones stay."""
        write_tree(self._block(number), block)

    def read_block(self, number: int) -> xr.DataTree:
        """A block that was written.

        Raises:
            ResultError: If it is damaged, or not there.
        """
        return self._read(self._block(number), xr.load_datatree)

    def read_parts(self, number: int) -> list[xr.DataTree]:
        """A block as it was written, which here is in one part."""
        return [self.read_block(number)]

    def write_state(self, state: xr.Dataset) -> None:
        """Write the sampler's state, in place of the one before; a `WriteError` if that fails."""
        write_tree(self.own / "state.nc", state)

    def read_state(self) -> xr.Dataset | None:
        """The sampler's state that was written last; None where there is none.

        Raises:
            ResultError: If it is damaged.
        """
        file = self.own / "state.nc"
        return self._read(file, xr.load_dataset) if file.is_file() else None

    def drop_draws(self) -> None:
        """Remove all that was drawn and settled; the result stays."""
        for name in ("plan.json", "state.nc"):  # first: what else is there means nothing without them
            (self.path / name).unlink(missing_ok=True)
        self.drop_blocks(0)
        shutil.rmtree(self.path / PROCESSES, ignore_errors=True)

    def drop_blocks(self, first: int) -> None:
        """Remove the blocks from this number on."""
        for block in (self.own / "blocks").glob("*.nc"):
            if block.stem >= f"{first:06d}":
                block.unlink(missing_ok=True)

    def stored_result(self) -> Provenance | None:
        """What the result says of itself, if there is one of this very run that can be read."""
        with suppress(*DAMAGE):
            about = stored_provenance(self.path)
            return about if about.fingerprint == self.manifest.fingerprint else None
        return None

    def keeps_result(self, new: Provenance, *, whole: bool) -> bool:
        """Whether the result that is there knows more than a new one of the same run: it is not to be replaced then.

        Args:
            new: Of the new one.
            whole: Whether the new one is all that was asked for.
        """
        old = self.stored_result()
        if old is None or whole:
            return False
        return (old.sampler.draws, not old.interrupted) > (new.sampler.draws, not new.interrupted)

    def write_result(self, result: xr.DataTree) -> None:
        """Write the assembled result in one move: an older one stays whole until then, and if it fails."""
        write_tree(self.path / "result.nc", result)

    def _block(self, number: int) -> Path:
        return self.own / "blocks" / self.block_name(number)

    @staticmethod
    def block_name(number: int) -> str:
        """The file of a block."""
        return f"{number:06d}.nc"

    def _read(self, path: Path, load: Callable) -> Any:
        try:
            refuse_broken_seal(path)
            return load(path, engine=ENGINE)
        except DAMAGE as error:
            reason = f"{str(path)!r} is damaged or gone, without which the run cannot go on"
            raise ResultError(f"{reason} ({type(error).__name__}): {ANEW}") from error


def unwritable(path: Path, error: OSError) -> str:
    """Why nothing can be written to a folder, in words.

    Args:
        path: The folder.
        error: What came of trying.
    """
    return f"cannot write to {str(path)!r}: {error.strerror or error}; choose another folder with --out"


def refuse_occupied(path: Path, manifest: Request, *, fresh: bool) -> None:
    """Raise `ResultError` for a folder that holds another run, or something else.

    Args:
        path: The folder, which may not be there.
        manifest: What is asked.
        fresh: Whether another run may be there.
    """
    if path.is_file():
        raise ResultError(f"cannot write to {str(path)!r}: it is a file; choose a folder with --out")
    nothing = {LOCK, "blocks", PROCESSES}
    if not path.is_dir() or not {one.name for one in path.iterdir() if one.suffix != ".part"} - nothing:
        return
    file = path / "manifest.json"
    if not file.is_file():
        raise ResultError(f"{str(path)!r} holds files of something else; choose an empty or new folder with --out")
    if fresh:
        return
    try:
        other = json.loads(file.read_text(encoding="utf-8"))
        if other.get("fingerprint") == manifest.fingerprint or ("fingerprint" in other and _is_untouched(path)):
            return
        words = "; ".join(manifest.differences(other)) or "an earlier version of nnft_ppl made it"
    except (OSError, ValueError, AttributeError):  # unreadable, no JSON, no object
        words = "its manifest.json cannot be read"
    raise ResultError(f"{str(path)!r} holds another run ({words}): {ANEW}")


def _is_untouched(path: Path) -> bool:
    """Whether nothing was drawn in a folder, as by a run that was refused before it began."""
    begun = ("plan.json", "result.nc", "state.nc", "members")
    blocks = ("blocks/*.nc", f"{PROCESSES}/*/blocks/*.nc")
    return not any((path / name).exists() for name in begun) and not any(any(path.glob(one)) for one in blocks)
