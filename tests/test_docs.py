"""Every block of code in README.md and docs/ runs, prints what it says, and every page says what it should.

How blocks are marked: `pages`.
"""

import ast
import doctest
import functools
import importlib
import os
import re
import runpy
import tomllib
from itertools import dropwhile, takewhile
from pathlib import Path

import numpy as np
import pytest
from commands import nnft
from pages import as_printed, blocks_of, run_page, with_outputs
from test_layering import FLOORS

from nnft_ppl import Theory
from nnft_ppl.cli.formulas import formula_of
from nnft_ppl.cli.validation import COLUMNS
from nnft_ppl.cli.verified import shipped_record
from nnft_ppl.cli.verify import DISCRETE_ROUTES, ROUTES
from nnft_ppl.display import format_value, without_noise
from nnft_ppl.theory import load_file, shipped_models

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [path for path in PAGES if "_build" not in path.parts]
LANGUAGES = {"python", "sh", "text", "console"}


def check_page(name: str, page: str) -> None:
    for block, out in run_page(name, page):
        said = f"{name}:{block.line} says\n{block.text}\nbut printed was\n{out}"
        assert as_printed(out, block.text) is not None, said


def table_of(page: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of the first table of a page."""
    lines = dropwhile(lambda line: not line.startswith("|"), page.splitlines())
    header, _, *rows = [line.strip("| ").split(" | ") for line in takewhile(lambda line: line.startswith("|"), lines)]
    return header, [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("path", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    check_page(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```python\nassert 1 + 1 == 3, 'planted'\n```\n", "planted"),
        ("```python\nprint('right')\n```\n\n```text\nwrong\n```\n", "but printed was"),
        ("```sh\nnnft list --fast\n```\n", "nnft list --fast"),
        ("```sh\nls\n```\n", "is not run here"),
        ("```sh\nnnft list  # exit status 1\n```\n", "nnft list"),
        ("```sh\nnnft list\n```\n\n```text\nphi5 ...\n```\n", "but printed was"),
    ],
)
def test_a_page_that_is_wrong_is_seen(page: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Control: wrong code, another output, a wrong option, another program, another status."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match=said):
        check_page("page.md", page)


OUT = "phi4(modes=40)\nhmc: 4 chains, 26 s\n a  0.35(9)  -1.2e-05 │██\n ✓ good\n"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("phi4(modes=8)\nhmc: 4 chains, 3 s\na 1.23(4) 0.7 █│\n✓ good\n", OUT),
        ("phi4(modes=4)\n...\n✓ good\n", "phi4(modes=40)\n...\n ✓ good\n"),
        ("...\n ✓ good\n", "...\n ✓ good\n"),
        ("phi4(modes=4)\n...\n", "phi4(modes=40)\n...\n"),
        ("...\na 1.2(3) 0.7\n...\n", "...\n a  0.35(9)  -1.2e-05 │██\n...\n"),
        ("phi4(modes=40)\n...\n ✗ good\n", None),
        ("phi4(modes=40)\n ✓ good\n", None),
    ],
)
def test_output_is_compared_and_written_but_for_numbers(said: str, written: str | None):
    assert as_printed(OUT, said) == written


def test_outputs_are_written_into_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    first = "```python\nprint('a 1.25\\nb')\n```\n\n```text\n{}```\n\nWords.\n\n"
    page = first + "```python\nprint(2)\n```\n\n```text\n{}```\n"
    assert with_outputs("page.md", page.format("a 1\nb\n", "two\n")) == page.format("a 1.25\nb\n", "2\n")
    assert with_outputs("page.md", page.format("a 1\n...\n", "1\n")) == page.format("a 1.25\n...\n", "2\n")
    with pytest.raises(SystemExit, match=r"page\.md:6 leaves lines out"):
        with_outputs("page.md", page.format("c\n...\n", "1\n"))


def test_blocks_say_what_they_are():
    unknown = [
        f"{path.relative_to(ROOT)}:{block.line}"
        for path in PAGES
        for block in blocks_of(path.read_text("utf-8"))
        if block.language not in LANGUAGES and not block.language.startswith("{")
    ]
    assert unknown == []


def test_links_lead_somewhere():
    """Relative links of all pages; headings within docs/ are checked by Sphinx."""
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in PAGES
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def words_of(text: str) -> set[str]:
    return {word.strip("-") for word in re.findall(r"[A-Za-z_][\w-]+", text)}


@functools.cache
def words_of_the_code() -> set[str]:
    folders = ("nnft_ppl", "models", "tests", "examples", "calibration", "benchmarks", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)]
    others = [ROOT / name for name in ("Makefile", "pyproject.toml", "run", "CHANGELOG.md")]
    words = {word for path in [*files, *others] for word in words_of(path.read_text("utf-8"))}
    return words | {path.stem for path in [*files, *others]}


def unknown_words(page: str) -> set[str]:
    """Words in backticks that stand nowhere in the code, nor in that of the page; placeholders are in capitals."""
    code = "".join(block.text for block in blocks_of(page))
    prose = re.sub(r"(?ms)^```.*?^```", "", page)
    words = {word for span in re.findall(r"`([^`\n]+)`", prose) for word in words_of(span)}
    return {word for word in words - words_of(code) - words_of_the_code() if not re.fullmatch(r"[A-Z-]+", word)}


def test_what_the_pages_name_is_there():
    known = {"ci", "stock", "e-08"}  # .ci/run; `stock-*`; a default of 1e-08
    unknown = {path.name: unknown_words(path.read_text("utf-8")) - known for path in PAGES}
    assert {name: words for name, words in unknown.items() if words} == {}


def test_a_name_that_is_not_there_is_found():
    assert unknown_words("`load` reads `models/scalars/phi4.py`; `--drawz 3` and `nnft_ppl.loadings`, `NAME`\n") == {
        "drawz",
        "loadings",
    }


def test_the_citation_is_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation
    assert (ROOT / "nnft_ppl/py.typed").exists()  # type checkers read the annotations


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")]
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", index))
    assert {page for page in pages if not page.startswith("api/")} - {"index.md"} <= linked
    for notebook in (ROOT / "examples").glob("*.ipynb"):
        assert f"](../examples/{notebook.name})" in index
        assert f"\nexamples/{notebook.stem}\n" in index


def test_architecture_shows_the_floors():
    _, rows = table_of((ROOT / "docs/architecture.md").read_text("utf-8").split("## Rooms")[1])
    shown = [(int(row["floor"]) - 1, row["room"].strip("`")) for row in rows]
    assert shown == [(number, room) for number, rooms in enumerate(FLOORS) for room in rooms]
    rooms = {path.stem for path in (ROOT / "nnft_ppl").iterdir() if path.is_dir() or path.suffix == ".py"}
    assert {room for _, room in shown} == {room for room in rooms if not room.startswith("_")} - {"models"}


@pytest.mark.parametrize(("name", "examples"), [("mathml", 1), ("offline", 3), ("plain_docstrings", 1)])
def test_what_builds_the_documentation(name: str, examples: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    outcome = doctest.testmod(importlib.import_module(name))
    assert (outcome.attempted, outcome.failed) == (examples, 0)


def test_api_pages_say_what_the_docstrings_say():
    """`make api` mends this."""
    expected = runpy.run_path(str(ROOT / "docs/api_pages.py"))["pages"]()
    assert sorted(expected) == sorted((ROOT / "docs/api").glob("*.md"))
    stale = [path.name for path, text in expected.items() if path.read_text("utf-8") != text]
    assert stale == []


def test_the_readme_shows_what_make_demo_prints():
    """The command, word for word; `test_page_runs` runs it and compares what it prints, `make readme` writes it."""
    demo, readme = runpy.run_path(str(ROOT / "docs/demo_table.py")), (ROOT / "README.md").read_text("utf-8")
    (found,) = demo["BLOCK"].finditer(readme)
    assert found[0].splitlines()[1].split() == demo["command"]()
    assert "result in runs/demo" in found[0]


def test_validation_page_has_every_exact_answer():
    """Rows of docs/validation.md against the models that ship: places, exact values, both samplers, honest pulls."""
    page = (ROOT / "docs/validation.md").read_text("utf-8")
    header, rows = table_of(page)
    assert tuple(header) == COLUMNS
    rows = [row for row in rows if row["theory"] in shipped_models()]  # not controls beside their own exact values
    expected = []
    for name in shipped_models():
        theory = Theory(load_file(name))
        called = f"`{name}({', '.join(f'{key}={value!r}' for key, value in theory.keywords.items())})`"
        assert called in page
        known = [
            (name, quantity, format_value(without_noise(value, np.nanmax(np.abs(values))), 0.0))
            for quantity, values in theory.exact.items()
            for value in values[~np.isnan(values)]
        ]
        known += [(name, quantity, "0") for quantity in theory.invariants]
        expected += [(*one, sampler) for sampler in (DISCRETE_ROUTES if theory.discrete else ROUTES) for one in known]
    assert [(row["theory"], row["observable"], row["exact"], row["sampler"]) for row in rows] == expected
    pulls = np.array([float(row["pull"]) for row in rows])
    assert np.max(np.abs(pulls)) < 5
    # Pulls of right answers have unit spread: 0.2 would say that errors are too large, 3 too small.
    assert 0.3 < np.sqrt(np.mean(pulls**2)) < 2


def test_gallery_shows_every_theory():
    """Its formula, its pictures, what was found: `make validation` mends this."""
    page, folder = (ROOT / "docs/gallery.md").read_text("utf-8"), ROOT / "docs/gallery"
    found = shipped_record()
    assert re.findall(r"(?m)^### (.*)$", page) == list(found) == list(shipped_models())
    for name, path in shipped_models().items():
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert f"### {name}\n\n{text.splitlines()[0]}\n\n```text\n{formula_of(text)}\n```\n" in page
        assert all(sentence in page for sentence in found[name].sentences)
        assert "NOT rejected" not in " ".join(found[name].sentences)
    pictures = {path.name for path in folder.glob("*.svg")}
    assert pictures == set(re.findall(r"\]\(gallery/([^)]+)\)", page))
    assert max(path.stat().st_size for path in folder.glob("*.svg")) < 60_000


KNOWN = """
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from nnft_ppl import Observable


def model(scale=1.0):
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: scale * a + 0 * x[0]


def observables():
    return {"moments": Observable(lambda phi: phi(jnp.zeros(1)) ** jnp.array([2, 4]), ("power",), {"power": (2, 4)})}


def exact(scale):
    return {"moments": np.array([scale**2, np.nan])}
"""


def test_verify_writes_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("known.py").write_text(KNOWN, encoding="utf-8")
    status, out, _ = nnft("verify", "known.py", "--set", "scale=2", "--page", "page.md")
    _, rows = table_of(Path("page.md").read_text("utf-8"))
    assert status == 0
    assert out.splitlines()[-1] == "page in page.md"
    assert [(row["place"], row["exact"], row["sampler"]) for row in rows] == [("power=2", "4", name) for name in ROUTES]
    for row in rows:
        value, error = re.fullmatch(r"([\d.]+)\((\d+)\)", row["estimate"]).groups()
        unit = 10.0 ** -len(value.partition(".")[2])
        assert abs((float(value) - 4) / (int(error) * unit) - float(row["pull"])) < 1
    assert "`known(scale=2.0)`" in Path("page.md").read_text("utf-8")
    assert sorted(os.listdir()) == ["known.py", "page.md"]
