"""The report is one HTML page that needs nothing else, with the numbers of the run; the command writes it."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from commands import nnft
from matplotlib.figure import Figure

from nnft_ppl import Ensemble, load, sample
from nnft_ppl.display import STATUSES
from nnft_ppl.report import checks, report_html, write_report
from nnft_ppl.report.panel import Panel
from nnft_ppl.statistics import Verdict


class Page(HTMLParser):
    """Ids, links, sources and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids, self.links, self.text, self.open = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[name] for name in ("href", "src", "xlink:href") if name in given]
        self.open.append(tag)

    def handle_data(self, data):
        self.text.append(data)


COLUMNS = ["observable", "at", "unit", "estimate", "exact", "pull", "ess", "reweighted"]


@pytest.fixture(scope="module")
def page(chains):
    return Page(report_html(chains))


def test_the_page_needs_nothing_beside_it(page):
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert "script" not in page.open
    assert len(page.ids) == len(set(page.ids))


def test_the_page_says_what_was_run_and_found(chains, page):
    words = " ".join(" ".join(page.text).split())
    about = chains.provenance
    assert "phi4_circle(period=4.0, mass=1.0, coupling=6.0" in words
    assert "S = (λ/4!) ∫₀ᵀ φ⁴ dt" in words
    for verdict in chains.verdicts:
        assert verdict.text in words
    one = chains.estimates()["two_point"]
    assert all(text in words for text in str(one)[1:-1].split(", "))
    assert about.fingerprint in words
    assert about.source_sha256 in words
    assert words.index("Verdicts") < words.index("Estimates") < words.index("Schwinger–Dyson identities ")
    assert "nan" not in words.lower().split()


def test_chains_and_free_draws_have_their_own_figures(chains, free_draws):
    figures = {
        name: re.findall(r'<section class="figure" id="([^"]*)"', report_html(run))
        for name, run in {"chains": chains, "free draws": free_draws}.items()
    }
    both = {"two_point", "effective_mass", "field"}
    assert both | {"schwinger_dyson", "two_point.estimators", "trace.two_point.3"} <= set(figures["chains"])
    assert both | {"log_z", "weights", "trace.mean_squared"} <= set(figures["free draws"])
    assert "weights" not in figures["chains"]


def test_data_of_every_figure_lies_beside_the_page_and_inside(chains, tmp_path):
    page, *tables = write_report(chains, tmp_path / "mail.html")
    inside = [base64.b64decode(link.split(",")[1]).decode() for link in Page(page.read_text()).links if "csv" in link]
    assert sorted(inside) == sorted(table.read_text() for table in tables)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail", "mail.html"]
    header = (tmp_path / "mail/two_point.csv").read_text().splitlines()[0]
    assert header == "separation,value,error,ess,exact,pull"


def test_pictures_take_the_colour_of_the_text(chains):
    html = report_html(chains)
    assert "currentColor" in html
    assert "#010203" not in html
    assert "prefers-color-scheme: dark" in html


def test_every_number_carries_its_heading_for_narrow_pages(chains):
    """Below a width that a style sheet knows, rows become cards, whose lines are named by `data-of`."""
    html = report_html(chains)
    first = re.findall(r'<td data-of="([^"]*)"(?: class="number")?>([^<]*)</td>', html)[:8]
    assert [heading for heading, _ in first] == COLUMNS
    assert dict(first)["estimate"] == str(chains.estimates()["two_point"])[1:].split(", ")[0]
    assert "@container" in html


def test_columns_in_which_nothing_stands_are_left_out():
    theory = load("free_scalar", width=2, dim=2, side=2.0, cutoff=2.0)
    html = report_html(sample(theory, "reweight", num_draws=50, checks=False))
    assert 'data-of="at"' in html
    assert 'data-of="unit"' not in html


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_its_mark_and_colours(chains, status):
    run = Ensemble(chains.data.copy())
    changed = replace(chains.provenance, verdicts=(Verdict("c", status, None, None, "words"),))
    run.data.attrs["provenance"] = changed.to_text()
    html = report_html(run, [])
    assert f'<b class="{status}">{STATUSES[status].sign}</b>words' in html
    assert f".{status} {{ color: var(--{status}); }}" in html
    assert f"--{status}: {STATUSES[status].on_light};" in html
    assert f"--{status}: {STATUSES[status].on_dark};" in html


def test_a_figure_of_a_check_is_one_function(chains, monkeypatch):
    def largest(findings):
        return Panel("largest", "Largest", "words", pd.DataFrame(findings), lambda figure: figure.subplots())

    monkeypatch.setitem(checks.FIGURES, "largest", largest)
    run = Ensemble(chains.data.copy())
    more = replace(chains.provenance, findings={**chains.findings, "largest": {"value": [1.0]}})
    run.data.attrs["provenance"] = more.to_text()
    assert 'id="largest"' in report_html(run)
    assert 'id="largest"' not in report_html(chains)


def test_of_very_many_identities_the_farthest_are_drawn():
    rows = [{"vector_field": "v" * 80, "observable": f"f{i}", "z": 0.01 * i} for i in range(100)]
    panel = checks.identities({"rows": rows})
    figure = Figure()
    panel.draw(figure)
    shown = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert len(shown) == checks.MOST_ROWS
    assert max(map(len, shown)) <= 44
    assert shown[-1].endswith("f99")
    assert len(panel.table) == 100
    assert "Of 100 identities" in panel.caption


def test_words_of_a_model_cannot_break_the_page():
    file = load("free_scalar", width=2, dim=1, side=2.0, cutoff=2.0).file
    theory = type(load("free_scalar"))(
        replace(file, description="<script>alert(1)</script> & more"), width=2, dim=1, side=2.0, cutoff=2.0
    )
    html = report_html(sample(theory, "reweight", num_draws=50, checks=False))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "A free theory: S = 0." in html


def test_the_command_writes_the_page_and_runs_no_model(tmp_path):
    model = tmp_path / "tiny.py"
    model.write_text(
        "import numpyro\nfrom numpyro import distributions as dist\n\n\ndef model(mass=1.0):\n"
        '    """A straight line."""\n    a = numpyro.sample("a", dist.Normal(0, mass))\n    return lambda x: a * x[0]\n'
    )
    folder = tmp_path / "run"
    sample(load(str(model)), "reweight", num_draws=100, out=folder, checks=False)
    model.unlink()
    done = nnft("report", str(folder))
    assert done.status == 0
    assert f"report in {folder / 'report.html'}" in done.out.replace("\n", "")
    assert "A straight line." in (folder / "report.html").read_text()
    assert (folder / "report" / "two_point.csv").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "report.pdf"], "a report is an .html file, not 'report.pdf'"),
        ([], "no result in"),
    ],
)
def test_mistakes(tmp_path, free_draws, words, message):
    folder = tmp_path / "empty"
    if words:
        folder = tmp_path / "result.nc"
        free_draws.data.to_netcdf(folder, engine="h5netcdf")
    done = nnft("report", str(folder), *words)
    assert done.status == 2
    assert message in done.err
    assert done.out == ""
