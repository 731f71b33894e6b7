"""Where a verdict would be chance: rare events, fields that vanish where one looks, constants that are seen to stay."""

import numpy as np
import pytest

from nnft_ppl.axioms import (
    ClusterDecomposition,
    EuclideanInvariance,
    Mirrored,
    Reflection,
    Rung,
    positivity_of,
)
from nnft_ppl.axioms.judged_draws import JudgedDraws
from nnft_ppl.axioms.motions import translation
from nnft_ppl.spaces import Unbounded

TIMES = (0.5, 1.0, 1.5)
MIRROR = Rung(Reflection("plane", (0.0,), 20.0), TIMES)


def two_sides(rng, number, decay):
    """An Ornstein–Uhlenbeck path at ±TIMES, which is reflection positive whatever is read of it at each time."""
    start, sides = rng.normal(size=number), []
    for _ in range(2):
        x, before, found = start, 0.0, []
        for time in TIMES:
            kept = np.exp(-decay * (time - before))
            x, before = kept * x + np.sqrt(1 - kept**2) * rng.normal(size=number), time
            found.append(x)
        sides.append(np.stack(found, -1)[None, ..., None])
    return sides


@pytest.mark.parametrize("read", [lambda x: 1.0 * (x > 2.3), lambda x: np.maximum(x - 2, 0), np.square])
def test_positive_theories_of_rare_events_are_not_violated(read):
    """Rare products of one sign that did not come: half of such data sets were called violated without them."""
    for seed in range(8):
        behind, mirrored = (read(side) for side in two_sides(np.random.default_rng(seed), 2000, 3.0))
        assert positivity_of([Mirrored(MIRROR, behind, mirrored)], independent=True).verdict != "violated"


def test_violations_are_seen_beside_them():
    """The control: a layer that takes the difference of both sides."""
    behind, mirrored = two_sides(np.random.default_rng(0), 2000, 3.0)
    found = positivity_of([Mirrored(MIRROR, behind - 0.5 * mirrored, mirrored - 0.5 * behind)], independent=True)
    assert found.verdict == "violated"


@pytest.mark.parametrize(("cutoff", "by_cutoff"), [(0.8, True), (2.0, False), (None, False)])
def test_a_cut_off_explains_what_lies_below_it(cutoff, by_cutoff):
    """Spacings ½ and Λ = 0.8 belong together, ½ at Λ = 6 do not; of one rung alone nothing is excused."""
    behind, mirrored = two_sides(np.random.default_rng(0), 2000, 3.0)
    told = {"independent": True, "cutoff": cutoff and 3 * cutoff}
    found = positivity_of([Mirrored(MIRROR, behind - 0.5 * mirrored, mirrored - 0.5 * behind)], **told)
    assert (found.verdict, found.by_cutoff) == ("violated", by_cutoff)


@pytest.mark.parametrize("share", [0.0, 0.005])
def test_fields_that_vanish_keep_nothing(share):
    rng = np.random.default_rng(1)
    values = 1.0 * (rng.random((4, 250, 2)) < np.array([share, 4 * share]))
    invariance = EuclideanInvariance(Unbounded(1), motions=[translation(np.array([0.3]))])
    found = invariance.conclude({"two points.field": values, "four points.field": values}, JudgedDraws((4, 250)))
    assert found["verdict"] == "undecided"
    assert (found["draws_needed"] is None) == (share == 0)


def test_a_constant_that_is_seen_is_no_clustering():
    """A shared random amplitude leaves Var(A²) at every distance, less than half of what is at the nearer pair."""
    rng = np.random.default_rng(2)
    amplitude = 1 + 0.2 * rng.normal(size=(4, 5000, 1))
    near = rng.normal(size=(4, 5000, 1))
    x = np.concatenate([near, rng.normal(size=near.shape)], -1)
    y = np.concatenate([0.6 * near + 0.8 * rng.normal(size=near.shape), rng.normal(size=near.shape)], -1)
    values = amplitude[..., None] * np.stack([x, y], -1)
    series = {
        "field.field": np.concatenate([values.prod(-1)[..., None], values], -1),
        "square.field": np.concatenate([values.prod(-1)[..., None] ** 2, values**2], -1),
        "values.field": np.abs(values),
    }
    found = ClusterDecomposition(Unbounded(1)).conclude(series, JudgedDraws((4, 5000), independent=True))
    (square,) = [row for row in found["rows"] if row["observable"] == "square"]
    assert square["value"] < 0.5 * square["near_value"]
    assert square["verdict"] == "undecided"
    assert square["text"].endswith("look farther")
