"""The action and density that cumulants make, without draws: orders of convergence, moments, and Feynman's rules."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import integrate, special

from nnft_ppl.exact import cosine_connected
from nnft_ppl.expansion import (
    Action,
    attach,
    edgeworth_density,
    full_function,
    join,
    on_field,
    reconstructed_action,
    tadpole,
    wick_ordered,
)

WIDTHS = np.array([8, 16, 32, 64, 128])
FIELD = np.linspace(-4, 4, 401)[:, None]
VARIANCE, FOURTH = 0.5, 0.375
"""Of the cos-net at one point, σ_a = 1: G₂, and N κ₄; its κ₆ vanishes."""
DISTANCES = {
    8: (1.5516e-2, 2.2932e-3, 4.853e-4),
    16: (7.1144e-3, 5.0279e-4, 5.083e-5),
    32: (3.4247e-3, 1.1889e-4, 5.899e-6),
    64: (1.6819e-3, 2.8960e-5, 7.125e-7),
    128: (8.3360e-4, 7.1496e-6, 8.761e-8),
}
"""Width -> the largest distance of the exact density from the Gaussian and from both orders."""
AT_ZERO = {8: 0.5797059636, 16: 0.5713039746, 32: 0.5676142721, 64: 0.5658714430, 128: 0.5650231827}
"""Width -> the exact density at 0."""
POINTS = np.array([0.0, 0.9, 2.0])


@cache
def exact_density(width: int) -> np.ndarray:
    """Of the cos-net at one point, by Fourier's inversion of (e^{−u} I₀(u))^N with u = k²/4N."""
    k = np.linspace(0, 60, 6001)
    transform = special.ive(0, k**2 / (4 * width)) ** width
    return np.asarray(integrate.simpson(np.cos(FIELD * k) * transform, x=k)) / np.pi


def one_point(width: int, fourth: float = FOURTH, order: int = 1) -> Action:
    sixth = np.zeros((1,) * 6) if order == 2 else None
    return reconstructed_action([[VARIANCE]], np.full((1,) * 4, fourth / width), sixth)


def distances(fourth: float) -> np.ndarray:
    """Largest distances of the exact density from the Gaussian one and both orders, shape (width, 3)."""
    gauss = np.exp(-(FIELD[:, 0] ** 2) / (2 * VARIANCE)) / np.sqrt(2 * np.pi * VARIANCE)
    rows = []
    for width in WIDTHS:
        orders = [edgeworth_density(one_point(width, fourth, order), FIELD) for order in (1, 2)]
        rows.append([np.max(np.abs(exact_density(width) - one)) for one in (gauss, *orders)])
    return np.array(rows)


def orders_of(found: np.ndarray) -> np.ndarray:
    """The powers of 1/N, by least squares."""
    return -np.polyfit(np.log(WIDTHS), np.log(found), 1)[0]


def test_each_order_of_the_density_is_a_power_of_the_width_nearer():
    found = distances(FOURTH)
    np.testing.assert_allclose(found, [DISTANCES[width] for width in WIDTHS], rtol=2e-3)
    np.testing.assert_allclose(orders_of(found), [1, 2, 3], atol=0.15)
    np.testing.assert_allclose([exact_density(width)[200] for width in WIDTHS], list(AT_ZERO.values()), atol=1e-9)
    # The control: another sign of the fourth cumulant, and nothing is gained.
    np.testing.assert_allclose(orders_of(distances(-FOURTH))[1:], 1, atol=0.15)


def test_without_its_counter_term_the_density_is_no_nearer_than_a_gaussian():
    """The quartic vertex alone, −(1/4!) A φ⁴, moves the two-point function at O(1/N)."""
    gains = []
    for width in WIDTHS:
        action = one_point(width)
        gauss = edgeworth_density(one_point(width, 0.0), FIELD)
        alone = gauss * (1 - on_field(action.couplings[4], FIELD) / 24)
        gains.append(np.max(np.abs(exact_density(width) - alone)))
    assert orders_of(np.array(gains)) == pytest.approx(1, abs=0.15)


def connected_functions(width: int) -> dict[int, np.ndarray]:
    """Of the cos-net on three points."""
    return {
        order: np.array([_one_neuron(tuple(sorted(one))) for one in product(POINTS, repeat=order)]).reshape(
            (len(POINTS),) * order
        )
        * float(width) ** (1 - order / 2)
        for order in (2, 4, 6)
    }


@cache
def _one_neuron(points: tuple[float, ...]) -> float:
    return cosine_connected(np.array(points), 1, 1.0, 1.0, "gaussian")


@pytest.fixture(scope="module")
def connected() -> dict[int, np.ndarray]:
    return connected_functions(5)


@pytest.fixture(scope="module")
def second_order(connected) -> Action:
    return reconstructed_action(connected[2], connected[4], connected[6])


def moments_of(action: Action, most: int) -> dict[int, np.ndarray]:
    """Averages of φ_i φ_j ... over the Edgeworth density, a polynomial times a Gaussian, by Gauss–Hermite."""
    nodes, weights = special.roots_hermitenorm(9)
    grid = np.array(list(product(nodes, repeat=len(POINTS)))) @ np.linalg.cholesky(action.propagator).T
    weight = np.prod(list(product(weights / weights.sum(), repeat=len(POINTS))), axis=1)
    gauss = np.exp(-action.free(grid)) / np.sqrt(np.linalg.det(2 * np.pi * action.propagator))
    weight = weight * edgeworth_density(action, grid) / gauss
    found = {0: np.sum(weight)}
    for order in range(2, most + 1, 2):
        legs = "abcdef"[:order]
        found[order] = np.einsum(f"z,{','.join('z' + leg for leg in legs)}->{legs}", weight, *[grid] * order)
    return found


def test_moments_of_the_density_are_those_of_the_theory_on_several_points(connected, second_order):
    first = reconstructed_action(connected[2], connected[4])
    for action, most in ((first, 4), (second_order, 6)):
        found = moments_of(action, most)
        assert found[0] == pytest.approx(1, rel=1e-12)
        for order in range(2, most + 1, 2):
            np.testing.assert_allclose(found[order], full_function(connected, order), rtol=1e-9, atol=1e-12)
    # Of first order six points are the prediction Σ G₂G₂G₂ + Σ G₂G₄, and what is left is G₆.
    lower = full_function(connected, 6, highest=4)
    np.testing.assert_allclose(moments_of(first, 6)[6], lower, rtol=1e-9)
    np.testing.assert_allclose(full_function(connected, 6) - lower, connected[6], atol=1e-12)
    assert np.max(np.abs(full_function(connected, 6, highest=2) / lower - 1)) > 0.1  # the control: Wick's theorem


def test_feynmans_rules_give_back_the_connected_functions(connected, second_order):
    for action in (second_order, reconstructed_action(connected[2], connected[4])):
        for order, one in action.predicted().items():
            np.testing.assert_allclose(one, connected[order], rtol=1e-8, atol=1e-10)
    # The control: without the tree of two quartic vertices six points are wrong at their own order.
    wrong = attach(-second_order.vertices[6], second_order.propagator)
    assert np.max(np.abs(wrong - connected[6])) > np.max(np.abs(connected[6]))


def test_the_action_is_minus_the_logarithm_of_the_density_to_its_order():
    """S + ln P falls as N^{−3} at second order, and as N^{−2} at first."""
    places = np.random.default_rng(0).normal(size=(20, len(POINTS)))
    left = []
    for width in WIDTHS:
        cumulants = connected_functions(int(width))
        actions = [
            reconstructed_action(cumulants[2], cumulants[4]),
            reconstructed_action(cumulants[2], cumulants[4], cumulants[6]),
        ]
        places_here = places @ np.linalg.cholesky(cumulants[2]).T
        volume = np.linalg.slogdet(2 * np.pi * cumulants[2])[1] / 2
        logs = [np.log(edgeworth_density(one, places_here)) + volume + one(places_here) for one in actions]
        left.append([np.median(np.abs(one)) for one in logs])
    np.testing.assert_allclose(orders_of(np.array(left)), [2, 3], atol=0.3)


def test_one_point_has_the_couplings_of_the_textbook():
    """S = φ²/2v − κ₄/(24 v⁴) φ⁴ + κ₄/(4 v³) φ², and to second order −κ₆/(720 v⁶) φ⁶ + κ₄²/(72 v⁷) φ⁶ + ..."""
    v, fourth, sixth = 0.7, 0.05, 0.02
    action = reconstructed_action([[v]], np.full((1,) * 4, fourth), np.full((1,) * 6, sixth))
    assert action.couplings[6].item() / 720 == pytest.approx(-sixth / (720 * v**6) + fourth**2 / (72 * v**7))
    first = reconstructed_action([[v]], np.full((1,) * 4, fourth)).couplings
    assert first[4].item() / 24 == pytest.approx(-fourth / (24 * v**4))
    assert first[2].item() / 2 == pytest.approx(fourth / (4 * v**3))
    assert first[0].item() == pytest.approx(-fourth / (8 * v**2))


def test_rules_on_two_points_are_sums_over_indices(rng):
    vertex = np.einsum("i,j,k,l->ijkl", *[rng.normal(size=2)] * 4)
    other = np.einsum("i,j->ij", *[rng.normal(size=2)] * 2)
    line = np.array([[1.0, 0.3], [0.3, 0.8]])
    np.testing.assert_allclose(tadpole(vertex, line), np.einsum("ijkl,ij->kl", vertex, line))
    np.testing.assert_allclose(attach(other, line), line @ other @ line)
    joined = np.einsum("ijkl,lm,mn->ijkn", vertex, line, other)
    swapped = (joined + joined.swapaxes(0, 3) + joined.swapaxes(1, 3) + joined.swapaxes(2, 3)) / 4
    np.testing.assert_allclose(join(vertex, other, line, 1), swapped)
    assert [ways for ways, _ in wick_ordered(vertex, line)] == [1, -6, 3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0, 0.5]], np.zeros((2,) * 4)), r"two_point has shape \(1, 2\)"),
        (([[1.0]], np.zeros((1,) * 3)), r"four_point has shape \(1, 1, 1\); give \(point,\) \* 4"),
        (([[1.0]], np.zeros((2,) * 4)), "four_point of 2 points beside two_point of 1"),
        (([[1.0, 0.5], [0.2, 1.0]], np.zeros((2,) * 4)), "two_point changes when points change places"),
        (([[1.0, 1.0], [1.0, 1.0]], np.zeros((2,) * 4)), "cannot be inverted; give fewer points, farther apart"),
        (([[np.nan]], np.zeros((1,) * 4)), "two_point holds NaN"),
    ],
)
def test_what_is_no_set_of_connected_functions_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        reconstructed_action(*arguments)


def test_other_mistakes_are_named():
    with pytest.raises(ValueError, match=r"field has shape \(2,\); give \(\*draw, 1\)"):
        one_point(8)(np.zeros(2))
    with pytest.raises(ValueError, match="order = 3; functions of odd order vanish"):
        full_function({2: np.eye(1)}, 3)
    with pytest.raises(ValueError, match="connected function of order 4 is not given"):
        full_function({2: np.eye(1)}, 4)
