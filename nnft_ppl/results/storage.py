"""Files of a run: written whole or not at all, and read with what could be wrong with them looked for.

Each is written under a temporary name, flushed to disk and renamed, so that a name that exists is a whole file; what
HDF5 wrote ends in a digest (`nnft_ppl.results.seal`). Reading a result needs only `result.nc` and executes nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import h5py
import xarray as xr

from nnft_ppl.display import did_you_mean
from nnft_ppl.results.foreign_files import refuse_foreign_files
from nnft_ppl.results.hdf5_output import HDF5Output
from nnft_ppl.results.provenance import FormatError, Provenance, Request
from nnft_ppl.results.seal import put_seal, refuse_broken_seal
from nnft_ppl.results.signs import refuse_steering

ENGINE = "h5netcdf"
PROCESSES = "processes"
"""Folder, in that of a run by several processes, of their own folders."""
LARGE = 2**26
"""Bytes of a result beyond which its arrays are not read at once."""


class ResultError(ValueError):
    """A folder that cannot be written, or a result that cannot be read; the text says which and why."""


class WriteError(OSError):
    """A file of a run that could not be written, a full disk mostly; the text says which and why."""


def write_result(folder: Path, result: xr.DataTree) -> None:
    """Write the assembled result into a folder that is there, in one move; a `WriteError` if that fails."""
    write_tree(folder / "result.nc", result)


def read_manifest(path: Path) -> Request:
    """What was asked of the run or family in a folder.

    Raises:
        FileNotFoundError: No folder, or no manifest in it.
        ResultError: A manifest that is damaged.
    """
    file = at_home(path) / "manifest.json"
    if not file.is_file():
        why = _why_missing(at_home(path), file) if not file.parent.is_dir() else "manifest.json is not there"
        raise FileNotFoundError(f"no run in {str(path)!r}: {why}")
    try:
        return Request.parse_manifest(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultError(f"{str(file)!r} is damaged ({type(error).__name__}): run or copy it again") from error


def read_result(path: Path) -> xr.DataTree:
    """The DataTree in a run's folder (or in a result file itself); arrays of a large one are read when they are used.

    Raises:
        FileNotFoundError: No folder, or no result in it.
        ResultError: A file that is damaged, or that is not a result of this package.
    """
    path = at_home(path)
    file = path if path.suffix == ".nc" and not path.is_dir() else path / "result.nc"
    if not file.is_file():
        raise FileNotFoundError(f"no result in {str(path)!r}: {_why_missing(path, file)}")
    try:
        refuse_broken_seal(file)
        refuse_foreign_files(file)
        lazily = file.stat().st_size > LARGE
        data = (xr.open_datatree if lazily else xr.load_datatree)(file, engine=ENGINE)
        refuse_steering(data)
        Provenance.parse(data.attrs["provenance"])
    except FormatError as error:
        raise ResultError(f"{str(file)!r} cannot be read: {error}") from error
    except DAMAGE as error:
        raise ResultError(_damaged(file, error)) from error
    return data


def read_provenance(path: Path) -> Provenance:
    """What the result in a run's folder says of itself; draws are not read.

    Raises:
        ResultError: A file that is not there, is damaged, or is not a result of this package.
    """
    file = at_home(path) / "result.nc"
    try:
        return stored_provenance(path)
    except FormatError as error:
        raise ResultError(f"{str(file)!r} cannot be read: {error}") from error
    except DAMAGE as error:
        raise ResultError(_damaged(file, error)) from error


def stored_provenance(folder: Path) -> Provenance:
    """What the result in a folder says of itself; its numbers are not read.

    Args:
        folder: Of a run.

    Raises:
        OSError, KeyError, ValueError, TypeError: If there is none that can be read.
    """
    file = at_home(folder) / "result.nc"
    refuse_broken_seal(file)
    with h5py.File(file) as stored:
        return Provenance.parse(str(stored.attrs["provenance"]))


@contextmanager
def complaining_of_damage(path: str | Path) -> Iterator[None]:
    """What goes wrong with a stored result that was read, as a `ResultError` that names it: its parts do not fit.

    Args:
        path: Where it was read.

    Raises:
        ResultError: If something does.
    """
    try:
        yield
    except (OSError, ResultError):
        raise
    except DAMAGE as error:
        raise ResultError(_damaged(Path(path), error)) from error


DAMAGE = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError)
"""What a reader meets in files that were not written like that."""


def _damaged(path: Path, error: Exception) -> str:
    words = (str(error).splitlines() or [""])[0]
    reason = f"{type(error).__name__}: {words[:100]}" if words.isprintable() and words else type(error).__name__
    return f"{str(path)!r} is damaged or not a result of nnft_ppl ({reason}); run or copy it again"


def at_home(path: Path) -> Path:
    """The path with the user's folder for `~`, as xarray would read it, too."""
    return Path(os.path.expanduser(path))


def _why_missing(path: Path, file: Path) -> str:
    """Why a result is not there, in words."""
    if not path.exists():
        beside = [str(one) for one in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"there is no such {'file' if path.suffix == '.nc' else 'folder'}{did_you_mean(str(path), beside)}"
    if not path.is_dir():
        return "it is a file; give the folder of a run"
    if not (path / "manifest.json").is_file() and not (path / "blocks").is_dir():
        return f"{file.name} is not there; it is not the folder of a run"
    if (path / "members").is_dir():
        return f"{file.name} is not there; the family did not finish: see its members in {path / 'members'}"
    shared = sorted((path / PROCESSES).glob("*/blocks"))  # a block is there once all processes have it
    blocks = min(len(list(one.glob("*.nc"))) for one in shared or [path / "blocks"])
    command = f"the same command, in each of {len(shared)} processes," if shared else "the same command"
    if not blocks:
        return f"{file.name} is not there; the run has no block of draws yet: {command} goes on"
    words = f"{blocks} block{'' if blocks == 1 else 's'} of draws"
    where = path / PROCESSES if shared else path / "blocks"
    elsewhere = "other processes" if shared else "another process"
    return (
        f"{file.name} is not there; the run has not finished, {words} in {where}: if it is not going on in "
        f"{elsewhere}, {command} goes on from there"
    )


def write_text(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON.

    Args:
        path: The file.
        value: What it is to hold.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    atomically(path, lambda part: part.write_bytes(text.encode("utf-8", "backslashreplace")))


def write_tree(path: Path, tree: xr.DataTree | xr.Dataset) -> None:
    """Write a tree or a dataset with a digest behind it.

    Args:
        path: The file.
        tree: What it is to hold.

    Raises:
        WriteError: If that fails; an older file of this name is whole then.
    """

    def write(part: Path) -> None:
        with HDF5Output(part) as output:
            # Arrays are small and often random: compression would cost more time than it saves space.
            try:
                with _no_cluster():
                    tree.to_netcdf(output, engine=ENGINE)
            except (OSError, RuntimeError) as error:  # HDF5 may trip over what could not be written
                raise output.error or error from None
        if output.error:
            raise output.error
        put_seal(part)

    with complaining(path):
        atomically(path, write)


@contextmanager
def _no_cluster() -> Iterator[None]:
    """In a worker of dask's, xarray would ask the cluster for a lock on the file, which cannot be sent there."""
    dask = sys.modules.get("dask")
    with dask.config.set(scheduler="threads") if dask else nullcontext():
        yield


@contextmanager
def complaining(path: Path) -> Iterator[None]:
    """What goes wrong while a file is written, as a `WriteError` that names it.

    Args:
        path: The file.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = str(getattr(error, "strerror", None) or error).splitlines()[0]
        gone = isinstance(error, FileNotFoundError) and not path.parent.is_dir()
        ending = (
            "the folder was removed while the run was writing to it"
            if gone
            else "what was written before is kept, and the same command goes on from there"
        )
        raise WriteError(f"cannot write {str(path)!r}: {reason}; {ending}") from error


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, flush it to disk, and give it its name in one move."""
    part = path.with_suffix(path.suffix + ".part")
    try:
        write(part)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
