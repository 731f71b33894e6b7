"""Spaces whose points belong to the theory, and the fields that have values there alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import LatticeField, Path
from nnft_ppl.spaces import Box, Circle, Lattice, Line, Unbounded, refined, sites_in

TIMES = (0.0, 0.5, 0.75, 2.0)


def test_integrals_are_sums(rng):
    lattice = Lattice((3, 4), spacing=0.5)
    values = rng.normal(size=(3, 4))
    phi = LatticeField(values, lattice)
    assert np.array_equal(lattice.evaluate(phi), values)
    assert abs(lattice.integrate(values) - values.sum() / 4) < 1e-14
    assert abs(lattice.average(values) - values.mean()) < 1e-14
    assert abs(Lattice(5).integrate(np.arange(5.0)) - 10) < 1e-14
    line = Line(TIMES)
    assert abs(line.integrate(2 * line.axes[0]) - 4) < 1e-15  # exact for straight lines
    assert line.integrate(np.ones(4)) == line.volume == 2
    assert Line([0.0, 1.0], weights=[3.0, 1.0]).integrate(np.array([1.0, 2.0])) == 5


def test_they_are_never_refined_and_compare_by_value():
    with refined(2):
        assert Lattice(6).shape == (6,)
        assert Line(TIMES).shape == (4,)
    assert Lattice(6) == Lattice((6,), spacing=1.0) != Lattice(6, periodic=False)
    assert hash(Line(TIMES)) == hash(Line(np.array(TIMES)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_at_sites(rng, dtype):
    values = rng.normal(size=(3, 4, 2)).astype(dtype)
    phi = LatticeField(values, Lattice((3, 4), spacing=0.5, first=(1.0, 0.0)))
    assert np.array_equal(phi(np.array([1.5, 0.5])), values[1, 1])
    assert np.array_equal(phi(jnp.array([0.5, 2.0])), values[2, 0])  # around the periodic ends
    sites = np.array([[1.5, 1.0], [2.0, 1.5]])
    assert np.array_equal(jax.jit(jax.vmap(phi))(sites), values[[1, 2], [2, 3]])
    axes = (np.array([1.5, 2.5]), np.array([0.0, 0.5, 1.5]))
    assert np.array_equal(phi.on_grid(axes), values[np.ix_([1, 0], [0, 1, 3])])
    path = Path(TIMES, values[0])
    assert np.array_equal(path(np.array([0.75])), values[0, 2])
    assert np.array_equal(jax.jit(jax.vmap(path))(jnp.array(TIMES)[:, None]), values[0])
    assert np.array_equal(path.on_grid((np.array([2.0, 0.5]),)), values[0, [3, 1]])
    complex_values = LatticeField(np.array([1j, 2.0]), Lattice(2))
    assert complex_values(np.array([0.0])) == 1j


def test_between_sites_a_traced_point_has_no_value():
    phi, open_chain = LatticeField(np.arange(4.0), Lattice(4)), LatticeField(np.arange(4.0), Lattice(4, periodic=False))
    path = Path(TIMES, np.arange(4.0))
    points = jnp.array([[1.0], [1.5], [5.0], [-1.0]])
    assert np.array_equal(jax.jit(jax.vmap(phi))(points), [1.0, np.nan, 1.0, 3.0], equal_nan=True)
    assert np.array_equal(jax.jit(jax.vmap(open_chain))(points), [1.0, np.nan, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(jax.jit(jax.vmap(path))(jnp.array([[0.75], [0.6]])), [2.0, np.nan], equal_nan=True)
    slope = jax.grad(lambda values: jnp.sum(jax.vmap(LatticeField(values, Lattice(4)))(points[::2])))(jnp.ones(4))
    assert np.array_equal(slope, [0, 2, 0, 0])


def test_where_they_are_looked_at(rng):
    ring, chain, line = Lattice((12, 3), spacing=0.5), Lattice(9, periodic=False), Line(TIMES)
    pairs = ring.pairs([0.0, 0.5, 1.0, 2.0, 9.0])
    assert pairs.separations == (0.0, 0.5, 1.0, 2.0, 3.0)
    assert np.array_equal(pairs.points[1], [[0.0, 0.0], [0.5, 0.0]])
    assert np.array_equal(chain.pairs([1.0, 99.0]).points[:, :, 0], [[4, 5], [4, 8]])
    assert line.pairs([0.0, 0.6, 9.0]).separations == (0.0, 0.5, 2.0)
    assert np.array_equal(line.pairs([0.6]).points[0, :, 0], [0.0, 0.5])
    assert (ring.periods, chain.periods, line.periods) == ((6.0, 1.5), (None,), (None,))
    assert {tuple(point) for point in line.random_points(rng, 20)} <= {(time,) for time in TIMES}
    phi = LatticeField(rng.normal(size=(12, 3)), ring)
    assert np.array_equal(ring.look(phi), phi.values)
    assert np.all(np.isfinite(jax.vmap(phi)(ring.random_points(rng, 20))))
    assert list(line.places) == ["time"]
    # Fields of a lattice in another space, or in none: whole numbers, or the points of a uniform grid.
    assert sites_in(line) is line
    assert sites_in(Circle(12.0, points=24)) == Lattice(24, spacing=0.5)
    assert sites_in(Box(4.0, 2)) == Lattice((5, 5), periodic=False, first=(-2.0, -2.0))
    assert sites_in(Unbounded(1)) == Lattice(5, periodic=False, first=(-2.0,))


PHI, PATH = LatticeField(np.ones((4, 4)), Lattice((4, 4))), Path(TIMES, np.ones(4))
OPEN = LatticeField(np.ones(4), Lattice(4, periodic=False, spacing=0.5))
BAD = [
    (lambda: PHI(np.array([1.0, 0.5])), ValueError, r"0.5 along axis 1 is no site; the sites are at 0 \+ 1 n"),
    (lambda: OPEN(np.array([2.0])), ValueError, r"2 along axis 0 is no site; .* 0 \+ 0.5 n with n from 0 to 3"),
    (lambda: Box(4.0, 2, points=5).evaluate(PHI), ValueError, "is no site"),
    (lambda: PHI(np.array([1.0])), ValueError, r"give one site of shape \(2,\)"),
    (lambda: PHI.on_grid((np.ones(2),)), ValueError, "1 axes for a lattice of 2"),
    (lambda: LatticeField(np.ones((4, 3)), Lattice((4, 4))), ValueError, r"values have shape \(4, 3\)"),
    (lambda: PATH(0.6), ValueError, "0.6 is none of its 4 times, from 0 to 2, .*; the nearest is 0.5"),
    (lambda: PATH(np.zeros(2)), ValueError, "give one time"),
    (lambda: Path((0.0, 0.0), np.ones(2)), ValueError, "strictly increasing"),
    (lambda: Path(TIMES, np.ones(3)), ValueError, r"values have shape \(3,\) for 4 times"),
    (lambda: Lattice(()), ValueError, "shape is empty"),
    (lambda: Lattice((4, 0)), ValueError, "shape = 0"),
    (lambda: Lattice(4, spacing=0.0), ValueError, "spacing = 0.0"),
    (lambda: Lattice(4, first=(0.0, 0.0)), ValueError, "first has 2 entries for 1 axes"),
    (lambda: Line([1.0]), ValueError, "two or more strictly increasing"),
    (lambda: Line([0.0, 1.0], [1.0]), ValueError, r"weights have shape \(1,\); give one for each of 2 times"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
