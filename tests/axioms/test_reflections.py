"""Mirrors of spaces, ladders of times, and what cannot be asked."""

import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.axioms import AxiomError, ReflectionPositivity, TimesError, cutoff_of, reflections, rungs
from nnft_ppl.spaces import Box, Circle, Disk, Lattice, Line, Sphere, Torus, Unbounded
from nnft_ppl.theory import ModelFile


def constant(cutoff=None, mass=None):
    """The simplest field that there is."""
    del cutoff, mass
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a + 0 * x[0]


def theory(space=None, **keywords):
    return Theory(ModelFile(constant, "constant", space=space), **keywords)


@pytest.mark.parametrize(
    ("region", "times", "behind", "mirrored"),
    [
        (Unbounded(1), [0.5, 1.5], [[0.5], [1.5]], [[-0.5], [-1.5]]),
        (Unbounded(2), [0.5], [[0.5, 0]], [[-0.5, 0]]),
        (Box(4.0, 2, centre=1.0), [0.5], [[1.5, 1]], [[0.5, 1]]),
        (Circle(4.0), [0.5, 1.5], [[2.5], [3.5]], [[1.5], [0.5]]),
        (Torus([4.0, 6.0]), [1.0], [[3.0, 3.0]], [[1.0, 3.0]]),
        (Line([0.0, 1.0, 1.5, 4.0, 5.0, 6.0]), [2.0, 3.0], [[5.0], [6.0]], [[1.0], [0.0]]),
        (Line([0.0, 1.0, 3.0, 5.0, 6.0]), [0.0, 2.0], [[3.0], [5.0]], [[3.0], [1.0]]),
        (Lattice(6), [0.0, 1.0, 3.0], [[0.0], [1.0], [3.0]], [[0.0], [5.0], [3.0]]),
        (Lattice([5, 3], periodic=False), [1.0], [[3.0, 1.0]], [[1.0, 1.0]]),
    ],
)
def test_images(region, times, behind, mirrored):
    one = reflections(region)[0]
    found = one.points(one.check(times))
    assert np.allclose(found[0], behind)
    assert np.allclose(found[1], mirrored)


def test_a_ring_has_a_mirror_through_links_too():
    site, link = reflections(Lattice(6, spacing=0.5, first=[1.0]))
    assert (site.kind, link.kind) == ("site", "link")
    behind, mirrored = link.points(np.array(link.times))
    assert link.times == (0.25, 0.75, 1.25)
    assert np.allclose(behind.ravel(), [1.0, 1.5, 2.0])
    assert np.allclose(mirrored.ravel(), [3.5, 3.0, 2.5])
    (open_link,) = reflections(Lattice(4, periodic=False))
    assert (open_link.kind, open_link.times) == ("link", (0.5, 1.5))


def test_ladders():
    found = rungs(theory(lambda: Circle(4.0, modes=40)))
    assert cutoff_of(theory(lambda: Circle(4.0, modes=40))) == pytest.approx(20 * np.pi)
    spacings = [rung.spacing for rung in found]
    assert (spacings[0], spacings[-1]) == pytest.approx((0.5, 1 / (40 * np.pi)))
    assert all(rung.times == pytest.approx(rung.spacing * np.array([1, 2, 3])) for rung in found)
    assert all(rung.mirror_distance == pytest.approx(rung.spacing) for rung in found)
    # A mass and a cut-off that keywords name; the grid of a box; a space without any.
    assert [rung.spacing for rung in rungs(theory(lambda: Box(20.0, 1), cutoff=5.0, mass=2.0))] == pytest.approx(
        np.geomspace(0.5, 0.1, 3)
    )
    boxed = rungs(theory(lambda: Box(4.0, 1, points=32)))[-1].spacing
    assert 4 / 64 < boxed < 4 / 16
    assert rungs(theory())[-1].spacing == pytest.approx(2 / 64)
    ring = rungs(theory(lambda: Lattice(16)))
    assert {(rung.reflection.kind, rung.spacing) for rung in ring} == {("site", 2), ("site", 1), ("link", 1)}
    assert [rung.times for rung in rungs(theory(lambda: Circle(4.0)), [1.0, 0.5])] == [(0.5, 1.0)]


CIRCLE, RING = (lambda: Circle(4.0)), (lambda: Lattice(6))


@pytest.mark.parametrize(
    ("space", "settings", "error", "message"),
    [
        (CIRCLE, {"times": [0.5, 2.0]}, TimesError, "2 reaches the mirror on the other side; give times below 2"),
        (CIRCLE, {"times": [0.0, 1.0]}, TimesError, "0 is not behind the mirror; give times above 0"),
        (CIRCLE, {"times": [-0.5]}, TimesError, "-0.5 is not behind the mirror"),
        (CIRCLE, {"times": [0.5, 0.5]}, TimesError, "0.5 is there twice"),
        (CIRCLE, {"times": []}, TimesError, "times are empty"),
        (CIRCLE, {"times": [np.nan]}, TimesError, "give finite numbers"),
        (None, {"times": [3.0]}, TimesError, "3 lies outside the space; give times below 2"),
        (
            RING,
            {"times": [0.3]},
            TimesError,
            "0.3 behind the mirror at 0 is none of the 4 times",
        ),
        (RING, {"times": [1.0, 1.0]}, TimesError, "1 is there twice"),
        (Sphere, {}, AxiomError, "a Sphere has no time axis, along which fields could be reflected; give a Circle"),
        (lambda: Disk(1.0), {}, AxiomError, "a Disk has no time axis"),
        (lambda: Line([0.0, 1.0, 5.0]), {}, AxiomError, "maps all of its 3 times but the ends off them"),
        (lambda: Lattice(1), {}, AxiomError, "the lattice has 1 sites along its time axis"),
        (CIRCLE, {"tolerance": 0.0}, AxiomError, "tolerance = 0.0; give a number above 0"),
    ],
)
def test_mistakes(space, settings, error, message):
    with pytest.raises(error, match=message):
        ReflectionPositivity(theory(space), **settings)
