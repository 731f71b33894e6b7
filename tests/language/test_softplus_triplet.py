"""A theory as a newcomer writes it from the documentation: softplus neurons, three outputs, O(3)."""

import json

import pytest
from commands import nnft
from statements import EXAMPLES, judged, known, worst_pulls, written
from statistical import ACCEPTED, REJECTED

TRIPLET = written("softplus_triplet")
SHARP = ("two_point", "four_point", "four_mixed")
"""What amplitudes do not average to zero."""


def test_three_outputs_of_softplus_neurons(seed):
    run = judged(TRIPLET, seed, 2000)
    assert max(worst_pulls(run, {name: run.exact[name] for name in SHARP}).values()) < ACCEPTED
    # The control: another width, of which the two-point function knows nothing.
    wrong = worst_pulls(run, {name: known(TRIPLET, width=3)[name] for name in SHARP})
    assert wrong["two_point"] < ACCEPTED
    assert min(wrong["four_point"], wrong["four_mixed"]) > REJECTED


@pytest.mark.examples
@pytest.mark.parametrize(
    ("name", "words", "verdicts"),
    [
        ("softplus_triplet", (), {"rotation": "symmetry", "reflection": "symmetry"}),
        ("two_networks", (), {"at_two_points": "symmetry", "at_four_points": "symmetry", "exchange": "symmetry"}),
        (
            "two_networks",
            ("--set", "law=uniform"),
            {"at_two_points": "undecided", "at_four_points": "anomalous", "exchange": "symmetry"},
        ),
    ],
)
def test_they_run_are_diagnosed_and_reported(name, words, verdicts, tmp_path):
    out = str(tmp_path / "run")
    told = nnft("run", str(EXAMPLES / f"{name}.py"), "--draws", "1000", "--out", out, "--json", *words)
    assert told.status == 0, told.out + told.err
    assert {key: one["verdict"] for key, one in json.loads(told.out)["symmetries"].items()} == verdicts
    assert next(iter(verdicts)) in nnft("diagnose", out).out
    assert nnft("report", out).status == 0
    assert next(iter(verdicts)) in (tmp_path / "run/report.html").read_text("utf-8")
