"""Mistakes in where a result goes, in what is read, and in calls from Python."""

import errno
from pathlib import Path

import pytest
import xarray as xr
from mistakes import GOOD, MODEL, PREAMBLE, QUICK, Case, write

from nnft_ppl import Derived, Theory, load, ratio, read, sample
from nnft_ppl.results.hdf5_output import HDF5Output


def full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are half written when the disk is full."""

    def half(tree: xr.DataTree, output: HDF5Output, **options: object) -> None:
        output.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half)


def no_permission(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *options: object, **more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)


def cut_short(folder: Path, _: pytest.MonkeyPatch) -> None:
    whole = (folder / "kept/result.nc").read_bytes()
    (folder / "kept/result.nc").write_bytes(whole[:-2000])


def other_netcdf(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "taken").mkdir()
    xr.Dataset({"one": 1.0}).to_netcdf(folder / "taken/result.nc", engine="h5netcdf")


RESULTS = [
    # Where a result goes.
    Case("output below a file", [*GOOD, "--out", "good.py/sub"], 2, "cannot write to 'good.py/sub': Not a directory"),
    Case("output is a file", [*GOOD, "--out", "good.py"], 2, "cannot write to 'good.py': it is a file; choose"),
    Case("output is not ours", [*GOOD, "--out", "theirs"], 2, "cannot write to 'theirs': Permission denied; choose",
         no_permission),
    Case("output of another run", [*GOOD, *QUICK, "--seed", "1", "--out", "kept"], 2, "'kept' holds another run"),
    Case("output with a damaged manifest", [*GOOD, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", '{"finger')),
    Case("output with a foreign manifest", [*GOOD, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", "[]")),
    Case("output holds other files", [*GOOD, "--out", "taken"], 2, "'taken' holds files of something else",
         write("taken/thesis.tex", "irreplaceable")),
    Case("disk is full", [*GOOD, *QUICK, "--out", "kept", "--fresh"], 4,
         "cannot write 'kept/blocks/000000.nc': No space left on device; what was written before is kept, and the same "
         "command goes on from there", full_disk),
    Case("fewer draws than there are", [*GOOD, *QUICK, "--draws", "10", "--out", "kept"], 2,
         "'kept' holds [0-9]+ draws per chain, and 10 are asked for: ask for as many or more, or start it anew"),
    Case("draws that nobody can make", [*GOOD, "--draws", "1e20"], 2, r"draws must be at most 2147483647, not 1e\+20"),
    Case("disk is full, nothing there", [*GOOD, *QUICK, "--out", "fresh", "--json"], 4, "No space left", full_disk),
    # Reading one.
    Case("show nothing", ["show", "nowhere"], 2, "no result in 'nowhere': there is no such folder$"),
    Case("show a misspelt folder", ["show", "kpet"], 2, "there is no such folder; did you mean 'kept'"),
    Case("show a file", ["show", "good.py"], 2, "no result in 'good.py': it is a file; give the folder of a run"),
    Case("show other files", ["show", "taken"], 2, "'taken': result.nc is not there; it is not the folder of a run",
         write("taken/thesis.tex", "x")),
    Case("show an unfinished run", ["show", "taken"], 2, "has not finished, 1 block of draws in taken/blocks",
         write("taken/blocks/000000.nc", "")),
    Case("show a run that never began", ["show", "taken"], 2, "the run has no block of draws yet",
         write("taken/manifest.json", "{}")),
    Case("show no netCDF", ["show", "taken"], 2, "'taken/result.nc' is damaged or not a result",
         write("taken/result.nc", "\x89HDF\r\n\x1a\n")),
    Case("show another netCDF file", ["show", "taken", "--json"], 2, "not a result of nnft_ppl", other_netcdf),
    Case("show half a result", ["show", "kept"], 2, "is damaged or not a result.*run or copy it again", cut_short),
    Case("diagnose nothing", ["diagnose", "nowhere"], 2, "no result in 'nowhere'"),
    Case("diagnose half a result", ["diagnose", "kept"], 2, "is damaged or not a result", cut_short),
    Case("report nothing", ["report", "nowhere"], 2, "no result in 'nowhere'"),
    Case("report another netCDF file", ["report", "taken"], 2, "not a result of nnft_ppl", other_netcdf),
    # Diagnosing one.
    Case("keywords without a theory", ["diagnose", "kept", "--set", "edge=1.0"], 2, "--set belongs to --against"),
    Case("another theory's keyword", ["diagnose", "kept", "--against", "good.py", "--set", "egde=1.0"], 2, "'edge'"),
    Case("no kept draws", ["diagnose", "bare", "--against", "good.py"], 2, "no parameters were kept: run again with"),
    Case("other sites", ["diagnose", "kept", "--against", "bad.py"], 2, "the sites are not the same: kept are",
         write("bad.py", PREAMBLE + MODEL.replace('"b"', '"c"'))),
    Case("outside the support", ["diagnose", "kept", "--against", "good.py", "--set", "edge=0.1"], 2,
         "have a 'b' outside the support in good"),
    Case("unknown theory", ["diagnose", "kept", "--against", "phi5"], 2, "no shipped model is called 'phi5'"),
    Case("unknown kind of figure", ["diagnose", "kept", "--figure", "pulls.bmp"], 2, "ends in .png or .pdf or .svg"),
    Case("figure in no folder", ["diagnose", "kept", "--figure", "nowhere/z.svg"], 2, "no folder 'nowhere'; make it"),
    Case("page of another kind", ["report", "kept", "--out", "report.pdf"], 2, "a report is an .html file, not"),
    Case("folder for a page", ["verify", "--page", "kept"], 2, "--page kept: that is a folder; name a file"),
    Case("gallery of another kind", ["verify", "--gallery", "g.html"], 2, "g.html: give a file that ends in .md"),
    Case("gallery without room", ["verify", "--gallery", "good.md"], 2, "no folder 'good' for it: File exists",
         write("good", "")),
]  # fmt: skip
CALLS = [
    Case("a name for a theory", lambda: sample("phi4"), 2, "takes a Theory, not 'phi4': make one with load"),
    Case("a function for a theory", lambda: sample(len), 2, "takes a Theory, not <built-in.*Theory.model"),
    Case("Theory of a name", lambda: Theory("phi4"), 2, r"load\('phi4'\) reads a file or a shipped model"),
    Case("keyword of a theory", lambda: load("good.py", egde=2.0), 2, "no keyword 'egde'.*did you mean 'edge'"),
    Case("type of a keyword", lambda: load("good.py", edge="wide"), 2, "'edge' takes float .default 3.0., not 'wide'"),
    Case("draws with a fraction", lambda: sample(load("good.py"), num_draws=10.0), 2, "draws must be a whole number"),
    Case("seed in words", lambda: sample(load("good.py"), seed="one"), 2, "seed must be a whole number .* not 'one'"),
    Case("limit in words", lambda: sample(load("good.py"), time_limit="1h"), 2, "time_limit must be a positive number"),
    Case("number for a sampler", lambda: sample(load("good.py"), 3), 2, "unknown sampler 3: there are auto"),
    Case("misspelt sampler, Python", lambda: sample(load("good.py"), "hcm"), 2, "did you mean 'hmc'"),
    Case("no warm-up", lambda: sample(load("good.py"), "hmc", num_warmup=0, checks=False), 2, "must be at least 1"),
    Case("derived from nothing, Python", lambda: read("kept").estimates({"x": ratio("one", "phi_squared")}), 2,
         "derived 'x' asks for 'one'; the observables are"),
    Case("derived twice", lambda: read("kept").estimates({"phi_squared": Derived(lambda mean: mean["two_point"])}), 2,
         "name both an observable and a derived quantity"),
    Case("read nothing", lambda: read("nowhere"), 2, "no result in 'nowhere'"),
]  # fmt: skip
