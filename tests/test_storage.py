"""Stored results: what is in the folder, what is in the tree, and that reading needs one file and runs nothing."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from jaxtyping import Array
from numpyro import distributions as dist

from nnft_ppl import Ensemble, Theory, load, ratio, read, sample
from nnft_ppl.results import ResultError, RunFolder, plain_json
from nnft_ppl.results.hdf5_output import HDF5Output
from nnft_ppl.runs import block_sizes, kept_draws, make_request
from nnft_ppl.samplers import Chains, Sampler, Settings, one_draw, reweight
from nnft_ppl.target import Target

MODEL = '''
"""One network layer."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from nnft_ppl import Observable, ratio


def model(coupling=1e-4, width=3):
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
        "quotient": ratio("weight", "square"),
    }


def exact(coupling):
    return {"square": jnp.nan, "powers": jnp.array([jnp.nan, jnp.nan])}
'''
ASKED = 1200
"""Draws per chain; blocks of 400, which are no multiple of the thinning."""


BLOCK_DRAWS = 400


class State(NamedTuple):
    """What the loop of chains needs of a state."""

    position: Array


def chains(target: Target, settings: Settings) -> Sampler:
    """Independent free draws through the loop that every chain runs in: next to nothing to compile."""

    def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        energy = jax.random.normal(jax.random.fold_in(key, 1))
        stats = {"diverging": energy > 100, "energy": energy, "lp": -energy, "n_steps": energy > 0}
        return State(target.free_draw(key)), stats | {"acceptance_rate": energy**0, "step_size": energy**0}

    def begin(program: Callable) -> tuple[State, tuple]:
        return State(jnp.zeros((settings.num_chains, target.dimension))), ()

    short = replace(settings, block_draws=BLOCK_DRAWS)
    return Chains(short, settings.key, begin, lambda fixed: one_draw(target, short, step))


def free_draws(target: Target, settings: Settings) -> Sampler:
    """Reweighting in blocks of another length."""
    return reweight(target, replace(settings, block_draws=BLOCK_DRAWS))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "layer.py"
    path.write_text(MODEL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def theory(file: Path) -> Theory:
    return load(str(file))


@pytest.fixture(scope="module")
def folder(theory: Theory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished run."""
    folder = tmp_path_factory.mktemp("runs") / "deep/out"
    sample(theory, chains, num_chains=2, num_draws=ASKED, seed=3, out=folder)
    return folder


@pytest.fixture(scope="module")
def ensemble(folder: Path) -> Ensemble:
    return read(folder)


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


def test_plain_json():
    given = {"a": np.float32(1.5), "b": (1, float("nan")), "c": np.array([np.inf, 2.0]), "d": None, 5: Path("x")}
    assert plain_json(given) == {"a": 1.5, "b": [1, None], "c": [None, 2.0], "d": None, "5": repr(Path("x"))}
