"""The report is one HTML page that needs nothing else, with the numbers of the run; the command writes it."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from commands import nnft

from nnft_ppl import load, sample
from nnft_ppl.report import report_html, write_report


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
    assert about["fingerprint"] in words
    assert about["source_sha256"] in words
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
