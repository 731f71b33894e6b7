"""What people read of the axioms: tables made from stored findings, before and after JSON."""

import json

import numpy as np
import pytest

from nnft_ppl.axioms import ClusterDecomposition, EuclideanInvariance, translation
from nnft_ppl.axioms.judged_draws import JudgedDraws
from nnft_ppl.results import axiom_line, axiom_rows, cluster_rows, euclidean_rows, plain_json
from nnft_ppl.spaces import Unbounded

NUMBER = 1000


def euclidean(rng, offset=0.0, tail=np.inf):
    values = rng.standard_t(tail, size=(4, NUMBER, 2)) if np.isfinite(tail) else rng.normal(size=(4, NUMBER, 2))
    values[..., 1] += offset
    invariance = EuclideanInvariance(Unbounded(1), motions=[translation([0.3])])
    draws = JudgedDraws((4, NUMBER), independent=True)
    series = {"two points.field": values, "four points.field": np.repeat(np.cos(values[..., :1]), 2, axis=-1)}
    return invariance.conclude(series, draws)


def cluster(rng, correlation):
    x, y = rng.normal(size=(2, 4, NUMBER, 2))
    values = np.stack([x, correlation * x + np.sqrt(1 - correlation**2) * y], axis=-1)
    product = values.prod(axis=-1)[..., None]
    series = {
        "field.field": np.concatenate([product, values], axis=-1),
        "square.field": np.concatenate([product**2, values**2], axis=-1),
        "values.field": np.abs(values),
    }
    return ClusterDecomposition(Unbounded(1)).conclude(series, JudgedDraws((4, NUMBER), independent=True))


POSITIVITY = {
    "verdict": "violated",
    "families": [
        {"verdict": "violated", "z": -9.0, "rho": -0.1, "rho_error": 0.01, "lower_bound": -0.12},
        {"verdict": "consistent", "z": 1.0, "rho": 0.1, "rho_error": 0.01, "lower_bound": 0.08},
    ],
}
PERMUTATION = {"verdict": "kept", "text": "to rounding on every draw, in 1 order", "rows": []}


@pytest.fixture
def findings(rng):
    return {
        "reflection_positivity": POSITIVITY,
        "euclidean": euclidean(rng, offset=0.5),
        "cluster": cluster(rng, 0.8),
        "permutation": PERMUTATION,
    }


def test_one_row_for_each_axiom_with_its_number(findings):
    for stored in (findings, json.loads(json.dumps(plain_json(findings)))):
        rows = axiom_rows(stored)
        assert [row[:2] for row in rows] == [
            ["reflection positivity", "violated"],
            ["translations", "broken"],
            ["cluster decomposition", "does not cluster"],
            ["permutation symmetry", "kept"],
        ]
        assert rows[0][2] == "ρ = -0.100(10), -9.0 errors"
        assert rows[1][2].startswith("-0.5")
        assert rows[1][2].endswith("translation by 0.3 (two points and bounded)")
        assert "at a distance of 50" in rows[2][2]
        assert "translations broken; cluster decomposition does not cluster" in axiom_line(stored)
        below = euclidean_rows(stored["euclidean"])
        assert [row[1] for row in below][:1] == ["φφ"]  # differences at four points vanish on every draw
        assert all(row[-1].startswith("-") for row in below)
        assert {row[0]: row[-1] for row in cluster_rows(stored["cluster"])}["φ"] == "does not cluster"


def test_what_is_kept_is_told_with_a_bound_and_what_is_lost_with_a_reason(rng):
    kept = axiom_rows({"euclidean": euclidean(rng)})
    assert kept[0][1] == "kept"
    assert kept[0][2].startswith("differences below ")
    heavy = axiom_rows({"euclidean": euclidean(rng, tail=0.5)})
    assert heavy[0][1:3] == ["undecided", "two points: tails too heavy"]
    assert euclidean_rows(euclidean(rng, tail=0.5))[0][2:] == ["?", "?", "?"]
    nowhere = EuclideanInvariance(Unbounded(1), motions=[]).conclude({}, JudgedDraws((4, 10)))
    assert axiom_rows({"euclidean": nowhere}) == [
        ["Euclidean invariance", "undecided", "the region admits no motion", ""]
    ]
    assert axiom_rows({}) == []
