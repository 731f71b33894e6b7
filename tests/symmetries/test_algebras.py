"""Generators of matrix groups: each obeys its definition, and commutators of all make the whole algebra."""

import numpy as np
import pytest

from nnft_ppl.symmetries import general_linear, rotations, symplectic, symplectic_form, unitary


def dimension(generators):
    """Of the real Lie algebra that they generate."""
    found = []

    def add(matrix):
        flat = np.concatenate([matrix.real.ravel(), matrix.imag.ravel()])
        grown = np.array([*[one[0] for one in found], flat])
        if np.linalg.matrix_rank(grown) > len(found):
            found.append((flat, matrix))

    for matrix in generators:
        add(np.asarray(matrix, complex))
    at = 0
    while at < len(found):
        for generator in generators:
            add(generator @ found[at][1] - found[at][1] @ generator)
        at += 1
    return len(found)


@pytest.mark.parametrize(
    ("family", "size", "expected"),
    [
        (rotations, 2, 1), (rotations, 3, 3), (rotations, 5, 10), (unitary, 1, 1), (unitary, 2, 4), (unitary, 3, 9),
        (symplectic, 2, 3), (symplectic, 4, 10), (symplectic, 6, 21), (general_linear, 1, 1), (general_linear, 2, 4),
        (general_linear, 3, 9),
    ],
)  # fmt: skip
def test_commutators_make_the_whole_algebra(family, size, expected):
    generators = family(size)
    assert dimension(generators) == expected
    for one in generators if family is not general_linear else ():
        np.testing.assert_array_equal(one.conj().T, -one)
    for one in generators if family is symplectic else ():
        form = symplectic_form(size)
        np.testing.assert_array_equal(one.T @ form + form @ one, 0)
    if len(generators) > 1:  # none is superfluous, or the test would see nothing
        assert dimension(generators[1:]) < expected


def test_an_odd_symplectic_group_does_not_exist():
    assert rotations(1) == []
    with pytest.raises(ValueError, match=r"symplectic: size = 3; give an even number"):
        symplectic(3)
