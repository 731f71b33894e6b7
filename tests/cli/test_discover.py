"""`nnft discover`: of a model and of a run; what it prints, its JSON, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from commands import nnft

ROTATION = ("deformed_rotation", "--set", "rows=1", "--set", "columns=2")
TURN = "weight[:,1]∂weight[:,0] − weight[:,0]∂weight[:,1]"


def test_a_model_and_a_run_of_it_show_the_same_symmetry(tmp_path: Path, no_bank: None):
    figure = tmp_path / "spectrum.svg"
    model = nnft("discover", *ROTATION, "--draws", "200", "--among", "column", "--figure", str(figure))
    assert model.status == 0
    assert figure.stat().st_size > 5000
    assert "4 independent vector fields of 4, 8 points, 200 draws of the free theory" in model.out
    assert f"{TURN}  symmetry " in model.out
    assert "1 symmetry, 0 redundancies" in model.out
    folder = str(tmp_path / "run")
    assert nnft("run", *ROTATION, "--sampler", "reweight", "--draws", "400", "--out", folder).status == 0
    run = nnft("discover", folder, "--draws", "200", "--json")
    found = json.loads(run.out)
    assert (found["model"], found["draws_of"], found["draws"]) == ("deformed_rotation", "kept draws", 200)
    assert [one["words"] for one in found["generators"] if one["verdict"] == "symmetry"] == [TURN]
    assert nnft("discover", folder, "--set", "rows=2").status == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["on_circel"], "did you mean 'on_circle'"),
        ([*ROTATION, "--among", "colum"], "there is no site 'colum'; the sites are .'weight'."),
        ([*ROTATION, "--figure", "x.jpg"], "--figure x.jpg: give a file that ends in .png"),
        ([*ROTATION, "--draws", "0"], "--draws takes a number of draws above 0, not 0"),
        ([*ROTATION, "--draws", "9"], "9 different draws are too few"),
        ([*ROTATION, "--model", "x.py"], "--model belongs to a run's folder"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(words: list[str], complaint: str):
    outcome = nnft("discover", *words)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert re.search(complaint, outcome.err), outcome.err
