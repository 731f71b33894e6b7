"""What was stored before: what a run may go on from, other formats, and parameters that become coordinates again."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from layers import chains, free_draws
from numpyro import distributions as dist

from nnft_ppl import Ensemble, Theory, load, read, sample
from nnft_ppl.results import ResultError, RunFolder
from nnft_ppl.results.hdf5_output import HDF5Output
from nnft_ppl.runs import kept_draws, make_request


def test_fingerprint_depends_on_what_is_asked(theory: Theory, file: Path):
    asked = {"sampler": "hmc", "num_chains": 4, "num_draws": 100, "num_warmup": 10, "seed": 0, "keep": "auto"}
    first = make_request(theory, **asked).fingerprint
    assert make_request(load(str(file)), **asked).fingerprint == first
    assert make_request(theory, **asked | {"num_draws": 200}).fingerprint == first  # it can be extended
    others = [make_request(theory, **asked | {"seed": 1}), make_request(theory, **asked | {"keep": "all"})]
    others.append(make_request(load(str(file), width=4), **asked))
    others += [make_request(theory, **asked | {"sampler": partial(chains, **told)}) for told in ({}, {"extra": 1})]
    assert len({first, *(other.fingerprint for other in others)}) == 6


def test_failed_write_leaves_the_old_result(ensemble: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = RunFolder(tmp_path / "out", replace(ensemble.provenance, fingerprint="one"))
    folder.write_result(ensemble.data)
    folder.release()
    before = (tmp_path / "out/result.nc").read_bytes()

    def half(self: xr.DataTree, output: HDF5Output, **options: object) -> None:
        output.write(before[:100])
        raise OSError("No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half)
    with pytest.raises(OSError, match="No space left"):
        folder.write_result(ensemble.data)
    assert (tmp_path / "out/result.nc").read_bytes() == before
    xr.testing.assert_identical(read(tmp_path / "out").data, ensemble.data)


def test_equal_run_may_go_on_and_another_may_not(ensemble: Ensemble, tmp_path: Path):
    one, two = (replace(ensemble.provenance, fingerprint=name, seed=seed) for seed, name in enumerate(("one", "two")))
    RunFolder(tmp_path / "out", one).release()
    (tmp_path / "out/blocks/000007.nc").touch()
    (tmp_path / "out/blocks/000008.nc.part").touch()
    RunFolder(tmp_path / "out", one).release()
    assert [path.name for path in (tmp_path / "out/blocks").iterdir()] == ["000007.nc"]
    with pytest.raises(
        ResultError, match=r"holds another run \(seed is 0 there and 1 here\): start it anew with --fresh"
    ):
        RunFolder(tmp_path / "out", two)
    RunFolder(tmp_path / "out", two, fresh=True).release()
    assert list((tmp_path / "out/blocks").iterdir()) == []
    RunFolder(tmp_path / "out", one).release()  # nothing was drawn: a run that was refused leaves no claim
    assert json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))["seed"] == 0


def test_results_of_other_formats(ensemble: Ensemble, tmp_path: Path):
    """Format 1 is still read; a format that is newer than this version is refused by name."""
    stored = json.loads(ensemble.data.attrs["provenance"])
    old = {name: value for name, value in stored.items() if name not in ("format", "statistics")}
    old["findings"] = stored["findings"] | stored["statistics"]
    old["sampler"] = {name: value for name, value in stored["sampler"].items() if name != "kind"}
    copy = Ensemble(ensemble.data.copy())
    copy.data.attrs["provenance"] = json.dumps(old)
    assert copy.provenance == ensemble.provenance
    copy.data.attrs["provenance"] = json.dumps(stored | {"format": 3})
    copy.data.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with pytest.raises(ResultError, match=r"cannot be read: it has format 3.*reads up to 2: upgrade nnft_ppl"):
        read(tmp_path)


def of_width(width: float) -> Callable:
    """A model whose source does not say how wide its law is."""

    def model():
        a = numpyro.sample("a", dist.Normal(0, width))
        return lambda x: a + 0 * x[0]

    return model


def test_format_1_says_nothing_of_the_kind_and_the_statistics_do(theory: Theory):
    run = sample(theory, free_draws, num_chains=2, num_draws=100, checks=False)
    stored = json.loads(run.data.attrs["provenance"])
    old = {name: value for name, value in stored.items() if name not in ("format", "statistics")}
    old["sampler"] = {name: value for name, value in stored["sampler"].items() if name != "kind"}
    copy = Ensemble(run.data.copy())
    copy.data.attrs["provenance"] = json.dumps(old)
    assert copy.kind == "free"
    np.testing.assert_array_equal(copy.estimates()["square"].value, run.estimates()["square"].value)


def test_kept_draws_come_back_bit_for_bit(ensemble: Ensemble, theory: Theory):
    """z is stored: nothing is brought back where the theory is the run's own."""
    kept = kept_draws(ensemble, theory)
    np.testing.assert_array_equal(kept.positions, ensemble.data["reference"]["z"])
    assert kept.log_weights is None
    values = jax.vmap(jax.vmap(theory.transport))(jnp.asarray(kept.positions))
    np.testing.assert_array_equal(values["slope"], ensemble.data["posterior"]["slope"])
    # Another law under the same source: what is stored is not its z, and is brought back to be.
    wide, narrow = (Theory(of_width(width)) for width in (3.0, 1.0))
    run = sample(narrow, "reweight", num_draws=50, num_chains=1, checks=False)
    assert wide.file.sha256 == narrow.file.sha256
    np.testing.assert_allclose(3 * kept_draws(run, wide).positions, kept_draws(run, narrow).positions, rtol=1e-9)
    other = kept_draws(ensemble, load(str(theory.file.path), coupling=1.0))  # another action, the same transports
    np.testing.assert_allclose(other.positions, kept.positions, rtol=1e-9, atol=1e-9)


def test_other_netcdf_files_are_refused(tmp_path: Path):
    xr.Dataset({"one": 1.0}).to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with pytest.raises(ResultError, match="not a result of nnft_ppl"):
        read(tmp_path)
