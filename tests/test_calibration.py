"""The figures that calibration keeps."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import numpy as np
import pytest

from calibration.rows import Row

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
