"""Every mistake ends in one line: what is wrong, where, and how to mend it. What was there before stays as it was."""

import re
import shutil
from pathlib import Path

import pytest
from commands import nnft
from mistaken_models import MODELS, SYMMETRIES, WITH_IDENTITIES
from mistaken_results import CALLS, RESULTS, full_disk
from mistaken_words import WORDS
from mistakes import GOOD, MODEL, PREAMBLE, QUICK, ROTATION, Case, write

from nnft_ppl import load, read, sample
from nnft_ppl.cli.complaints import complaint

CASES = [*WORDS, *MODELS, *SYMMETRIES, *RESULTS, *CALLS]


def tree(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good model, a small result with its parameters, and one without."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "good.py").write_text(PREAMBLE + MODEL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("nnft_ppl.checks.IdentityBank.measurement", lambda self, theory: 1 / 0)
        assert nnft(*GOOD, *QUICK, "--out", "kept").status == 1  # so few draws fail the checks
        sample(load("good.py"), "reweight", num_chains=1, num_draws=16, out="bare", keep="none", checks=False)
    return folder


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_mistake_ends_in_one_line(
    case: Case, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    shutil.copytree(results, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    if case.name not in WITH_IDENTITIES:
        request.getfixturevalue("no_bank")
    if isinstance(case.given, str):
        write("bad.py", PREAMBLE + case.given)(tmp_path, monkeypatch)
    case.prepare(tmp_path, monkeypatch)
    before = tree(tmp_path)

    if callable(case.given):
        with pytest.raises((TypeError, ValueError, FileNotFoundError)) as raised:
            case.given()
        found, status = complaint(raised.value)[0], 2
    else:
        words = ["run", "bad.py", *QUICK] if isinstance(case.given, str) else case.given
        status, out, said = nnft(*words)
        found = said.strip()
        assert (said.startswith("nnft: "), len(said.splitlines())) == (True, True), said
        assert out == "" or "--help" in words or case.status == 1  # failed checks come with their result
    assert (status, re.search(case.message, found) is not None) == (case.status, True), found
    assert "Traceback" not in found

    after = tree(tmp_path)
    lost = [path for path, text in before.items() if after.get(path) != text]
    if case.prepare is full_disk:  # the same run again replaces its manifest and its blocks, its result at the end
        lost = [path for path in lost if path.name == "result.nc"]
        assert read("kept").estimates().keys() == read(results / "kept").estimates().keys()
    assert lost == []
    assert not [path for path in after if path.suffix == ".part"]


def test_the_table_is_long_and_names_are_its_own():
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


def test_debug_shows_the_traceback():
    found = nnft(*ROTATION, "--set", "coupling=-1", "--debug")
    assert found.status == 2
    assert "Traceback" in found.err
    assert found.err.splitlines()[-1].startswith("nnft: ")


def test_negative_control_a_good_run_passes_every_check_of_the_table(results: Path, monkeypatch: pytest.MonkeyPatch):
    """The model of the table, unharmed, is no mistake."""
    monkeypatch.chdir(results)
    found = nnft("show", "kept")
    assert (found.status, found.err) == (1, "")
