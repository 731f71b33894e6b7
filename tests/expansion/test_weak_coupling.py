"""What the moments of a connected function say of lower orders."""

from itertools import combinations

import numpy as np
import pytest

from nnft_ppl.expansion import full_function, partitions
from nnft_ppl.observables import weak_coupling_terms

LABELS = [" ".join(map(str, one)) for size in (2, 4, 6) for one in combinations(range(6), size)]


def connected_functions(rng) -> dict[int, np.ndarray]:
    """Symmetric tensors on six points, sums of powers of vectors."""
    vectors = rng.normal(size=(3, 6))
    legs = "abcdef"
    return {
        order: np.einsum(f"{','.join('z' + leg for leg in legs[:order])}->{legs[:order]}", *[vectors] * order)
        for order in (2, 4, 6)
    }


def test_the_terms_are_the_partial_sums_over_connected_functions(rng):
    connected = connected_functions(rng)
    full = {order: full_function(connected, order) for order in (2, 4, 6)}
    means = np.array([full[len(one)][one] for one in (tuple(map(int, label.split())) for label in LABELS)])
    terms = weak_coupling_terms("g.moments", LABELS)
    assert terms is not None
    places = tuple(range(6))
    gaussian, quartic = (full_function(connected, 6, highest)[places] for highest in (2, 4))
    left = np.array([full[6][places] - gaussian, connected[6][places]]) / gaussian
    np.testing.assert_allclose(terms({"g.moments": means}), [full[6][places], gaussian, quartic, *left], rtol=1e-9)


def test_equal_fields():
    """⟨φ⁶⟩ = 15 v³ + 15 v κ₄ + κ₆."""
    terms = weak_coupling_terms("g.moments", ["0 0", "0 0 0 0", "0 0 0 0 0 0"])
    assert terms is not None
    found = terms({"g.moments": np.array([2.0, 12 + 0.5, 120 + 15 + 0.3])})
    np.testing.assert_allclose(found, [135.3, 120, 135, 15.3 / 120, 0.3 / 120], rtol=1e-12)


@pytest.mark.parametrize(
    "labels", [["0", "0 0", "0 0 0 0"], ["0 0", "0 1"], ["neuron 0 0", "neuron 0 0 0 0"], ["0 0 " * 4]]
)
def test_other_moments_have_no_such_terms(labels):
    assert weak_coupling_terms("g.moments", labels) is None


def test_numbers_of_partitions():
    counted = {(8, (2,)): 105, (6, (2, 4)): 15 + 15, (6, (1, 2)): 76, (6, (2, 4, 6)): 31, (5, (2,)): 0}
    assert {key: len(list(partitions(range(key[0]), key[1]))) for key in counted} == counted
