"""The λ-deformed rotation-invariant density: moments, the scaling identity, and the two readings told apart."""

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load, sample

SETS = [
    {"quartic": "radial"},
    {"quartic": "radial", "rows": 1, "columns": 4, "sigma_squared": 1.0, "coupling": 0.5},
    {"quartic": "matrix"},
    {"quartic": "matrix", "rows": 2, "columns": 2, "coupling": 0.5},
]
TABLE = {  # §⟨w²⟩, ⟨w⁴⟩ of 2 × 3 matrices at σ² = 2, λ = 0.1
    "radial": (0.4378053434, 0.5270574906),
    "matrix": (0.4917927395, 0.6500140739),
}


@pytest.fixture(scope="module", params=range(len(SETS)), ids=lambda i: "-".join(map(str, SETS[i].values())))
def run(request):
    theory = load("deformed_rotation", **SETS[request.param])
    return theory, sample(theory, "hmc", num_draws=6000, seed=request.param, keep="none")


def test_moments(run):
    theory, ensemble = run
    for name, estimate in ensemble.estimates().items():
        assert worst_pull(estimate, theory.exact[name]) < ACCEPTED


def test_both_routes_agree(run):
    _, ensemble = run
    verdicts = {verdict.check: verdict for verdict in ensemble.verdicts}
    assert verdicts["second_route"].status == "good"


def test_scaling_identity(run):
    """2⟨Tr WᵀW⟩/σ² + 4λ⟨quartic⟩ = rows·columns, with correlated errors; a factor 2 on λ is rejected."""
    from nnft_ppl import Derived

    theory, ensemble = run
    keywords = theory.keywords
    entries = keywords["rows"] * keywords["columns"]

    def identity(weight):
        return Derived(
            lambda means: (
                2 * means["trace"] / keywords["sigma_squared"] + weight * keywords["coupling"] * means["quartic_trace"]
            )
        )

    derived = ensemble.estimates({"right": identity(4.0), "wrong": identity(8.0)})
    assert worst_pull(derived["right"], np.array(entries)) < ACCEPTED
    assert worst_pull(derived["wrong"], np.array(entries)) > REJECTED


@pytest.mark.parametrize("quartic", ["radial", "matrix"])
def test_readings_are_not_mixed_up(quartic):
    other = {"radial": "matrix", "matrix": "radial"}[quartic]
    theory = load("deformed_rotation", quartic=quartic)
    estimate = sample(theory, "reweight", num_draws=20_000, keep="none", checks=False).estimates()
    squared, fourth = TABLE[quartic]
    assert worst_pull(estimate["weight_squared"], np.array(squared)) < ACCEPTED
    assert worst_pull(estimate["weight_fourth"], np.array(fourth)) < ACCEPTED
    assert worst_pull(estimate["weight_squared"], np.array(TABLE[other][0])) > REJECTED
    assert worst_pull(estimate["weight_fourth"], np.array(TABLE[other][1])) > REJECTED
