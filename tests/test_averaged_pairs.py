"""Pairs averaged over the bulk of a box: raw and improved draws are the averages of those of the single pairs."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl import Theory, load
from nnft_ppl.identities import Improvement
from nnft_ppl.observables import at, averaged, two_point
from nnft_ppl.spaces import Box

SEPARATIONS = [0.0, 1.0]
CENTRES = Box(4.0, 2).bulk(2, margin=1.0)


def test_the_average_is_that_of_single_pairs_raw_and_improved(key):
    file, keywords = load("phi4").file, {"width": 8, "side": 4.0, "coupling": 3.0}
    singles = {f"at_{number}": two_point(SEPARATIONS, 2, centre) for number, centre in enumerate(CENTRES)}
    measured = singles | {"many": two_point(SEPARATIONS, 2, CENTRES)}
    theory = Theory(replace(file, observables=lambda: measured, exact=None, curves=None, control=None), **keywords)
    improvement, position = Improvement(theory), theory.free_draw(key)
    assert improvement.names == tuple(measured)
    assert theory.shapes["many"] == (2,)
    raw = {name: one(theory.at(position).returned) for name, one in measured.items()}
    for found in (raw, improvement(position)):
        each = np.array([found[name] for name in singles])
        np.testing.assert_allclose(found["many"], each.mean(0), rtol=1e-10)
        # Control: no single pair is the average.
        assert np.min(np.abs(each / each.mean(0) - 1)) > 1e-4


def test_several_components_and_labels():
    pairs = two_point([0.0, 2.0], 1, np.array([[0.0], [1.0], [5.0]])).in_units("1/mass", separation="1/mass")
    assert (pairs.dims, pairs.coords["separation"]) == (("separation",), (0.0, 2.0))
    found = pairs(lambda x: jnp.array([x[0], 1.0]))
    np.testing.assert_allclose(found, [[26 / 3, 1.0], [26 / 3 - 1, 1.0]])


def test_the_bulk_of_a_box():
    box = Box(8.0, 2, centre=(1.0, -1.0))
    points = box.bulk(5, margin=2.0)
    assert points.shape == (25, 2)
    np.testing.assert_allclose([points.min(0), points.max(0)], [[-1.0, -3.0], [3.0, 1.0]])
    np.testing.assert_array_equal(box.bulk(1, margin=4.0), [[1.0, -1.0]])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Box(8.0, 2).bulk(3, 4.0), ValueError, "margin = 4 leaves no room in a box of side 8; give less"),
        (lambda: Box(8.0, 2).bulk(3, -1.0), ValueError, "Box.bulk: margin = -1.0; give a finite number >= 0"),
        (lambda: Box(8.0, 2).bulk(0, 1.0), ValueError, "number = 0; give an integer >= 1"),
        (lambda: two_point([1.0], 2, np.zeros((3, 3))), ValueError, r"centre has shape \(3, 3\); give a number"),
        (lambda: two_point([1.0], 2, np.zeros((0, 2))), ValueError, r"centre has shape \(0, 2\); give a number"),
        (lambda: two_point([1.0], 2, np.full((3, 2), np.nan)), ValueError, "centre"),
        (lambda: averaged(at([1.0])), ValueError, "no insertion has an axis to average over"),
        (averaged, TypeError, "averaged: nothing is no insertion"),
        (lambda: averaged(at([[0.0], [1.0]]), at(np.zeros((3, 1)))), ValueError, "give shapes that broadcast"),
    ],
)
def test_bad_averages_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
