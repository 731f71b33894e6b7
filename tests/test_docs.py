"""Every block of code in README.md and docs/ runs, prints what it says, and every page says what it should.

A page's blocks run in order, in one namespace and one empty folder:

    ```python    is executed; one that begins with a comment `# NAME.py` is written to that file instead
    ```sh        lines `nnft ...`, run in this process; they exit with 0, or with N after a comment `# exit status N`
    ```text      right after one of these: what it, or its last command, printed, but for numbers; `...` is any lines

Other code is marked ```text (outlines) or ```console (commands that a test cannot run).
"""

import contextlib
import doctest
import importlib.util
import io
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from commands import Outcome, nnft

from nnft_ppl import Theory
from nnft_ppl.cli.verify import COLUMNS, ROUTES
from nnft_ppl.theory import load_file, shipped_models

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [path for path in PAGES if "_build" not in path.parts]
LANGUAGES = {"python", "sh", "text", "console"}


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    """Number of its first line of code."""
    follows: bool
    """Whether nothing but empty lines stands between it and the block before it."""


def blocks_of(page: str) -> list[Block]:
    found: list[Block] = []
    language, start, between = None, 0, True
    lines = page.splitlines()
    for number, line in enumerate(lines):
        if language is None and line.startswith("```"):
            language, start = line[3:].strip(), number + 1
        elif language is not None and line == "```":
            found.append(Block(language, "\n".join(lines[start:number]) + "\n", start + 1, between))
            language, between = None, True
        elif language is None and line.strip():
            between = False
    assert language is None, f"a block that begins in line {start} has no end"
    return found


def run_page(name: str, page: str) -> None:
    """Run a page's blocks in the present folder."""
    namespace: dict[str, object] = {"__name__": "page"}
    last: str | None = None
    for block in blocks_of(page):
        if block.language == "python":
            if file := re.match(r"# (\w+\.py)\n", block.text):
                Path(file[1]).write_text(block.text, encoding="utf-8")
                last = None
            else:
                # Empty lines, that a traceback names the line of the page.
                code = compile("\n" * (block.line - 1) + block.text, f"<{name}>", "exec")
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(code, namespace)
                last = out.getvalue()
        elif block.language == "sh":
            for command in commands_of(block.text):
                last = run_command(f"{name}:{block.line}", command).out
        elif block.language == "text" and block.follows and last is not None:
            assert printed(last, block.text), f"{name}:{block.line} says\n{block.text}\nbut printed was\n{last}"
            last = None


def commands_of(text: str) -> Iterator[str]:
    return (line.strip() for line in text.replace("\\\n", " ").splitlines() if line.split("#")[0].strip())


def run_command(place: str, command: str) -> Outcome:
    program, *words = shlex.split(command, comments=True)
    assert program == "nnft", f"{place}: {program!r} is not run here; mark the block ```console"
    expected = re.search(r"# exit status (\d)", command)
    outcome = nnft(*words)
    assert outcome.status == int(expected[1] if expected else 0), f"{place}: {command}\n{outcome.out}{outcome.err}"
    return outcome


def printed(out: str, said: str) -> bool:
    """Whether `out` is what a page says, numbers, spaces and bars apart; `...` in the page stands for any lines."""
    parts = [re.escape("\n".join(masked(part))) for part in re.split(r"(?m)^\.\.\.$\n?", said)]
    pattern = r"(?:.*\n)?".join(
        part + "\n" if part and number + 1 < len(parts) else part for number, part in enumerate(parts)
    )
    return re.fullmatch(pattern, "\n".join(masked(out)), re.DOTALL) is not None


def masked(text: str) -> list[str]:
    """Lines without what may differ: numbers, the length of bars, and which observable is the worst one."""
    number = re.compile(r"[+\-−]?\d[\d.]*(?:e[+-]?\d+)?(?:\([\d.]+\))?")
    lines = (re.sub(r"\(\w+\)", "()", number.sub("#", line)) for line in text.strip("\n").splitlines())
    return [" ".join(re.sub(r"[█│ ]+", " ", line).split()) for line in lines]


@pytest.mark.parametrize("path", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run_page(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


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
        run_page("page.md", page)


def test_output_is_compared_but_for_numbers():
    out = "phi4(modes=40)\nhmc: 4 chains, 26 s\n a  0.35(9)  -1.2e-05 │██ \n ✓ good\n"
    assert printed(out, "phi4(modes=8)\nhmc: 4 chains, 3 s\na 1.23(4) 0.7 █│\n✓ good\n")
    assert printed(out, "phi4(modes=40)\n...\n ✓ good\n")
    assert printed(out, "...\n ✓ good\n")
    assert not printed(out, "phi4(modes=40)\n...\n ✗ good\n")
    assert not printed(out, "phi4(modes=40)\n ✓ good\n")


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


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")]
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", index))
    assert {page for page in pages if not page.startswith("api/")} - {"index.md"} <= linked
    for notebook in (ROOT / "examples").glob("*.ipynb"):
        assert f"](../examples/{notebook.name})" in index
        assert f"\nexamples/{notebook.stem}\n" in index


def test_architecture_lists_every_room():
    rooms = (ROOT / "docs/architecture.md").read_text("utf-8").split("## Rooms")[1].split("## ")[0]
    named = set(re.findall(r"[\w/]+(?:\.py|/)", rooms))
    paths = [path for path in (ROOT / "nnft_ppl").iterdir() if not path.name.startswith("__") and path.name != "models"]
    assert {path.name + "/" * path.is_dir() for path in paths} - named == set()


def script(name: str) -> ModuleType:
    """A Python file of docs/."""
    place = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert place is not None
    assert place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_docstrings_of_the_documentation():
    module = script("plain_docstrings")
    assert doctest.testmod(module).attempted == 1
    assert doctest.testmod(module).failed == 0


def test_the_readme_shows_what_make_demo_prints():
    """The command, word for word; `test_page_runs` runs it and compares what it prints, `make readme` writes it."""
    demo, readme = script("demo_table"), (ROOT / "README.md").read_text("utf-8")
    (found,) = demo.BLOCK.finditer(readme)
    assert found[0].splitlines()[1].split() == demo.command()
    assert "result in runs/demo" in found[0]


def table_of(page: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of the first table of a page."""
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    header, _, *rows = lines
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def test_validation_page_has_every_exact_answer():
    """Rows of docs/validation.md against the models that ship: places, exact values, both samplers, honest pulls."""
    page = (ROOT / "docs/validation.md").read_text("utf-8")
    header, rows = table_of(page)
    assert tuple(header) == COLUMNS
    expected = []
    for name in shipped_models():
        theory = Theory(load_file(name))
        called = f"`{name}({', '.join(f'{key}={value!r}' for key, value in theory.keywords.items())})`"
        assert called in page
        known = [
            (name, quantity, f"{value:.6g}")
            for quantity, values in theory.exact.items()
            for value in values[~np.isnan(values)]
        ]
        expected += [(*one, sampler) for sampler in ROUTES for one in known]
    assert [(row["theory"], row["observable"], row["exact"], row["sampler"]) for row in rows] == expected
    pulls = np.array([float(row["pull"]) for row in rows])
    assert np.max(np.abs(pulls)) < 5
    # Pulls of right answers have unit spread: 0.2 would say that errors are too large, 3 too small.
    assert 0.3 < np.sqrt(np.mean(pulls**2)) < 2


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
