"""Long runs: their series are averages of draws, in memory and in the result; what is found is the same."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from one_number import number_in
from quick_samplers import chains

from nnft_ppl import Ensemble, Theory, kept_draws, load, read, sample
from nnft_ppl.checks import EnergyFraction, FinishedDraws
from nnft_ppl.draws import Kind
from nnft_ppl.report import write_report
from nnft_ppl.report.chains import autocorrelation_table, trace_table
from nnft_ppl.results import ResultError, averaged_over, has_series, series_of, single_series, storage
from nnft_ppl.runs import DrawsError, collected, long_series
from nnft_ppl.runs.long_series import LongSeries
from nnft_ppl.samplers import Settings, reweight

MOST, DRAWS, EACH = 250, 1500, 8
RUN: dict[str, Any] = {"num_chains": 2, "num_draws": DRAWS, "seed": 1, "checks": False}


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    return number_in(tmp_path_factory.mktemp("models"))


@pytest.fixture
def shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series are averages from so few draws on as if the run were long."""
    monkeypatch.setattr(long_series, "MOST_IN_SERIES", MOST)
    monkeypatch.setattr(Settings, "block_draws", 350)


@pytest.fixture(scope="module")
def folder(theory: Theory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a run with whole series."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "block_draws", 350)
        sample(theory, reweight, out=folder, keep_series="all", **RUN)
    return folder


def same(one: Ensemble, other: Ensemble) -> None:
    """Refuse a difference in any bit of any number."""
    assert averaged_over(one.data) == averaged_over(other.data)
    for group, another in zip(one.data.subtree, other.data.subtree, strict=True):
        assert group.path == another.path
        if group.path != "/":  # times are others
            xr.testing.assert_identical(group.to_dataset(), another.to_dataset())


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("sampler", [reweight, chains])
def test_the_same_is_found(theory: Theory, folder: Path, sampler: Any, tmp_path: Path):
    """Of weighted draws, and of free ones that call themselves chains, which they are without a coupling."""
    free = sampler is chains
    theory = load(str(theory.file.path), coupling=0.0 if free else 0.1)
    made = sample(theory, sampler, out=tmp_path, **RUN)
    before = sample(theory, sampler, keep_series="all", **RUN) if free else read(folder)
    about = made.provenance.sampler
    assert (about.draws, about.averaged, averaged_over(made.data)) == (DRAWS, EACH, EACH)
    assert made.data["observables"].sizes["draw"] == DRAWS // EACH == made.data["singles/observables"].sizes["draw"]
    for name, one in made.estimates().items():
        other = before.estimates()[name]
        # The last draws, fewer than make an average, are left out.
        assert np.all(np.abs(one.value - other.value) <= 0.3 * other.error)
        varies = other.error > 0
        assert np.all(np.abs(one.error[varies] / other.error[varies] - 1) < 5 / math.sqrt(DRAWS // EACH))
        assert np.all(np.abs(np.log(one.ess[varies] / other.ess[varies])) < np.log(2))  # x⁴ has a long tail
    functions = made.estimates({"again": theory.derived["quotient"]})
    np.testing.assert_allclose(functions["again"].ess, functions["quotient"].ess)
    assert [one.status for one in made.verdicts] == [one.status for one in before.verdicts]
    # Single draws are what they were, and kept ones those whose weights are known.
    for name, values in series_of(single_series(made.data)).items():
        np.testing.assert_array_equal(values, series_of(before.data)[name][:, : DRAWS // EACH * EACH : EACH])
    kept = kept_draws(made, theory)
    assert np.all(kept.numbers % EACH == 0)
    assert (kept.log_weights is None) == (made.kind is Kind.CHAINS)
    same(read(tmp_path), made)
    tables = [trace_table(made, "squared"), autocorrelation_table(made, "squared")]
    assert [list(one.iloc[:3, 0]) for one in tables] == [[0, EACH, 2 * EACH]] * 2


@pytest.mark.usefixtures("shortened")
def test_a_run_goes_on(theory: Theory, tmp_path: Path):
    """Extended until its series are averages, and made of its blocks again: bit for bit the same."""
    few = sample(theory, reweight, out=tmp_path, **RUN | {"num_draws": 200})
    assert few.provenance.sampler.averaged == 1
    more = sample(theory, reweight, out=tmp_path, **RUN)
    assert more.provenance.sampler.averaged == EACH
    (tmp_path / "result.nc").unlink()
    same(sample(theory, reweight, out=tmp_path, **RUN), more)
    with pytest.raises(ResultError, match="keep-series is 'auto' there and 'all' here"):
        sample(theory, reweight, out=tmp_path, keep_series="all", **RUN)


@pytest.mark.usefixtures("shortened")
def test_what_is_kept_of_series(theory: Theory, folder: Path, tmp_path: Path):
    """`none` leaves what was found, and says so where series are wanted."""
    made = sample(theory, reweight, out=tmp_path, keep_series="none", **RUN)
    before = read(folder)
    assert not has_series(made.data)
    assert has_series(before.data)
    assert read(tmp_path).estimates().keys() == before.estimates().keys()
    np.testing.assert_allclose(made.estimates()["moments"].value, before.estimates()["moments"].value, rtol=0.01)
    assert [one.check for one in made.verdicts] == [one.check for one in before.verdicts]
    with pytest.raises(ValueError, match="no series were kept"):
        made.estimates({"quotient": theory.derived["quotient"]})
    with pytest.raises(DrawsError, match="no series were kept"):
        kept_draws(made, theory)
    write_report(read(tmp_path), tmp_path / "report.html")
    assert "estimates, findings and statistics alone" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="keep_series must be auto, all or none, not 'al'; did you mean"):
        sample(theory, reweight, keep_series="al", **RUN)


def test_energies_change_from_draw_to_draw():
    """E-BFMI of averages would be another number: squared changes are averaged instead."""
    energy = np.cumsum(np.random.default_rng(0).normal(size=(2, 50_000)), axis=1) % 20.0
    long = LongSeries(Kind.CHAINS, [])
    for part in np.array_split(energy, 7, axis=1):
        group = {"sample_stats": {"energy": part, "diverging": part > 19}, "observables": {"E": part}}
        long.add(group | {"action": {}, "phase": {}, "improved": {}})
    averages, singles = long.series
    none: Any = None
    told = (none, Kind.CHAINS, {})
    single = FinishedDraws(*told, singles["observables"], singles["sample_stats"])
    draws = FinishedDraws(*told, averages["observables"], averages["sample_stats"], every=long.each, singles=single)
    once = FinishedDraws(*told, {"E": energy}, {"energy": energy})
    values = [EnergyFraction().judge(one).verdict.value for one in (draws, once)]
    assert values[0] == pytest.approx(values[1], rel=0.05)
    assert np.mean(averages["sample_stats"]["diverging"]) == pytest.approx(np.mean(energy > 19), rel=1e-3)
    assert (draws.number, once.number) == (2 * 50_000, 2 * 50_000)


def test_large_results_are_read_as_they_are_used(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = read(folder)
    monkeypatch.setattr(storage, "LARGE", 0)
    found = read(folder)
    assert not found.data["observables"].dataset["moments"].variable._in_memory
    same(found, before)
    bits = bytearray((folder / "result.nc").read_bytes())
    bits[len(bits) // 2] ^= 1
    (tmp_path / "result.nc").write_bytes(bits)
    with pytest.raises(ResultError, match="damaged"):
        read(tmp_path)


@pytest.mark.usefixtures("shortened")
def test_what_checks_look_at_has_a_series(theory: Theory, monkeypatch: pytest.MonkeyPatch):
    """Numbers of the draws on which checks measure are those of single draws, and weights are those draws' own."""
    looked: dict[str, Any] = {}

    def every_so_often(program: Any, num_draws: int, keep_every: int) -> Any:
        looked["every"] = keep_every
        return collected.MeasureStream(program, keep_every)

    monkeypatch.setattr(collected.MeasureStream, "every_so_often", staticmethod(every_so_often))
    made = sample(theory, reweight, **RUN | {"checks": True, "keep": "none"})
    assert looked["every"] == EACH
    measured = made.schwinger_dyson
    assert measured is not None
    assert np.all(measured["draw"].values % EACH == 0)


WALL = """
import jax.numpy as jnp
import numpyro
from numpyro import distributions as dist
from nnft_ppl import Observable


def model():
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("wall", jnp.where(a > 2.0, -0.2 * a, -jnp.inf))
    return lambda x: a + 0 * x[0]


def observables():
    return {"a": Observable(lambda phi: phi(jnp.zeros(1)))}
"""


def test_averages_behind_a_wall_have_the_values_and_the_tail_of_the_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """They weigh as no draw, as one, or as two: no law that smoothing fits, nor one with the tail of the draws."""
    monkeypatch.setattr(long_series, "MOST_IN_SERIES", 4000)
    path = tmp_path / "wall.py"
    path.write_text(WALL, encoding="utf-8")
    theory = load(str(path))
    run = {"num_chains": 2, "num_draws": 64_000, "seed": 1, "checks": False, "keep": "none"}
    averaged, whole = (sample(theory, reweight, keep_series=keep, **run) for keep in ("auto", "all"))
    assert averaged_over(averaged.data) == 16
    mine, other = (one.estimates()["a"] for one in (averaged, whole))
    assert abs(mine.value - other.value) < 0.05 * other.error
    assert 0.8 < mine.error / other.error < 1.25
    (tail,) = (verdict for verdict in averaged.verdicts if verdict.check == "k_hat")
    assert tail.status == "good"


def test_controls_are_averaged_without_weights(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(long_series, "MOST_IN_SERIES", 100)
    random = np.random.default_rng(3)
    logs, control = random.normal(size=(2, 2, 400))
    part = {
        "sample_stats": {"log_weight": logs},
        "observables": {"a": control},
        "control": {"a": control},
    }
    long = LongSeries(Kind.FREE, [])
    long.add(part)
    averages, _ = long.series
    weights = np.exp(averages["sample_stats"]["log_weight"])
    np.testing.assert_allclose(averages["control"]["a"].mean(), control.mean(), atol=1e-12)
    weighted = np.sum(weights * averages["observables"]["a"]) / np.sum(weights)
    np.testing.assert_allclose(weighted, np.sum(np.exp(logs) * control) / np.sum(np.exp(logs)), atol=1e-12)
