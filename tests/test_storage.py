"""Stored results: what is in the folder, what is in the tree, and that reading needs one file and runs nothing."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import arviz
import jax
import numpy as np
import pytest
import xarray as xr

from nnft_ppl import Ensemble, load, read, sample, sampling
from nnft_ppl.samplers import Block, Settings, Target, reweight
from nnft_ppl.storage import ResultError, RunFolder, plain_json

MODEL = '''
"""One network layer."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from nnft_ppl import Observable, ratio


def model(coupling=0.01, width=3):
    with numpyro.plate("Neuron", width):
        weight = numpyro.sample("net/layers[0].weight", dist.Normal(0, 1))
    slope = numpyro.sample("Slope", dist.HalfNormal(1.0))
    numpyro.factor("quartic", -coupling * jnp.sum(weight**2) ** 2)
    return {"A": lambda x: jnp.sum(weight) * x[0], "B": lambda x: slope * weight}


def observables():
    return {
        "weight": Observable(lambda fields: fields["B"](jnp.ones(1)), ("neuron",)),
        "square": Observable(lambda fields: fields["A"](jnp.array([1.0])) ** 2),
        "powers": Observable(
            lambda fields: fields["A"](jnp.ones(1)) ** jnp.array([2, 4]), ("power",), {"power": (2.0, 4.0)}
        ),
        "quotient": ratio("powers", "square"),
    }


def exact(coupling):
    return {"square": jnp.nan, "powers": jnp.array([jnp.nan, jnp.nan])}
'''
ASKED = 1200
"""Draws per chain; blocks of 400, which are no multiple of the thinning."""


def chains(target: Target, settings: Settings) -> Iterator[Block]:
    """Free draws that call themselves chains: a sampler that needs no compilation of its own."""
    for block in reweight(target, replace(settings, block_draws=400, num_draws=settings.num_draws)):
        draws = block.stats["log_weight"].shape
        energy = np.random.default_rng(0).normal(size=draws)
        stats = {"diverging": np.zeros(draws, bool), "energy": energy, "lp": -energy, "n_steps": np.ones(draws, int)}
        stats |= {"acceptance_rate": np.ones(draws), "step_size": np.ones(draws)}
        yield Block(block.measured, stats, block.positions)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "layer.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished run."""
    folder = tmp_path_factory.mktemp("runs") / "deep/out"
    sample(load(str(file)), chains, num_chains=2, num_draws=ASKED, seed=3, out=folder)
    return folder


@pytest.fixture(scope="module")
def ensemble(folder: Path) -> Ensemble:
    return read(folder)


def test_layout_of_the_folder(folder: Path):
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert names == ["blocks/000000.nc", "blocks/000001.nc", "blocks/000002.nc", "manifest.json", "result.nc"]


def test_manifest_says_what_was_asked(folder: Path, file: Path):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["model"] == "layer"
    assert manifest["description"] == "One network layer."
    assert manifest["keywords"] == {"coupling": 0.01, "width": 3}
    assert manifest["sampler"] == {"name": "chains", "chains": 2, "draws": ASKED, "warmup": 300, "keep": "auto"}
    assert (manifest["seed"], manifest["precision"], manifest["dimension"]) == (3, "float64", 4)
    assert manifest["path"] == str(file.resolve())
    assert set(manifest["versions"]) == {"jax", "blackjax", "nnft-ppl"}
    assert len(manifest["fingerprint"]) == 64


def test_blocks_add_up_to_the_result(folder: Path, ensemble: Ensemble):
    blocks = [xr.load_datatree(path, engine="h5netcdf") for path in sorted((folder / "blocks").glob("*.nc"))]
    assert [block["observables"].sizes["draw"] for block in blocks] == [400, 400, 400]
    for group in ("posterior", "sample_stats", "observables", "action"):
        joined = xr.concat([block[group].to_dataset() for block in blocks], "draw")
        xr.testing.assert_identical(joined, ensemble.data[group].to_dataset())
    np.testing.assert_array_equal(ensemble.data["observables"]["draw"], np.arange(ASKED))


def test_groups_names_and_dimensions(ensemble: Ensemble):
    data = ensemble.data
    assert set(data.children) == {
        "posterior", "sample_stats", "observables", "action", "estimates", "second_route", "exact"
    }  # fmt: skip
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
    assert {"diverging", "energy", "lp", "n_steps", "acceptance_rate", "step_size"} <= set(
        data["sample_stats"].data_vars
    )


def test_numbers_belong_together(ensemble: Ensemble):
    """Parameters, observables and action of one draw are those of one field; nothing on the draws is NaN."""
    data = ensemble.data
    weight, slope = data["posterior"]["net.layers.0.weight"].values, data["posterior"]["slope"].values
    np.testing.assert_allclose(data["observables"]["weight"], slope[..., None] * weight, rtol=1e-12)
    np.testing.assert_allclose(data["observables"]["square"], weight.sum(-1) ** 2, rtol=1e-10)
    np.testing.assert_allclose(data["action"]["quartic"], 0.01 * (weight**2).sum(-1) ** 2, rtol=1e-10)
    for group in ("posterior", "sample_stats", "observables", "action", "estimates", "second_route"):
        for values in data[group].data_vars.values():
            assert np.isfinite(values.values.astype(float)).all()


def test_provenance_is_one_json_string(ensemble: Ensemble, folder: Path):
    assert list(ensemble.data.attrs) == ["provenance"]
    text = ensemble.data.attrs["provenance"]
    assert isinstance(text, str)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = json.loads(text)
    assert {name: found[name] for name in manifest} == manifest
    assert found["verdict"] == "good"
    assert found["interrupted"] is False
    assert all(not group.attrs for group in ensemble.data.children.values())


def test_result_alone_is_enough_and_nothing_is_executed(
    folder: Path, file: Path, ensemble: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The file is copied away, the model deleted, and modules that could run it made unimportable."""
    shutil.copy(folder / "result.nc", tmp_path / "renamed.nc")
    shutil.copy(folder / "result.nc", tmp_path / "result.nc")
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        for module in ("nnft_ppl.loading", "nnft_ppl.theory", "numpyro", "blackjax"):
            monkeypatch.setitem(sys.modules, module, None)
        for place in (tmp_path / "renamed.nc", tmp_path):
            copy = read(place)
            assert copy.provenance["path"] == str(file.resolve())
            xr.testing.assert_identical(copy.data, ensemble.data)
            for name, estimate in copy.estimates().items():
                np.testing.assert_array_equal(estimate.value, ensemble.estimates()[name].value)
            assert [verdict.status for verdict in copy.verdicts] == ["good"] * 6
    finally:
        hidden.rename(file)


def test_arviz_reads_the_tree(ensemble: Ensemble):
    parameters = arviz.summary(ensemble.data, var_names=["slope"])
    series = ensemble.data["posterior"]["slope"].values
    assert float(parameters.loc["slope", "mean"]) == pytest.approx(series.mean(), abs=0.01)
    observables = arviz.summary(ensemble.data, group="observables", var_names=["square", "powers"])
    assert len(observables) == 3
    shown = arviz.plot_trace(ensemble.data, group="observables", var_names=["square"])
    assert "square" in shown.viz["plot"].data_vars
    arviz.plot_dist(ensemble.data, var_names=["slope"])


def test_derived_quantities_after_the_run(ensemble: Ensemble):
    quotient, exact = ensemble.estimates()["quotient"], ensemble.data["exact"]
    assert quotient.value[0] == pytest.approx(1.0, abs=1e-12)
    assert quotient.error[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(exact["powers"].values).all()
    assert exact["powers"].dims == ("power",)


@pytest.mark.parametrize(("keep", "kept"), [("none", None), ("all", ASKED), ("auto", 240)])
def test_thinning_keeps_every_fifth_draw(
    keep: str, kept: int | None, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Past the limit of bytes `auto` keeps ⌈1200/250⌉ = every 5th draw, `all` everything."""
    monkeypatch.setattr(sampling, "KEPT_BYTES", 0)
    monkeypatch.setattr(sampling, "KEPT_DRAWS", 250)
    theory, odd = load(str(file)), 7

    def uneven(target: Target, settings: Settings) -> Iterator[Block]:
        # 172 draws a block: a multiple of neither the thinning nor the number of draws.
        yield from (
            block for block in (reweighted_as_chain(b) for b in reweight_in_blocks(target, settings, ASKED // odd + 1))
        )

    made = sample(theory, uneven, num_chains=2, num_draws=ASKED, out=tmp_path, keep=keep, second_route=False)
    data = read(tmp_path).data
    assert made.provenance["sampler"]["keep"] == keep
    assert data["observables"].sizes["draw"] == ASKED
    if kept is None:
        assert "posterior" not in data.children
        return
    posterior = data["posterior"]
    np.testing.assert_array_equal(posterior["draw"], np.arange(0, ASKED, ASKED // kept))
    expected = posterior["slope"] * posterior["net.layers.0.weight"]
    xr.testing.assert_allclose(data["observables"]["weight"].sel(draw=posterior["draw"]), expected)
