"""Motions of a region: where points go, and that sites go to sites."""

import numpy as np
import pytest

from nnft_ppl.axioms import mirror, motions_of, rotation, translation
from nnft_ppl.axioms.motions import inside
from nnft_ppl.spaces import Box, Circle, Disk, Lattice, Line, Sphere, Torus, Unbounded

TIMES = [0.0, 0.5, 1.0, 1.5, 2.0]
CASES = {
    "circle": (Circle(4.0), "ttr"),
    "square torus": (Torus(6.0, dim=2), "ttqr"),
    "long torus": (Torus((6.0, 2.0)), "ttr"),
    "line": (Unbounded(1), "ttr"),
    "plane": (Unbounded(2), "ttqr"),
    "box": (Box(8.0, 3), "ttqqqr"),
    "times": (Line(TIMES), "tr"),
    "uneven times": (Line([0.0, 0.5, 2.0]), ""),
    "sphere": (Sphere(), "qqqr"),
    "disc": (Disk(2.0), "qr"),
    "chain": (Lattice(12), "tr"),
    "square lattice": (Lattice((6, 6), spacing=0.5, first=(1.0, 2.0)), "ttqr"),
    "open lattice": (Lattice((5, 3), periodic=False, spacing=0.5), "tr"),
}
LETTERS = {"translations": "t", "rotations": "q", "reflections": "r"}


@pytest.mark.parametrize("name", CASES)
def test_points_stay_in_the_region_and_move(name):
    region, expected = CASES[name]
    points, motions = motions_of(region)
    assert "".join(LETTERS[one.kind] for one in motions) == expected
    assert points.shape == (4, region.dim)
    for motion in motions:
        moved = inside(region, motion(points))
        assert np.max(np.abs(moved - points)) > 1e-3
        distances = [np.linalg.norm(one[:, None] - one, axis=-1) for one in (motion(points), points)]
        np.testing.assert_allclose(*distances, atol=1e-12)
        for one in (points, moved):
            if isinstance(region, Sphere):
                np.testing.assert_allclose(np.linalg.norm(one, axis=-1), 1.0)
            elif isinstance(region, Lattice):
                site = (one - np.array(region.first)) / region.spacing
                np.testing.assert_allclose(site, np.round(site), atol=1e-9)
                assert np.all((site > -0.5) & (site < np.array(region.sites) - 0.5))
            elif isinstance(region, Line):
                assert all(np.min(np.abs(np.array(region.times) - time)) < 1e-9 for time in one[:, 0])
            else:
                assert np.all(np.abs(one - region.centre) <= np.array(region.sides) / 2 + 1e-9)


def test_words_say_which_motion():
    centre = np.zeros(3)
    assert translation([0.5]).name == "translation by 0.5"
    assert translation([0.5, 0]).name == "translation by (0.5, 0)"
    assert rotation(centre, (0, 2), 0.8).name == "turn by 0.8 of the axes 0, 2"
    assert rotation(centre[:2], (0, 1), np.pi / 2).name == "quarter turn"
    assert mirror(centre).name == "reflection of axis 0"
    assert mirror(centre[:1]).name == "reflection"


def test_turns_turn_the_right_way():
    quarter = rotation(np.array([1.0, 0.0]), (0, 1), np.pi / 2)
    np.testing.assert_array_equal(quarter(np.array([2.0, 0.0])), [1.0, 1.0])
    np.testing.assert_array_equal(mirror(np.array([1.0, 0.0]))(np.array([3.0, 5.0])), [-1.0, 5.0])
