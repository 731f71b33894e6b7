"""A run's folder: manifest, blocks written while it runs, and the assembled result.

    DIR/manifest.json        what was asked, written before the first draw
    DIR/blocks/NNNNNN.nc     one file per block of draws
    DIR/state.nc             the sampler's state after the last of them
    DIR/result.nc            everything, an xarray DataTree

Each file is written under a temporary name, flushed to disk and renamed, so that a name that exists is a whole file.
Reading needs only `result.nc` and executes nothing.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import xarray as xr

from nnft_ppl.display import did_you_mean
from nnft_ppl.results.provenance import FormatError, Provenance, Request

ENGINE = "h5netcdf"


class ResultError(ValueError):
    """A folder that cannot be written, or a result that cannot be read; the text says which and why."""


class WriteError(OSError):
    """A file of a run that could not be written, a full disk mostly; the text says which and why."""


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder; it is created, with parents.
        manifest: What was asked.

    Raises:
        ResultError: If the folder cannot be written, or holds another run or other files.
    """

    def __init__(self, path: Path, manifest: Request) -> None:
        self.path = path = at_home(path)
        try:
            _refuse_occupied(path, manifest.fingerprint)
            (path / "blocks").mkdir(parents=True, exist_ok=True)
            text = json.dumps(manifest.to_json(), indent=2, ensure_ascii=False)
            atomically(path / "manifest.json", lambda part: part.write_bytes(text.encode("utf-8", "backslashreplace")))
        except OSError as error:
            reason = error.strerror or error
            raise ResultError(f"cannot write to {str(path)!r}: {reason}; choose another folder with --out") from error
        for old in (*(path / "blocks").glob("*.nc"), path / "state.nc", *path.rglob("*.part")):
            old.unlink(missing_ok=True)

    def write_block(self, number: int, block: xr.DataTree) -> None:
        """Write one block of draws; a `WriteError` if that fails, and earlier ones stay."""
        _write(self.path / "blocks" / f"{number:06d}.nc", block)

    def write_state(self, state: xr.Dataset) -> None:
        """Write the sampler's state after the last block, in place of the one before; a `WriteError` if that fails."""
        _write(self.path / "state.nc", state)

    @property
    def has_result(self) -> bool:
        """Whether a result of the same run is there already: of the same draws, or more of them."""
        return (self.path / "result.nc").is_file()

    def write_result(self, result: xr.DataTree) -> None:
        """Write the assembled result in one move: an older one stays whole until then, and if it fails."""
        write_result(self.path, result)


def write_result(folder: Path, result: xr.DataTree) -> None:
    """Write the assembled result into a folder that is there, in one move; a `WriteError` if that fails."""
    _write(folder / "result.nc", result)


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
    """The DataTree in a run's folder (or in a result file itself), loaded into memory.

    Raises:
        FileNotFoundError: No folder, or no result in it.
        ResultError: A file that is damaged, or that is not a result of this package.
    """
    path = at_home(path)
    file = path if path.suffix == ".nc" and not path.is_dir() else path / "result.nc"
    if not file.is_file():
        raise FileNotFoundError(f"no result in {str(path)!r}: {_why_missing(path, file)}")
    try:
        data = xr.load_datatree(file, engine=ENGINE)
        Provenance.parse(data.attrs["provenance"])
    except FormatError as error:
        raise ResultError(f"{str(file)!r} cannot be read: {error}") from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ResultError(
            f"{str(file)!r} is damaged or not a result of nnft_ppl ({type(error).__name__}); run or copy it again"
        ) from error
    return data


def read_provenance(path: Path) -> Provenance:
    """What the result in a run's folder says of itself; draws are not read.

    Raises:
        ResultError: A file that is not there, is damaged, or is not a result of this package.
    """
    file = at_home(path) / "result.nc"
    try:
        with h5netcdf.File(file, "r") as opened:
            return Provenance.parse(str(opened.attrs["provenance"]))
    except FormatError as error:
        raise ResultError(f"{str(file)!r} cannot be read: {error}") from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ResultError(f"{str(file)!r} is damaged or not a result of nnft_ppl ({type(error).__name__})") from error


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
    blocks = len(list((path / "blocks").glob("*.nc")))
    if not blocks:
        return f"{file.name} is not there; the run ended before its first block of draws"
    words = f"{blocks} block{'' if blocks == 1 else 's'} of draws"
    return f"{file.name} is not there; the run did not finish, {words}: see {path / 'blocks'}"


def _refuse_occupied(path: Path, fingerprint: str) -> None:
    if path.is_file():
        raise ResultError(f"cannot write to {str(path)!r}: it is a file; choose a folder with --out")
    if not path.is_dir() or not any(path.iterdir()):
        return
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise ResultError(f"{str(path)!r} holds files of something else; choose an empty or new folder with --out")
    try:
        other = json.loads(manifest.read_text(encoding="utf-8")).get("fingerprint")
    except (OSError, ValueError, AttributeError):  # unreadable, no JSON, no object
        other = None
    if other != fingerprint:
        raise ResultError(
            f"{str(path)!r} holds another run (other keywords, sampler, seed or versions); choose another with --out"
        )


def _write(path: Path, tree: xr.DataTree | xr.Dataset) -> None:
    # Arrays are small and often random: compression would cost more time than it saves space.
    try:
        atomically(path, lambda part: tree.to_netcdf(part, engine=ENGINE))
    except (OSError, RuntimeError) as error:  # HDF5 gives either for a full disk
        reason = str(getattr(error, "strerror", None) or error).splitlines()[0]
        raise WriteError(f"cannot write {str(path)!r}: {reason}; what was written before is kept") from error


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, flush it to disk, and give it its name in one move."""
    part = path.with_suffix(path.suffix + ".part")
    try:
        write(part)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
