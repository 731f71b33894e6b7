"""Stored results: what is in the folder, what is in the tree, and that reading needs one file and runs nothing."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr
from layers import ASKED, chains, free_draws

from nnft_ppl import Ensemble, Theory, load, ratio, read, sample
from nnft_ppl.results import plain_json
from nnft_ppl.runs import block_sizes


def test_layout_of_the_folder(folder: Path):
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    blocks = ["blocks/000000.nc", "blocks/000001.nc", "blocks/000002.nc"]
    assert names == [*blocks, "lock", "manifest.json", "plan.json", "result.nc", "state.nc"]


def test_manifest_says_what_was_asked(folder: Path, file: Path):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["model"] == "layer"
    assert manifest["description"] == "One network layer."
    assert manifest["keywords"] == {"coupling": 1e-4, "width": 3}
    asked = {"name": "chains", "chains": 2, "draws": ASKED, "warmup": 300, "keep": "auto"}
    assert {name: manifest["sampler"][name] for name in asked} == asked
    assert (manifest["seed"], manifest["precision"], manifest["dimension"]) == (3, "float64", 4)
    assert manifest["path"] == str(file.resolve())
    assert set(manifest["versions"]) == {"jax", "blackjax", "nnft-ppl"}
    assert len(manifest["fingerprint"]) == 64


def test_blocks_add_up_to_the_result(folder: Path, ensemble: Ensemble):
    blocks = [xr.load_datatree(path, engine="h5netcdf") for path in sorted((folder / "blocks").glob("*.nc"))]
    assert [block["observables"].sizes["draw"] for block in blocks] == [400, 400, 400]
    for group in ("reference", "sample_stats", "observables", "action"):
        joined = xr.concat([block[group].to_dataset() for block in blocks], "draw")
        xr.testing.assert_identical(joined, ensemble.data[group].to_dataset())
    np.testing.assert_array_equal(ensemble.data["observables"]["draw"], np.arange(ASKED))


def test_groups_names_and_dimensions(ensemble: Ensemble):
    data = ensemble.data
    draws = {"posterior", "reference", "sample_stats", "observables", "improved", "action", "schwinger_dyson", "fields"}
    results = {"estimates", "raw_estimates", "improved_estimates", "second_route", "exact"}
    assert set(data.children) == draws | results
    assert list(data["improved"].data_vars) == ["square"]
    assert {name: values.dims for name, values in data["posterior"].data_vars.items()} == {
        "net.layers.0.weight": ("chain", "draw", "neuron"),
        "slope": ("chain", "draw"),
    }
    assert {name: values.dims for name, values in data["observables"].data_vars.items()} == {
        "weight": ("chain", "draw", "neuron"),
        "square": ("chain", "draw"),
        "powers": ("chain", "draw", "power"),
    }
    assert list(data["action"].data_vars) == ["quartic"]
    np.testing.assert_array_equal(data["observables"]["power"], [2.0, 4.0])
    statistics = {"diverging", "energy", "lp", "n_steps", "acceptance_rate", "step_size"}
    assert set(data["sample_stats"].data_vars) == statistics


def test_numbers_belong_together(ensemble: Ensemble):
    """Parameters, observables and action of one draw are those of one field; nothing on the draws is NaN."""
    data = ensemble.data
    weight, slope = data["posterior"]["net.layers.0.weight"].values, data["posterior"]["slope"].values
    np.testing.assert_allclose(data["observables"]["weight"], slope[..., None] * weight, rtol=1e-12)
    np.testing.assert_allclose(data["observables"]["square"], weight.sum(-1) ** 2, rtol=1e-10)
    np.testing.assert_allclose(data["action"]["quartic"], 1e-4 * (weight**2).sum(-1) ** 2, rtol=1e-10)
    for group in ("posterior", "sample_stats", "observables", "action", "estimates", "second_route"):
        for values in data[group].data_vars.values():
            assert np.isfinite(values.values.astype(float)).all()


def test_provenance_is_one_json_string(ensemble: Ensemble, folder: Path):
    assert list(ensemble.data.attrs) == ["provenance"]
    text = ensemble.data.attrs["provenance"]
    assert isinstance(text, str)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = json.loads(text)
    del manifest["sampler"]
    assert {name: found[name] for name in manifest} == manifest
    used = ensemble.provenance.sampler
    assert (used.name, used.asked, used.kind, used.reason) == ("chains", "chains", "chains", "asked for")
    assert (used.draws, used.draws_asked) == (ASKED, ASKED)
    assert found["verdict"] == "good"
    assert found["interrupted"] is False
    assert {name: group.attrs for name, group in ensemble.data.children.items() if group.attrs} == {
        "sample_stats": {"kind": "chains"}
    }


def test_result_alone_is_enough_and_nothing_is_executed(
    folder: Path, file: Path, ensemble: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The file is copied away, the model deleted, and modules that could run it made unimportable."""
    shutil.copy(folder / "result.nc", tmp_path / "renamed.nc")
    shutil.copy(folder / "result.nc", tmp_path / "result.nc")
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        for module in ("nnft_ppl.theory.loading", "nnft_ppl.theory.theory", "numpyro", "blackjax"):
            monkeypatch.setitem(sys.modules, module, None)
        for place in (tmp_path / "renamed.nc", tmp_path):
            copy = read(place)
            assert copy.provenance.path == str(file.resolve())
            xr.testing.assert_identical(copy.data, ensemble.data)
            for name, estimate in copy.estimates().items():
                np.testing.assert_array_equal(estimate.value, ensemble.estimates()[name].value)
            assert [verdict.status for verdict in copy.verdicts] == ["good"] * len(copy.verdicts)
    finally:
        hidden.rename(file)


def test_arviz_reads_the_tree(ensemble: Ensemble):
    import arviz  # late: it takes seconds

    parameters = arviz.summary(ensemble.data, var_names=["slope"])
    series = ensemble.data["posterior"]["slope"].values
    assert float(parameters.loc["slope", "mean"]) == pytest.approx(series.mean(), abs=0.01)
    assert len(arviz.summary(ensemble.data, group="observables", var_names=["square", "powers"])) == 3
    shown = arviz.plot_trace(ensemble.data, group="observables", var_names=["square"])
    assert "square" in shown.viz["plot"].data_vars
    arviz.plot_dist(ensemble.data, var_names=["slope"])


def test_derived_quantities_and_unknown_answers(ensemble: Ensemble):
    estimates, exact = ensemble.estimates(), ensemble.data["exact"]
    expected = estimates["weight"].value / estimates["square"].value
    np.testing.assert_allclose(estimates["quotient"].value, expected, rtol=1e-12)
    later = ensemble.estimates({"again": ratio("weight", "square")})["again"]
    np.testing.assert_allclose(later.error, estimates["quotient"].error, rtol=1e-12)
    assert np.isnan(exact["powers"].values).all()
    assert exact["powers"].dims == ("power",)


@pytest.mark.parametrize(
    ("sampler", "group", "keep", "kept"),
    [
        (chains, "posterior", "none", 0),
        (chains, "posterior", "all", 1100),
        (chains, "posterior", "auto", 220),
        (free_draws, "prior", "auto", 220),
    ],
)
def test_thinning(
    sampler: Callable, group: str, keep: str, kept: int, theory: Theory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Past the limit of bytes `auto` keeps every ⌈1100/250⌉ = 5th draw; blocks of 367 start between those."""
    monkeypatch.setattr(block_sizes, "KEPT_BYTES", 20_000)
    monkeypatch.setattr(block_sizes, "KEPT_DRAWS", 250)
    sample(theory, sampler, num_chains=2, num_draws=1100, out=tmp_path / "out", keep=keep, checks=False)
    data = read(tmp_path / "out").data
    assert len(list((tmp_path / "out/blocks").iterdir())) == 3
    assert data["observables"].sizes["draw"] == 1100
    assert (group in data.children) == (kept > 0)
    if kept:
        found = data[group].to_dataset()
        np.testing.assert_array_equal(found["draw"], np.arange(0, 1100, 1100 // kept))
        expected = data["observables"]["weight"].sel(draw=found["draw"])
        np.testing.assert_allclose(found["slope"] * found["net.layers.0.weight"], expected, rtol=1e-12)


def test_single_precision_is_recorded(file: Path):
    with jax.enable_x64(False):
        made = sample(load(str(file)), chains, num_chains=1, num_draws=16, checks=False)
    assert made.provenance.precision == "float32"
    assert made.data["observables"]["weight"].dtype == np.float32
    assert made.data["posterior"]["slope"].dtype == np.float32
    assert made.estimates()["weight"].value.dtype == np.float64


def test_plain_json():
    given = {"a": np.float32(1.5), "b": (1, float("nan")), "c": np.array([np.inf, 2.0]), "d": None, 5: Path("x")}
    assert plain_json(given) == {"a": 1.5, "b": [1, None], "c": [None, 2.0], "d": None, "5": repr(Path("x"))}
