"""The benchmark harness: sections on made-up answers, records, the page; and that its peers compute the same theory."""

import importlib.util
import json
import math
import os
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers
from statistical import ACCEPTED, REJECTED, worst_pull

from benchmarks import bench, drawing, page, records
from benchmarks.answers import effective_draws, largest_pull, rate
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.peers.numpyro_nuts import quartic_scalar
from benchmarks.peers.plain_samplers import plain_elliptical_slice, plain_pcn
from benchmarks.records import Result, Scratch, made_here, store, stored
from benchmarks.sections import SECTIONS
from benchmarks.startup import KINDS
from benchmarks.timing import paired
from nnft_ppl.samplers import Settings, run_blocks
from nnft_ppl.statistics import estimate
from nnft_ppl.target import Target


def sampled(ess, wall=10.0, value=1.0):
    one = {"value": value, "error": 0.1, "ess": ess}
    return {"wall": wall, "draws": 100, "verdict": "good", "estimates": {"phi_squared": one, "mean_squared": one}}


def of_pair(ess):
    """1000 draws in a second, which know G(1/m) the better the more effective they are."""
    pair = {"value": [0.06], "error": [0.006 / math.sqrt(ess)], "ess": [ess]}
    return {"draws": 1000, "seconds_per_draw": 1e-3, "wall": 5.0, "sampler": "hmc", "estimates": {"two_point": pair}}


def invented(function, arguments):
    """An answer of the right form to every question that a section asks."""
    match function:
        case "benchmarks.kernels:field_times":
            seconds = {"ours": [0.01] * 7, "pointwise": [0.4] * 7, "six products": [0.002] * 7}
            return {"seconds": seconds, "apart": 1e-7, "precision": "float32"}
        case "benchmarks.race:run":
            return sampled(9000.0 if arguments["sampler"] in ("auto", "hmc") else 100.0)
        case "benchmarks.race:fixed":
            return sampled(500.0, wall=3.0 if arguments.get("seed", 0) >= 200 else 4.0) | {"steps": 1000}
        case "benchmarks.peers.numpyro_nuts:run":
            pair = {"two_point": {"value": 0.06, "error": 0.03, "ess": 50.0}, "ready": 2.0, "block": 40}
            return sampled(5.0) | {"bulk_ess": {"phi_squared": 20.0, "mean_squared": 10.0}, "draws": 400} | pair
        case "benchmarks.correlators:run":
            errors = {"raw": [1e-2] * 2, "improved": [2e-3] * 2, "mixed": [1e-3] * 2}
            times = {"wall": 10.0, "seconds_per_draw": 1e-4, "draws": 8000}
            return errors | times | {"separation": [0.0, 1.0], "value": [0.2, 0.06]}
        case "benchmarks.scaling:speed":
            width = arguments["width"]
            speed = {"acceptance": 0.9, "step_size": 0.5, "gradients": 2.0, "seconds_per_draw": 1e-5 * width}
            return sampled(1000.0) | speed | {"draws": 2000}
        case "benchmarks.scaling:memory":
            return {"bytes": 2**31, "draws": 100, "wall": 60.0}
        case "benchmarks.peers.lattice:run":
            return of_pair(500.0)
        case "benchmarks.strong:run":
            rates = {"auto": 900.0, "hmc": 1000.0, "reweight": math.nan}
            return {"answers": {name: of_pair(rates.get(name, 10.0)) for name in arguments["samplers"]}}
        case "benchmarks.startup:both":
            seconds = dict.fromkeys((*KINDS, "wall"), 1.0 + arguments["number"])
            return {"cold": seconds, "warm": seconds}
        case "benchmarks.accelerator:measure":
            device = {"device": "an accelerator", "flop_rate": 1e13, "bandwidth": 1e12}
            against = {"ours": [1e-3] * 7, "pointwise": [0.1] * 7}
            return device | {"against": against, "by_chains": [[1, 1024, 1e-3]], "by_width": [[4, 1000, 2e-3]]}
    raise AssertionError(function)


class Invented(Bench):
    def run(self, function, arguments, **how):
        return invented(function, json.loads(json.dumps(arguments)))


def result_of(name):
    return made_here(name, 12.0, list(SECTIONS[name].figures(Invented(name))))


# What the invented answers must give: each section's smallest and largest ratio.
RATIOS = {
    "field": (5.0, 40.0),
    "numpyro": (900.0, 900.0),
    "hard": (90.0, 90.0),
    "auto": (0.0, 1.0),
    "width": (0.0, 2.0),
    "devices": (0.0, 0.75),
    "gradients": (1.0, 1.0),
    "strong": (5 / 9, 0.9),
}


@pytest.mark.parametrize("name", RATIOS)
def test_sections_compute_their_ratios(name):
    ratios = [row.ratio for row in result_of(name).rows]
    assert (min(ratios), max(ratios)) == pytest.approx(RATIOS[name], abs=1e-9)


def test_an_accelerator_is_compared_with_itself():
    ratios = [row.ratio for row in result_of("accelerator").rows]
    flops, traffic = 4 * 3 * 2 * 48**2 * 1000 / 2e-3 / 1e13, 4 * 4 * 2 * 4 * 48 * 1000 / 2e-3 / 1e12
    assert ratios == pytest.approx([100.0, flops, traffic])


def test_cost_is_milliseconds_per_effective_draw():
    first, second = result_of("cost").tables
    assert list(first.columns) == ["N", "hmc", "pcn", "reweight", "auto"]
    assert list(first.lines[0]) == ["64", pytest.approx(10 / 9), 100.0, 100.0, pytest.approx(10 / 9)]
    assert [line[0] for line in second.lines] == ["0.1", "1", "6", "24", "100"]


@pytest.mark.parametrize("name", SECTIONS)
def test_results_survive_json_and_the_page_shows_them(name, tmp_path):
    result = result_of(name)
    assert stored(name, tmp_path) is None
    store(result, tmp_path)
    again = stored(name, tmp_path)
    assert isinstance(again, Result)
    assert again.to_json() == result.to_json()
    assert again.rows == [Row.from_json(row.to_json()) for row in result.rows]
    text = page.render({name: again})
    assert SECTIONS[name].TITLE in text
    assert records.cpu_model() in text
    assert "12 s." in text
    for row in result.rows:
        assert row.claim in text
    for table in result.tables:
        assert f"**{table.title}**" in text


def test_the_page_shows_what_is_stored():
    assert page.PAGE.read_text("utf-8") == page.stored_page()


def test_pictures_are_made_from_what_is_stored():
    results = page.everything()
    made = drawing.pictured(results)
    assert set(made) == {"claims", *(name for name in drawing.CURVES if results[name])}
    for name, made_from in made.items():
        assert f"figures/benchmarks/{name}.svg" in page.stored_page()
        assert drawing.digest(made_from) in (drawing.PICTURES / f"{name}.svg").read_text("utf-8")
    assert {path.stem for path in drawing.PICTURES.iterdir()} == set(made)


def test_a_picture_shows_the_ratios_their_ranges_and_their_bounds():
    given = [
        Row("fast", 1.0, 50.0, "a peer", 50.0, "s", least=30.0, spread=(40.0, 70.0)),
        Row("slow", 1.0, 20.0, "a peer", 20.0, "s", least=30.0),
        Row("agrees", 1.0, 1.0, "a peer", 1.0, "errors", most=5.0),
        Row("cheap", 0.9, 1.0, "a peer", 0.9, "s", most=1.1),
    ]
    figure = drawing.claims([made_here("field", 1.0, given)])
    more, less = figure.axes
    kept, missed = more.containers
    assert (kept[0].get_xdata().tolist(), missed[0].get_xdata().tolist()) == ([50.0], [20.0])
    assert kept[2][0].get_segments()[0][:, 0].tolist() == [40.0, 70.0]
    assert [line.get_xdata().tolist() for line in more.lines if line.get_label() == "claimed"] == [[30.0, 30.0]]
    assert [label.get_text() for label in less.get_yticklabels()] == ["cheap\nagainst a peer"]


def test_a_picture_shows_the_columns_of_a_table():
    table = Table("rates", ["N", "hmc", "pcn"], [["64", 10.0, None], ["128", 2.5, 3.0]])
    hmc, pcn = drawing.curves(made_here("cost", 1.0, [table])).axes[0].lines
    assert (hmc.get_ydata().tolist(), hmc.get_label()) == ([10.0, 2.5], "hmc")
    assert np.isnan(pcn.get_ydata()[0])


def test_the_page_says_which_checks_a_failed_run_did_not_pass():
    details = {"hmc": {"failed_checks": ["R̂ is 2: run longer"]}, "mclmc": {"failed": "nothing in 300 s"}, "pcn": {}}
    row = Row("d = 2, side 4, best of ours (hmc)", 1.0, 1.0, "a peer", 1.0, details=details)
    table = Table("d = 2, side 4, 60 s each", ["sampler", "verdict"], [["hmc", "failed"]])
    result = made_here("hard", 1.0, [row, table])
    assert list(page.failures(result, table)) == [
        "* `hmc` failed: R̂ is 2",
        "* `mclmc` failed: nothing in 300 s",
        "",
    ]


@pytest.mark.parametrize(
    ("least", "most", "ratio", "passed", "bound"),
    [
        (30.0, None, 30.0, True, "≥ 30"),
        (30.0, None, 29.9, False, "≥ 30"),
        (None, 1.1, 1.1, True, "≤ 1.1"),
        (None, 1.1, 1.2, False, "≤ 1.1"),
        (None, 1.1, math.nan, False, "≤ 1.1"),
        (None, None, 7.0, True, ""),
    ],
)
def test_claims_keep_their_bounds(least, most, ratio, passed, bound):
    row = Row("a claim", 1.0, 2.0, "a peer", ratio, least=least, most=most, spread=(1.0, 2.0))
    assert (row.passed, row.bound) == (passed, bound)
    restored = Row.from_json(json.loads(json.dumps(row.to_json(), allow_nan=False)))
    assert (restored.passed, restored.spread) == (passed, (1.0, 2.0))


def test_rates_and_pulls():
    good, other = sampled(50.0), sampled(20.0, value=1.5)
    assert rate(good) == 5.0
    assert effective_draws({"failed": "stuck"}) == 0.0
    assert rate({"failed": "stuck", "wall": 4.0}, least=1.0) == 0.25
    assert largest_pull(good, other) == pytest.approx(0.5 / math.hypot(0.1, 0.1))
    assert largest_pull(good, {"failed": "stuck"}) == math.inf
    assert paired([2.0, 6.0, 4.0], [1.0, 1.0, 1.0]) == (4.0, (2.0, 6.0))


def test_a_cut_section_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "SCRATCH", tmp_path)
    monkeypatch.setattr(records, "source_digest", lambda: "one source")
    calls = []

    def answer(command, **how):
        calls.append(json.loads(command[-1]))
        return SimpleNamespace(returncode=0, stdout='a line\n{"wall": 1.5}\n', stderr="")

    monkeypatch.setattr(bench.subprocess, "run", answer)
    for _ in range(2):
        assert Bench("field").run("module:function", {"x": 1}) == {"wall": 1.5}
    assert len(calls) == 1
    assert (calls[0]["function"], calls[0]["arguments"], calls[0]["x64"]) == ("module:function", {"x": 1}, True)
    monkeypatch.setattr(records, "source_digest", lambda: "another source")
    Bench("field").run("module:function", {"x": 1})
    Scratch("field", 1.0).clear()
    Bench("field").run("module:function", {"x": 1})
    assert len(calls) == 3


def test_a_contender_is_measured_in_its_own_process(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "SCRATCH", tmp_path)
    sizes = {"dim": 1, "width": 3, "points": 4, "chains": 2, "rounds": 1}
    found = Bench("field").run("benchmarks.kernels:field_times", sizes, x64=False)
    assert found["precision"] == "float32"
    assert found["apart"] < 1e-5
    with pytest.raises(RuntimeError, match="no attribute 'no_function'"):
        Bench("field").run("benchmarks.answers:no_function", {})


def test_contenders_are_spread_over_the_cores(tmp_path, monkeypatch):
    """Although what they import starts JAX."""
    monkeypatch.setattr(records, "SCRATCH", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    source = "import jax\nimport benchmarks.race\ndef count(started):\n    return {'devices': jax.device_count()}\n"
    (tmp_path / "planted.py").write_text(source, encoding="utf-8")
    cores = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    assert Bench("field").run("planted:count", {}) == {"devices": 1}
    assert Bench("field").run("planted:count", {}, spread=True) == {"devices": {3: 2}.get(cores, cores)}


def test_the_numpyro_peer_is_the_same_theory():
    spec = importlib.util.spec_from_file_location("phi4_grid", records.ROOT / "benchmarks/models/phi4_grid.py")
    grid = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(grid)
    peer = handlers.trace(handlers.seed(quartic_scalar(3.0, width=8), 5)).get_trace()
    value = {name: site["value"] for name, site in peer.items()}
    length, direction = 4 * jnp.sqrt(value["disc"]), value["direction"]
    momentum = length[:, None] * jnp.stack([jnp.cos(direction), jnp.sin(direction)], axis=1)
    same = {"momentum": momentum, "phase": value["phase"], "amplitude": value["amplitude"]}
    substituted = handlers.substitute(handlers.seed(grid.model, 0), same)
    ours = handlers.trace(substituted).get_trace(width=8, coupling=3.0)
    phi = handlers.substitute(handlers.seed(grid.model, 0), same)(width=8, coupling=3.0)
    factor = float(peer["quartic"]["fn"].log_factor)
    assert factor < -1e-3
    np.testing.assert_allclose(ours["quartic"]["fn"].log_factor, factor, rtol=1e-10)
    for name, observable in grid.observables(8.0, 2, 4.0, 32).items():
        np.testing.assert_allclose(observable(phi), value[name], rtol=1e-10)


@pytest.mark.parametrize("sampler", [plain_elliptical_slice, plain_pcn])
def test_plain_samplers_are_exact(sampler, key):
    target = Target(
        action=lambda z: jnp.sum(z**2),
        reference=lambda z: jnp.zeros(()),
        free_draw=lambda key: jax.random.normal(key, (4,)),
        measure=lambda z: jnp.mean(z**2),
        dimension=4,
    )
    blocks = list(run_blocks(sampler, target, Settings(key, 4, 1000, 100, keep_every=0)))
    found = estimate({"variance": np.concatenate([block.measured for block in blocks], axis=1)})["variance"]
    assert worst_pull(found, np.array(1 / 3)) < ACCEPTED
    assert worst_pull(found, np.array(1.0)) > REJECTED


def test_a_table_keeps_its_gaps():
    table = Table("some figures", ["N", "ms"], [["64", None], ["128", 2.5]])
    assert list(page.markdown(table.columns, table.lines))[2:4] == ["| 64 | – |", "| 128 | 2.5 |"]
    assert Table.from_json(table.to_json()) == table
