"""Plateaus: of known sums of exponentials, and where a row of numbers is said to have stopped changing."""

from types import SimpleNamespace

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl.checks import FinishedDraws
from nnft_ppl.checks.derived import DerivedQuantities
from nnft_ppl.draws import Kind
from nnft_ppl.observables import functions_of, plateau
from nnft_ppl.statistics import choose_window, estimate

PLACES = np.arange(9) * 0.5


def test_plateau_of_one_and_of_two_states():
    one, two = 3 * np.exp(-1.4 * PLACES), 3 * np.exp(-1.4 * PLACES) + np.exp(-5 * PLACES)
    quantity = plateau("c", PLACES, (1, 4))
    assert (quantity.dims, quantity.coords) == (("c.plateau",), {"c.plateau": ("mass", "change")})
    np.testing.assert_allclose(quantity({"c": one}), [1.4, 0], atol=1e-9)
    mass, change = np.asarray(quantity({"c": two}))
    assert 1.4 < mass < 1.43
    assert mass - 1.4 == pytest.approx(-change, rel=0.2)  # what it is too high by
    early = np.asarray(plateau("c", PLACES, (0, 1.5))({"c": two}))
    assert early[0] > 1.6
    assert early[1] < -0.1
    around = np.cosh(1.4 * (5 - PLACES))
    np.testing.assert_allclose(plateau("c", PLACES, (1, 4), period=10.0)({"c": around}), [1.4, 0], atol=1e-8)
    np.testing.assert_allclose(plateau("c", PLACES, (1, 4), missing=0.5)({"c": one - 0.5}), [1.4, 0], atol=1e-8)
    assert np.isnan(plateau("c", PLACES, (1, 1.5))({"c": one})).tolist() == [False, True]
    weighted = plateau("c", PLACES, (0, 1), weights=[0.0, 2.0])
    assert float(weighted({"c": two})[0]) == pytest.approx(np.log(two[1] / two[2]) / 0.5)


def test_what_is_undefined_is_left_out_and_said():
    curve = 3 * np.exp(-1.4 * PLACES)
    curve[-1] *= -1
    quantity = plateau("c", PLACES, (1, 4))
    assert quantity.remark is not None
    np.testing.assert_allclose(quantity({"c": curve}), [1.4, 0], atol=1e-9)
    assert quantity.remark({"c": curve}) == "without the mass from 3.5 to 4, which is undefined"
    assert quantity.remark({"c": abs(curve)}) == ""


def test_the_check_repeats_it(rng):
    """At the weighted means, where the last point is below zero; a quantity that leaves nothing out says nothing."""
    curve = np.append(3 * np.exp(-1.4 * PLACES[:-1]), -0.1)
    series = {"c": curve * (1 + 0.1 * rng.normal(size=(2, 500, 1))) * np.ones((1, 1, 9))}
    derived = {"far": plateau("c", PLACES, (1, 4)), "near": plateau("c", PLACES, (1, 3))}
    logs = np.zeros((2, 500))
    found = estimate(series, functions_of(derived), logs, independent=True)
    theory = SimpleNamespace(derived=derived)
    draws = FinishedDraws(theory, Kind.FREE, found, series, log_weights=logs)  # pyright: ignore[reportArgumentType]
    text = DerivedQuantities().judge(draws).verdict.text
    assert text.endswith("; far: without the mass from 3.5 to 4, which is undefined")
    assert "near:" not in text


def test_error_of_a_plateau(rng):
    """Draws of C with noise that distances share; another mass is rejected."""
    curve = 3 * np.exp(-0.7 * PLACES)
    noise = np.cumsum(rng.normal(size=(2, 3000, len(PLACES))), axis=2)
    found = estimate({"c": curve + 0.5 * noise}, {"m": plateau("c", PLACES, (0.5, 3))}, independent=True)["m"]
    assert worst_pull(found, np.array([0.7, 0.0])) < ACCEPTED
    assert abs(found.value[0] - 0.6) > REJECTED * found.error[0]


def row(rng, values, size=0.02):
    """Correlated errors of numbers in a row: values, errors, fluctuations of 4 × 500 draws."""
    noise = np.cumsum(rng.normal(size=(4, 500, len(values))), axis=2) / np.sqrt(1 + np.arange(len(values)))
    noise *= size * np.sqrt(2000)
    noise -= noise.mean((0, 1))
    return np.asarray(values), np.full(len(values), size), noise, np.ones((4, 500))


def test_window_starts_where_numbers_stop_changing(rng):
    flat, falling = np.full(8, 1.4), 1.4 + 0.5 * np.exp(-1.5 * np.arange(8))
    window = choose_window(*row(rng, flat))
    assert window is not None
    assert (window.first, window.last, window.dof) == (0, 7, 7)
    assert window.p_value > 0.99
    assert window.weights.sum() == pytest.approx(1) == window.later.sum()
    assert (window.later[:4] == 0).all()
    found = choose_window(*row(rng, falling))
    assert found is not None
    # What is left of the fall is below the error, and a start one earlier is refused.
    assert 0.5 * np.exp(-1.5 * found.first) < 3 * 0.02 < 0.5 * np.exp(-1.5 * (found.first - 2))
    refused = choose_window(*row(rng, 1.4 + 0.2 * np.arange(5)))
    assert refused is not None
    assert (refused.first, refused.dof) == (4, 0)
    assert np.isnan(refused.p_value)


def test_window_leaves_out_what_has_no_error(rng):
    value, error, noise, weights = row(rng, np.full(5, 1.4))
    value[2], error[4] = np.nan, 1.0
    window = choose_window(value, error, noise, weights)
    assert window is not None
    assert (window.first, window.last, window.left_out) == (0, 3, (2, 4))
    assert window.weights[2] == 0
    assert choose_window(value, np.full(5, np.nan), noise, weights) is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plateau("c", PLACES, (1.1, 1.4)), r"window = \(1.1, 1.4\) has no two neighbours of the points"),
        (lambda: plateau("c", PLACES[::-1], (1, 2)), "give strictly increasing distances"),
        (lambda: plateau("c", 0.5, (1, 2)), "plateau: separation = 0.5; give the distances of neighbouring points"),
        (
            lambda: plateau("c", PLACES, (1, 2), weights=[1.0]),
            "give one for each of 2 masses",
        ),
        (lambda: plateau("c", PLACES, (1, 2), period=3.0), "give distances from 0 to the period, 3.0"),
    ],
)
def test_mistakes(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(("second", "status"), [(0.0, "good"), (0.5, "warning")])
def test_masses_that_still_fall_are_no_plateau(second, status, rng):
    curve = np.exp(-PLACES) + second * np.exp(-2 * PLACES)
    series = {"c": curve + 0.02 * curve * rng.normal(size=(4, 2000, len(PLACES)))}
    derived = {"gap": plateau("c", PLACES, (0, 3))}
    estimates = estimate(series, functions_of(derived), independent=True)
    theory = SimpleNamespace(derived=derived)
    draws = FinishedDraws(theory, Kind.FREE, estimates, series)  # pyright: ignore[reportArgumentType]
    outcome = DerivedQuantities().judge(draws)
    assert outcome.verdict.status == status
    assert ("gap is no plateau: its masses change by -0." in outcome.verdict.text) == (status == "warning")
