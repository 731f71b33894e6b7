"""Spaces whose grid's coordinates are not those of the points: the sphere and the disc, and harmonics."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import j1, sph_harm_y

from nnft_ppl.fields import Harmonics, PlaneWaves, stack
from nnft_ppl.spaces import Disk, Sphere, refined

DEGREE = 4


def real_harmonic(l, m, points):
    """Y_lm by SciPy's complex ones."""
    polar, azimuth = np.arccos(points[..., 2]), np.arctan2(points[..., 1], points[..., 0])
    value = sph_harm_y(l, abs(m), polar, azimuth) * (-1) ** m * (np.sqrt(2) if m else 1)
    return value.real if m >= 0 else value.imag


def test_harmonics_are_scipys(rng):
    points = rng.normal(size=(7, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[0] = [0, 0, 1]
    number = (DEGREE + 1) ** 2
    found = jax.jit(jax.vmap(Harmonics(np.eye(number), DEGREE)))(points)
    wanted = np.stack([real_harmonic(l, m, points) for l in range(DEGREE + 1) for m in range(-l, l + 1)], -1)
    assert np.allclose(found, wanted, atol=1e-13)
    assert np.allclose(found[:, 1:4], points[:, [1, 2, 0]] * np.sqrt(3 / (4 * np.pi)), atol=1e-15)
    # High degrees stay accurate: Σ_m Y_lm(n)² = (2l+1)/4π.
    table = np.asarray(jax.jit(jax.vmap(Harmonics(np.eye(61**2)[:, 3600:], 60)))(points[:2]))
    assert np.allclose(np.sum(table**2, axis=1), 121 / (4 * np.pi), rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_grid_agrees_with_points(rng, dtype):
    sphere = Sphere(DEGREE)
    coefficients = rng.normal(size=((DEGREE + 1) ** 2, 2)).astype(dtype)
    test = rng.normal(size=(*sphere.shape, 2)).astype(dtype)

    def fast(coefficients):
        values = sphere.evaluate(Harmonics(coefficients, DEGREE))
        return jnp.sum(values * test), values

    def slow(coefficients):
        phi = Harmonics(coefficients, DEGREE)
        values = sphere.evaluate(lambda x: phi(x.astype(dtype)))
        return jnp.sum(values * test), values

    (slope_fast, values_fast), (slope_slow, values_slow) = (
        jax.jit(jax.grad(path, has_aux=True))(coefficients) for path in (fast, slow)
    )
    tolerance = 1000 * float(jnp.finfo(dtype).eps)
    assert values_fast.dtype == dtype
    assert np.max(np.abs(values_fast - values_slow)) < tolerance
    assert np.max(np.abs(slope_fast - slope_slow)) < tolerance * np.sqrt(test.size)


def test_quartic_on_the_sphere_is_exact_and_too_few_heights_are_not(rng):
    phi = Harmonics(rng.normal(size=9), 2)

    @partial(jax.jit, static_argnums=0)
    def integral(sphere):
        return sphere.integrate(sphere.evaluate(phi) ** 4)

    exact = integral(Sphere(points=20))
    assert abs(integral(Sphere(2)) / exact - 1) < 1e-13
    assert abs(integral(Sphere(points=4)) / exact - 1) > 1e-5
    assert abs(Sphere(0).volume - 4 * np.pi) < 1e-13
    gram = jax.jit(Sphere(2).evaluate)(Harmonics(np.eye(9), 2))
    assert np.allclose(Sphere(2).integrate(gram[..., None] * gram[..., None, :]), np.eye(9), atol=1e-14)
    with refined(3):
        assert Sphere(2).shape == (15, 30)


def test_other_fields_and_stacks_on_the_sphere(rng):
    sphere = Sphere(points=12)
    assert np.allclose(sphere.integrate(sphere.evaluate(lambda x: x[0] ** 2 + x[1] * x[2])), 4 * np.pi / 3)
    waves = PlaneWaves(np.ones(1), np.array([[0.0, 0.0, 2.0]]), np.zeros(1))  # its grid path is not for angles
    assert np.allclose(sphere.integrate(sphere.evaluate(waves)), 4 * np.pi * np.sin(2) / 2)
    one, two = Harmonics(rng.normal(size=4), 1), Harmonics(rng.normal(size=4), 1)
    both = sphere.evaluate(stack([one, two]))
    assert np.array_equal(both, jnp.stack([sphere.evaluate(one), sphere.evaluate(two)], -1))
    assert not hasattr(stack([one, waves]), "on_sphere")


def test_the_disc_integrates_waves_and_polynomials():
    disc = Disk(1.5, bandlimit=8.0, centre=(0.5, -1.0))
    assert abs(disc.integrate(np.ones(disc.shape)) - disc.volume) < 1e-13
    for momentum in (1.0, 8.0):
        values = disc.evaluate(lambda x, k=momentum: jnp.cos(k * (x[0] - 0.5)))
        assert abs(disc.integrate(values) - 2 * np.pi * 1.5 * j1(momentum * 1.5) / momentum) < 1e-8
    squared = disc.evaluate(lambda x: (x[0] - 0.5) ** 2 * (x[1] + 1) ** 2)
    assert abs(disc.integrate(squared) - np.pi * 1.5**6 / 24) < 1e-12
    waves = PlaneWaves(np.ones(1), np.array([[3.0, 0.0]]), np.zeros(1))
    assert np.allclose(disc.evaluate(waves), disc.evaluate(lambda x: jnp.cos(3 * x[0])))
    with refined(2):
        assert Disk(1.0, points=3).shape == (6, 12)


def test_where_they_are_looked_at(rng):
    sphere, disc = Sphere(), Disk(2.0, centre=(1.0, 0.0))
    pairs = sphere.pairs([0.0, 1.0, 9.0])
    assert pairs.separations == (0.0, 1.0, np.pi)
    assert np.allclose(np.sum(pairs.points[:, 0] * pairs.points[:, 1], -1), np.cos(pairs.separations))
    for points in (pairs.points, pairs.point, sphere.random_points(rng, 5)):
        assert np.allclose(np.linalg.norm(points, axis=-1), 1)
    picture = sphere.look(lambda x: x)
    assert list(sphere.places) == ["azimuth", "height"] == list(reversed(sphere.pure))
    assert picture.shape == (97, 49, 3)
    assert np.allclose(picture[48, 24], [1, 0, 0], atol=1e-15)
    inside = disc.look(lambda x: x[0])
    assert np.isnan(inside[0, 0])
    assert inside[32, 32] == 1.0
    assert np.all(np.linalg.norm(disc.random_points(rng, 50) - [1.0, 0.0], axis=-1) <= 2)


BAD = [
    (lambda: Sphere(-1), ValueError, "degree = -1"),
    (lambda: Sphere(2, points=4), ValueError, "points = 4 heights, .* degree 8 .*; give points > 4"),
    (lambda: Sphere(points=0), ValueError, "points = 0"),
    (lambda: Disk(0.0), ValueError, "radius = 0.0"),
    (lambda: Disk(10.0, points=10, bandlimit=10), ValueError, r"points = 10 cannot resolve .*; give points >= 50"),
    (lambda: Disk(1.0, centre=(0.0,)), ValueError, "centre has 1 entries; give two"),
    (lambda: Harmonics(np.ones(5), 1), ValueError, r"shape \(5,\); give \(\(degree\+1\)\^2, ...\), which is 4 for deg"),
    (lambda: Harmonics(np.ones(4) * 1j, 1), TypeError, "complex"),
    (lambda: Harmonics(np.ones(4), 1)(np.ones(2)), ValueError, r"give one unit vector of shape \(3,\)"),
    (lambda: Sphere(1).integrate(np.zeros((3, 3))), ValueError, r"\(3, 3\) and the grid has shape \(3, 6\)"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
