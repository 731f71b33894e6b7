"""The figures that calibration keeps."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import numpy as np
import pytest

from calibration.rows import APART, Row, chi_squared, reproduced

RESULTS = Path(__file__).parents[1] / "calibration/results"


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_kept_figures_are_json(path):
    assert json.loads(path.read_text("utf-8"), parse_constant=refuse)["rows"]


def test_a_full_run_is_kept_and_a_failed_row_fails_it(tmp_path, monkeypatch):
    main = importlib.import_module("calibration.__main__")
    rows = [Row("open below", 1.0, -np.inf, 2.0), Row("too large", 3.0, 0.0, 2.0)]
    monkeypatch.setattr(main, "RESULTS", tmp_path)
    monkeypatch.setattr(main, "SECTIONS", {"invented": SimpleNamespace(rows=lambda fraction: iter(rows))})
    monkeypatch.setattr("sys.argv", ["calibration"])
    assert main.main() == 1
    kept = json.loads((tmp_path / "invented.json").read_text("utf-8"), parse_constant=refuse)["rows"]
    assert [(row["low"], row["high"]) for row in kept] == [(None, 2.0), (0.0, 2.0)]


def test_a_row_that_chance_threw_out_is_asked_again_with_other_seeds(rng):
    first, others = np.full(5, 0.1), rng.standard_normal(20)
    asked = []

    def pull(seed):
        asked.append(seed)
        return first[seed] if seed < 5 else others[len(asked) - 6]

    row = reproduced("by chance", pull, range(5))
    assert row.passed
    assert row.value == pytest.approx(np.sum(others**2))
    assert "χ² of 5 was 0.05" in row.claim
    assert len(set(asked)) == 25
    assert min(asked[5:]) >= APART


@pytest.mark.parametrize(("bias", "scale"), [(2.0, 1.0), (0.0, 3.0), (0.0, 0.2)])
def test_a_fault_is_not_asked_away(rng, bias, scale):
    """Values two errors off, errors three times too small and five times too large: as often found as at first."""
    runs, found, first = 200, 0, 0
    for _ in range(runs):
        kept = {}

        def pull(seed, kept=kept):
            return kept.setdefault(seed, bias + scale * rng.standard_normal())

        found += not reproduced("planted", pull, range(5)).passed
        first += not chi_squared("planted", np.array([kept[seed] for seed in range(5)])).passed
    assert first > runs / 3
    assert found >= first - 2
