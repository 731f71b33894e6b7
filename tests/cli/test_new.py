"""`nnft new`: the file that it writes is short, plain and right."""

from pathlib import Path

import numpy as np
import pytest
from commands import nnft

from nnft_ppl import read


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert nnft("new", "first") == (0, "wrote first.py; next:\n  nnft check first.py\n  nnft run first.py\n", "")


def test_the_file_is_short_and_says_where_the_interaction_goes():
    text = Path("first.py").read_text(encoding="utf-8")
    code = text.split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 25
    assert "    # The interaction" in text
    assert "S = (λ/4!) ∫_box φ⁴ dx" in text


def test_the_commands_that_it_names_pass_and_its_docstring_is_true(no_bank: None, seed: int):
    """Without the action ⟨φ(x) φ(y)⟩ = exp(−(x − y)²/2), at any width."""
    checked = nnft("check", "first.py")
    assert (checked.status, checked.out.count("✓"), checked.err) == (0, 9, "")
    words = ("--set", "width=8", "--set", "coupling=0", "--sampler", "reweight", "--seed", str(seed), "--out", "out")
    ran = nnft("run", "first.py", *words)
    assert (ran.status, ran.err) == (0, "")
    made = read("out").estimates()
    assert set(made) == {"two_point"}
    distance = read("out").data["observables"]["separation"].values
    np.testing.assert_array_equal(distance, [0.0, 1.0, 2.0])
    pulls = (made["two_point"].value - np.exp(-(distance**2) / 2)) / made["two_point"].error
    assert np.all(np.abs(pulls) < 5)
    # The check would see a propagator of another width.
    others = (made["two_point"].value - np.exp(-(distance**2))) / made["two_point"].error
    assert np.max(np.abs(others)) > 5
