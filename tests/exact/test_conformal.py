"""Averages on the null cone, the box function and power-law propagators, against other quadratures."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, special

from nnft_ppl.exact import (
    box_function,
    cross_ratios,
    length_moment,
    null_cone_inverse,
    null_cone_moment,
    null_sphere_four_point,
    null_sphere_two_point,
    power_law_amplitude,
    power_law_laplacian,
    power_law_propagator,
    special_conformal,
)

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 0.9]])
MAPS = [[0.1, -0.2, 0.15], [-0.3, 0.05, 0.4], [0.6, 0.2, -0.1]]


def in_four_dimensions(points):
    return np.pad(points, [(0, 0)] * (points.ndim - 1) + [(0, 1)])


def by_nodes(points, power, theta="gaussian"):
    """The mean of the product of (Θ·X)^p by a rule that is exact for polynomials, in up to four components of Θ."""
    size, order = points.shape[-1] + 2, len(points) * power
    nodes, weights = special.roots_hermitenorm(order // 2 + 1)
    vectors = np.array(list(itertools.product(nodes, repeat=size)))
    chance = np.prod(list(itertools.product(weights / math.sqrt(2 * math.pi), repeat=size)), axis=1)
    if theta == "sphere":  # three components: heights by Legendre, azimuths at equal steps
        height, height_weight = special.roots_legendre(order // 2 + 1)
        turn = 2 * np.pi * np.arange(order + 1) / (order + 1)
        flat = np.sqrt(1 - height**2)
        vectors = math.sqrt(3) * np.stack(
            np.broadcast_arrays(np.outer(flat, np.cos(turn)), np.outer(flat, np.sin(turn)), height[:, None]), axis=-1
        ).reshape(-1, 3)
        chance = np.repeat(height_weight / 2, order + 1) / (order + 1)
    square = np.sum(points**2, axis=-1, keepdims=True)
    embedded = np.concatenate([1j * (1 + square) / 2, points, (1 - square) / 2], axis=-1)
    return chance @ np.prod(vectors @ embedded.T, axis=-1) ** power


@pytest.mark.parametrize(
    ("power", "theta", "two", "four"),
    [
        (1, "gaussian", -0.5, 1.2433),
        (2, "gaussian", 0.5, 10.19313434),
        (3, "gaussian", -0.75, 232.3144),
        (1, "sphere", -0.5, 0.8880714286),
        (2, "sphere", 0.3571428571, 1.8385884452),
    ],
)
def test_reference_values_on_the_cone(power, theta, two, four):
    assert null_cone_moment(POINTS[:2], power, theta) == pytest.approx(two, abs=1e-10)
    assert null_cone_moment(POINTS, power, theta) == pytest.approx(four, abs=5e-5 if power == 3 else 5e-9)


@pytest.mark.parametrize(
    ("dim", "power", "factors", "theta"),
    [(1, 1, 4, "gaussian"), (1, 2, 3, "gaussian"), (1, 3, 4, "gaussian"), (2, 2, 4, "gaussian"), (2, 1, 6, "gaussian"),
     (1, 2, 4, "sphere"), (1, 1, 6, "sphere"), (1, 3, 2, "sphere")],
)  # fmt: skip
def test_pairings_against_nodes(dim, power, factors, theta):
    points = np.random.default_rng(dim + 10 * power).normal(size=(factors, dim))
    found = by_nodes(points, power, theta)
    assert null_cone_moment(points, power, theta) == pytest.approx(found.real, rel=1e-9, abs=1e-9)
    assert abs(found.imag) < 1e-9 * max(1.0, abs(found))


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("theta", ["gaussian", "sphere"])
def test_covariance_and_crossing(power, theta):
    u, v = cross_ratios(POINTS)
    assert (u, v) == (pytest.approx(0.6304998639, abs=1e-10), pytest.approx(0.6253288578, abs=1e-10))
    four = null_cone_moment(POINTS, power, theta)
    for parameter in MAPS:
        images, growth = special_conformal(POINTS, parameter)
        np.testing.assert_allclose(cross_ratios(images), (u, v), rtol=1e-12)
        carried = null_cone_moment(images, power, theta) / np.prod(growth) ** power
        assert carried == pytest.approx(four, rel=1e-12)
        # Control: another dimension, Δ = −p − 1.
        assert abs(carried / np.prod(growth) / four - 1) > 0.05

    def ratio(points):  # at other points of cross-ratios (v, u), since those are exchanged and then carried away
        return null_cone_moment(points, power, theta) / np.prod(np.sum((points[::2] - points[1::2]) ** 2, -1)) ** power

    exchanged = special_conformal(POINTS[[2, 1, 0, 3]], MAPS[1])[0]
    np.testing.assert_allclose(cross_ratios(exchanged), (v, u), rtol=1e-12)
    assert ratio(POINTS) == pytest.approx((v / u) ** power * ratio(exchanged), rel=1e-12)
    if power == 1:
        mu = 3 if theta == "gaussian" else 15 / 7  # the fourth moment of a component
        assert ratio(POINTS) == pytest.approx(mu / 12 * (1 + 1 / u + v / u), rel=1e-12)


def test_real_embeddings_and_negative_powers_are_not_conformal():
    """The same without the i depends on where the points are; poles break the symmetry."""
    square = np.sum(POINTS**2, axis=-1, keepdims=True)
    euclidean = np.concatenate([1 + square, 2 * POINTS, 1 - square], axis=-1) / 2
    np.testing.assert_allclose(np.sum(euclidean[:2] ** 2, axis=-1), [0.5, 2])  # ⟨ΦΦ⟩ at one point, 0 on the cone
    pairs = np.array([[[0, 0, 0], [1, 0, 0]], [[3, 0, 0], [4, 0, 0]]], float)  # at one distance
    found = null_cone_inverse(pairs)
    np.testing.assert_allclose(found, [-2 * math.log(2), -0.0117994443], rtol=1e-8)
    assert found[0] / found[1] > 100


@pytest.mark.parametrize("cosine", [0.95, 0.3, 0.0, -0.5])
def test_the_inverse_by_feynman_and_angle(cosine):
    """−∫∫ e^{(1−c)ss'} erfc((s+s')/√2) ds ds' in polar coordinates, for points whose X have this angle."""
    y = math.tan(math.acos(cosine) / 4)  # the stereographic images of two directions at half the angle
    points = np.array([[-y, 0.0], [y, 0.0]])
    height = (1 + y**2) / 2

    def slice_of(turn):
        product = math.sin(turn) * math.cos(turn)
        a, b = (1 - cosine) * product, math.sqrt((1 + 2 * product) / 2)
        return -(b / math.sqrt(b * b - a) - 1) / (2 * a)

    expected = integrate.quad(slice_of, 0, math.pi / 2)[0] / height**2
    assert null_cone_inverse(points) == pytest.approx(expected, rel=1e-9)
    assert null_cone_inverse(points, "sphere") == pytest.approx(expected / 2, rel=1e-9)  # E|Θ|^−2 is 1/2, and 1/4


def test_the_box():
    places = in_four_dimensions(POINTS)
    u, v = cross_ratios(places)
    assert box_function(u, v) == pytest.approx(3.1745963498, abs=1e-10)
    four = null_sphere_four_point(places)
    assert four == pytest.approx(0.5399952967, abs=1e-10)
    assert four * 8 * np.pi**2 / 3 == pytest.approx(14.2121065526, abs=1e-9)
    images, growth = special_conformal(places, [*MAPS[0], 0.3])
    assert null_sphere_four_point(images) * np.prod(growth) == pytest.approx(four, rel=1e-12)
    # Its two-point function is not covariant, not even under translations.
    moved = null_sphere_two_point(np.stack([places[:2], places[:2] + np.eye(4)[0] * 3]))
    assert moved[0] / moved[1] > 10


@pytest.mark.parametrize("seed", range(3))
def test_the_box_by_a_parameter_integral(seed):
    u, v = cross_ratios(np.random.default_rng(seed).normal(size=(4, 3)))

    def integrand(s):
        return -(math.log(v / u) + 2 * math.log(s)) / (v * s**2 + (1 - u - v) * s + u)

    assert box_function(u, v) == pytest.approx(integrate.quad(integrand, 0, 1)[0], rel=1e-9)


def test_the_box_of_four_points_on_a_line():
    for points in ([0, 1, 2, 5], [0, 3, -1, 0.5]):
        line = np.outer(points, [0.6, 0.8, 0, 0])
        beside = line + np.outer([0, 1e-4, 0, 0], [0, 0, 1, 0])
        assert box_function(*cross_ratios(line)) == pytest.approx(box_function(*cross_ratios(beside)), rel=1e-6)


@pytest.mark.parametrize("points", [[[0, 0, 0, 0], [1, 0, 0, 0]], [[0.2, 1, -0.3, 2], [0.5, 0.4, 0, 0.1]]])
def test_two_fields_on_the_null_sphere(points):
    """By Feynman's parameter, with E (1 − n·C)^−2 = 2F1(1, 3/2; 5/2; C²) on S⁴."""
    first, second = np.asarray(points, float)
    heights = (1 + first @ first) * (1 + second @ second) / 4
    apart = np.sum((first - second) ** 2) / 2 / heights

    def one(a):
        return special.hyp2f1(1, 1.5, 2.5, 1 - 2 * a * (1 - a) * apart)

    expected = 2 * integrate.quad(one, 0, 0.5)[0] / (4 * heights)
    assert null_sphere_two_point(points) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("dimension", "dim", "amplitude"),
    [(0.5, 3, 0.0795774715), (1.0, 4, 0.0253302959), (2.0, 6, 0.0080628836), (0.75, 3, 0.0634936359)],
)
def test_power_laws(dimension, dim, amplitude):
    assert power_law_amplitude(dimension, dim) == pytest.approx(amplitude, abs=1e-10)
    distances = np.array([0.9, 1.3, 2.2])
    bare = amplitude * distances ** (-2 * dimension)
    np.testing.assert_allclose(power_law_propagator(distances, dimension, dim, 12.0), bare, rtol=1e-8)
    # The Laplacian is 0 for the free boson alone.
    laplacian = power_law_laplacian(distances, dimension, dim, 12.0)
    expected = 2 * dimension * (2 * dimension + 2 - dim) * bare / distances**2
    np.testing.assert_allclose(laplacian, expected, atol=1e-8)
    assert np.all(np.abs(laplacian) < 1e-8) == (dimension == dim / 2 - 1)


@pytest.mark.parametrize(("dimension", "dim", "cutoff"), [(0.5, 3, 6.0), (0.8, 3, 2.0), (0.3, 2, 3.0), (2.7, 6, 4.0)])
def test_power_laws_by_the_law_of_momenta(dimension, dim, cutoff):
    """The mean of G_0 e^{−Λ²bx²/4} over b = U^{1/Δ}, and its Laplacian by differences."""
    amplitude = power_law_amplitude(dimension, dim)
    coincident = amplitude * (cutoff / 2) ** (2 * dimension) / math.gamma(dimension + 1)
    assert power_law_propagator(0.0, dimension, dim, cutoff) == pytest.approx(coincident, rel=1e-12)

    def radial(r):
        return power_law_propagator(r, dimension, dim, cutoff)

    for r in (0.4, 1.5):
        wave = integrate.quad(lambda u, r=r: math.exp(-(u ** (1 / dimension)) * (cutoff * r) ** 2 / 4), 0, 1)[0]
        assert radial(r) == pytest.approx(coincident * wave, rel=1e-7)
        step = 1e-3
        slope = (radial(r + step) - radial(r - step)) / (2 * step)
        bend = (radial(r + step) + radial(r - step) - 2 * radial(r)) / step**2
        found = power_law_laplacian(r, dimension, dim, cutoff)
        assert found == pytest.approx(bend + (dim - 1) / r * slope, abs=1e-5 * max(abs(bend), abs(slope) / r))


def test_generalised_free_fields_are_covariant_in_four_points():
    """Sums over pairings of C |x|^{−2Δ}: covariant with Δ, and g(u, v) = (u/v)^Δ g(v, u)."""

    def pairings(points, dimension):
        square = np.sum((points[:, None] - points[None]) ** 2, axis=-1)
        two = power_law_amplitude(dimension, 3) * (square + np.eye(4)) ** -dimension
        return two[0, 1] * two[2, 3] + two[0, 2] * two[1, 3] + two[0, 3] * two[1, 2]

    for dimension in (0.5, 0.75, 1.2):
        images, growth = special_conformal(POINTS, MAPS[0])
        four = pairings(POINTS, dimension)
        assert pairings(images, dimension) * np.prod(growth) ** dimension == pytest.approx(four, rel=1e-12)
        u, v = cross_ratios(POINTS)
        ratio = four * np.prod(np.sum((POINTS[::2] - POINTS[1::2]) ** 2, axis=-1)) ** dimension
        expected = power_law_amplitude(dimension, 3) ** 2 * (1 + u**dimension + (u / v) ** dimension)
        assert ratio == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: null_cone_moment([0.0, 1.0]), r"points have shape \(2,\); give shape"),
        (lambda: null_cone_moment(POINTS, 0), "power = 0; give an integer >= 1"),
        (lambda: null_cone_moment(POINTS, 1, "cauchy"), "theta = 'cauchy'; give one of 'gaussian'"),
        (lambda: null_cone_inverse(POINTS), r"give shape \(\*shape, 2, dim\)"),
        (lambda: null_sphere_four_point(POINTS), r"give shape \(\*shape, 4, 4\)"),
        (lambda: length_moment(3, -3), "degree = -3; give a number > -3"),
        (lambda: cross_ratios(POINTS[:3]), r"points have shape \(3, 3\); give four"),
        (lambda: box_function(4.0, 0.5), "give those of four points"),
        (lambda: box_function(-1.0, 0.5), "u = -1"),
        (lambda: special_conformal(POINTS, [1.0, 0.0]), r"parameter of shape \(2,\)"),
        (lambda: special_conformal(POINTS, [1.0, 0.0, 0.0]), "a point goes to infinity"),
        (lambda: power_law_amplitude(1.5, 3), "dimension = 1.5; give one below dim/2 = 1.5"),
        (lambda: power_law_propagator(-1.0, 0.5, 3, 6.0), "separation = -1"),
        (lambda: power_law_propagator(1.0, -0.5, 3, 6.0), "dimension = -0.5; give a finite number > 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("z", "right"), [(5e-7 * (1 + 1j), 30.324183), (1e-7j, 34.236191), (1 + 1e-7j, 34.236191)])
def test_the_box_beside_its_singular_points(z, right):
    u, v = abs(z) ** 2, abs(1 - z) ** 2
    assert box_function(u, v) == box_function(v, u) == pytest.approx(right, abs=1e-6)
    assert right == pytest.approx(2 - math.log(min(u, v)), abs=5e-5)
    assert box_function(1 / u, v / u) == pytest.approx(u * right, rel=1e-7)  # points 1 and 2 the other way round
    near = 2 * z if abs(z) < 0.5 else 2 * (1 - z)
    assert box_function(abs(near) ** 2, abs(1 - near) ** 2) != pytest.approx(right, abs=0.1)  # control
