"""What people read of symmetries: terminal, page, JSON, made from stored findings."""

import io
import json
from dataclasses import replace

import numpyro
import pytest
from numpyro import distributions as dist
from rich.console import Console

from nnft_ppl import Ensemble, Theory, sample
from nnft_ppl.cli.console import marked
from nnft_ppl.cli.symmetries import print_symmetries
from nnft_ppl.cli.table import print_result, result_json
from nnft_ppl.report import plot_breaking, plot_ward, report_html
from nnft_ppl.statistics import Verdict
from nnft_ppl.symmetries import SymmetryFindings

NAN = float("nan")
ZERO = {"value": 0.0, "error": 0.0, "size": 0.0}


def row(observable, change, expected):
    return {
        "generator": "turn",
        "observable": observable,
        "change": {"value": change, "error": 0.01},
        "breaking": {"value": -expected, "error": 0.02},
        "flux": {"value": 0.0, "error": 0.0},
        "expected": {"value": expected, "error": 0.02},
        "residual": change - expected,
        "error": 0.02,
        "z": (change - expected) / 0.02,
        "averaged": True,
        "size": 1.0,
    }


@pytest.fixture(scope="module")
def run():
    """A small run, as if its check had found an anomaly, a redundancy, and one that could not be measured."""

    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        return lambda x: a * x[0]

    ensemble = sample(Theory(model), "reweight", num_chains=1, num_draws=16, checks=False)
    place = {"generator": "turn", "chain": 0, "draw": 7, "row": 1, "where": "φ[1] at x = (0.5)"}
    breaking = {
        "score": {"value": -0.297, "error": 0.013, "size": 4.4},
        "jacobian": {"value": 0.25, "error": 0.01, "size": 0.5},
        "action": ZERO,
        "total": {"value": -0.047, "error": 0.012, "size": 4.5},
        "flux": ZERO,
    }
    ward = {"t2": 1.5, "dof": 1, "p_value": 0.4, "ess": 1000.0, "rows": [row("φ[0](x)·φ[1](y)", 0.3, 0.31)]}
    by = ["score", "jacobian"]
    found = {
        "turn": SymmetryFindings("anomalous", "by its score", 1e-16, place, breaking, ward, {"b": 0.1}, by),
        "swap": SymmetryFindings(
            "redundancy", "the field stays", 0.0, {}, {"total": ZERO}, {"t2": NAN, "dof": 0, "p_value": NAN, "rows": []}
        ),
        "lost": SymmetryFindings.unavailable("'b' has 5000 edges"),
    }
    verdict = Verdict("symmetries", "warning", 0.4, 1e-4, "declared symmetries\nturn: anomalous\nswap: redundancy")
    more = replace(
        ensemble.provenance,
        findings={"symmetries": {name: one.to_json() for name, one in found.items()}},
        verdicts=(verdict,),
    )
    shown = Ensemble(ensemble.data.copy())
    shown.data.attrs["provenance"] = more.to_text()
    return shown


def printed(show):
    console = Console(width=10_000, record=True, file=io.StringIO())
    show(console)
    return console.export_text()


def test_terminal(run):
    text = printed(lambda console: print_symmetries(run.findings["symmetries"], console))
    assert "misses the field action by 1e-16 of its terms, at worst φ[1] at x = (0.5) on draw 7 of chain 0" in text
    assert "φ[0](x)·φ[1](y)" in text  # brackets are no markup
    assert text.count("A_V of our formulas") == 1
    lines = [line.split() for line in text.splitlines()]
    assert ["turn", "score", "-0.297(13)", "4.4"] in lines
    assert ["swap", "every", "part", "0", "0"] in lines
    assert "nan" not in text


def test_verdict_of_several_lines(run):
    text = printed(lambda console: print_result(run, console, None))
    assert " ! declared symmetries\n     turn: anomalous\n     swap: redundancy\n" in text
    assert marked("good", "F[x]") == " [green]✓[/] F\\[x]"


def test_page(run):
    page = report_html(run)
    assert '<section id="symmetries">' in page
    for words in ("symmetries.breaking", "symmetries.ward", "Every part vanishes on every draw for swap", "5000 edges"):
        assert words in page
    assert "<h3>symmetries</h3>" not in page
    assert "nan" not in page.lower().split("<svg")[0].split("</style>")[1]


def test_figures_show_the_numbers(run):
    found = run.findings["symmetries"]["turn"]
    axes = plot_breaking(found)
    assert [round(patch.get_width(), 3) for patch in axes.patches[:2]] == [-0.297, 0.25]
    assert [tick.get_text() for tick in plot_ward(found).get_yticklabels()] == ["φ[0](x)·φ[1](y)"]


def test_json(run):
    found = json.loads(result_json(run))["symmetries"]
    assert found["turn"]["verdict"] == "anomalous"
    assert found["turn"]["breaking"]["score"] == {"value": -0.297, "error": 0.013, "size": 4.4}
    assert found["swap"]["ward"]["p_value"] is None
    assert found["lost"]["lift_defect"] is None
