"""Propagators without a mass, their growth with the cut-off, and the one-loop bubble, against other quadratures."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from nnft_ppl.exact import (
    ball_moment,
    ball_propagator,
    beta_coefficient,
    bubble_flux,
    bubble_growth,
    coincident_fourth_cumulant,
    cutoff_derivative,
    mass_derivative,
)

SETS = [(1, 0.7, 3.0), (2, 0.3, 2.0), (3, 0.0, 5.0), (3, 1.2, 1.0), (4, 0.0, 2.0), (4, 0.9, 6.0)]
R = np.array([0.3, 1.5, 4.0])


def test_massless_propagators_in_closed_form():
    for cutoff in (0.5, 2.0, 30.0):
        three = special.sici(cutoff * R)[0] / (2 * math.pi**2 * R)
        four = (1 - special.j0(cutoff * R)) / (4 * math.pi**2 * R**2)
        np.testing.assert_allclose(ball_propagator(R, 3, 0.0, cutoff), three, rtol=1e-12)
        np.testing.assert_allclose(ball_propagator(R, 4, 0.0, cutoff), four, rtol=1e-12, atol=1e-15)
        assert ball_moment(4, 0.0, cutoff, 1) == pytest.approx(cutoff**2 / (16 * math.pi**2), rel=1e-14)
        assert ball_propagator(0.0, 3, 0.0, cutoff) == pytest.approx(ball_moment(3, 0.0, cutoff, 1), rel=1e-13)
    assert ball_moment(4, 0.0, 2.0, 2) == math.inf


@pytest.mark.parametrize(("dim", "mass", "cutoff"), SETS)
def test_what_edge_and_mass_add_is_the_change_by_a_dilatation(dim, mass, cutoff):
    """(2Δ + r ∂_r) G by differences; without the edge it is another number."""
    h = 1e-4

    def slope(function, x):
        eight = 8 * (function(x + h) - function(x - h)) - function(x + 2 * h) + function(x - 2 * h)
        return eight / (12 * h)

    change = (dim - 2) * ball_propagator(R, dim, mass, cutoff)
    change = change + R * slope(lambda r: ball_propagator(r, dim, mass, cutoff), R)
    edge, heavy = (function(R, dim, mass, cutoff) for function in (cutoff_derivative, mass_derivative))
    np.testing.assert_allclose(edge + heavy, change, atol=2e-10)
    by_cutoff = cutoff * slope(lambda one: ball_propagator(R, dim, mass, one), cutoff)
    np.testing.assert_allclose(edge, by_cutoff, atol=2e-10)
    assert np.max(np.abs(heavy - change)) > 1e-3


def test_reference_values():
    assert float(ball_propagator(1.5, 4, 0.0, 2.0)) == pytest.approx(0.014186, abs=5e-7)
    assert float(cutoff_derivative(1.5, 4, 0.0, 2.0)) == pytest.approx(0.011451, abs=5e-7)
    assert float(cutoff_derivative(1.5, 4, 0.0, 2.0)) == pytest.approx(2 * special.j1(3) / (4 * math.pi**2 * 1.5))
    assert bubble_growth(0.3, 4.0) == pytest.approx(0.00887961, abs=5e-9)
    assert bubble_growth(0.3, 8.0) == pytest.approx(0.00882921, abs=5e-9)


@pytest.mark.parametrize(("momentum", "cutoff", "factor"), [(0.3, 4.0, 2.0), (1.0, 2.0, 1.5), (0.7, 3.0, 3.0)])
def test_the_bubble_grows_by_the_flux_through_its_edges(momentum, cutoff, factor):
    """B(sΛ) − B(Λ) as an integral over k between the two lenses |k|, |k + p| < Λ; one line is exactly half of it."""

    def reach(angle, edge):
        other = -momentum * math.cos(angle) + math.sqrt(edge**2 - (momentum * math.sin(angle)) ** 2)
        return min(edge, other)

    def density(k, angle):
        square = k**2 + momentum**2 + 2 * k * momentum * math.cos(angle)
        return 4 * math.pi / (2 * math.pi) ** 4 * k * math.sin(angle) ** 2 / square

    grown = integrate.dblquad(
        density, 0, math.pi, lambda angle: reach(angle, cutoff), lambda angle: reach(angle, factor * cutoff),
        epsabs=1e-9,
    )[0]  # fmt: skip
    assert bubble_growth(momentum, cutoff, factor) == pytest.approx(grown, rel=1e-5)
    assert bubble_growth(momentum, cutoff, factor, lines=1) == pytest.approx(grown / 2, rel=1e-5)


def test_beta_function():
    """ln 2/8π² as p/Λ → 0, linearly; the coefficient of β is 3/16π²."""
    limit = math.log(2) / (8 * math.pi**2)
    four, eight = bubble_growth(0.3, 4.0), bubble_growth(0.3, 8.0)
    assert 2 * eight - four == pytest.approx(limit, abs=5e-8)
    assert abs(eight - limit) > 4e-5
    assert bubble_growth(0.0, 4.0) == pytest.approx(limit, rel=1e-12)
    assert bubble_flux(0.0, 1.0) == pytest.approx(1 / (16 * math.pi**2), rel=1e-12)
    assert bubble_flux(2.0, 1.0) == 0
    assert beta_coefficient(bubble_growth(0.0, 4.0)) == pytest.approx(3 / (16 * math.pi**2), rel=1e-12)
    assert beta_coefficient(bubble_growth(0.0, 4.0)) == pytest.approx(0.0189977, abs=5e-8)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: cutoff_derivative(1.0, 2, 0.0, 2.0), "cutoff_derivative: mass = 0.0; give a finite number > 0"),
        (lambda: mass_derivative(1.0, 4, 1.0, math.inf), "cutoff = inf; give a finite number > 0"),
        (lambda: ball_propagator(1.0, 4, 0.0, math.inf), "cutoff = inf; give a finite number > 0"),
        (lambda: coincident_fourth_cumulant(2, 4, 0.0, 2.0, -1, 3.0), "mass = 0, where the momentum integrals diverge"),
        (lambda: bubble_flux(-1.0, 2.0), "momentum = -1"),
        (lambda: bubble_growth(0.3, 2.0, 0.5), "factor = 0.5"),
    ],
)
def test_mistakes(function, text):
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        function()
