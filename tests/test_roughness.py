"""Commutator, momentum and uncertainty of oscillators, and of smooth networks, which have none."""

import numpy as np
import pytest
from scipy.signal import lfilter
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl.exact import free_circle_two_point, spectrum, thermal_two_point
from nnft_ppl.observables import commutator, momentum_squared, uncertainty
from nnft_ppl.statistics import estimate

TIMES = np.array([0.0, 0.01, 0.1, 0.5])


def oscillator(t, frequency=1.0):
    return np.exp(-frequency * np.asarray(t)) / (2 * frequency)


def test_commutator_of_the_oscillator():
    quantity = commutator("g", TIMES)
    assert (quantity.dims, quantity.coords) == (("g.step",), {"g.step": (0.01, 0.1, 0.5)})
    np.testing.assert_allclose(quantity({"g": oscillator(TIMES)}), [0.995017, 0.951626, 0.786939], atol=1e-6)
    fast = commutator("g", [0.0, 0.05])({"g": oscillator([0.0, 0.05], 1.3)})
    assert float(fast[0]) == pytest.approx(0.9681929, abs=1e-7)


def test_the_order_of_limits():
    """Of K modes the commutator is there for ε far above 1/Λ, gone below, and back with the missing modes added."""
    period, modes = 8.0, 400
    steps = np.array([0.0, 1e-4, 0.1])  # Λ = 314
    cut, whole = (free_circle_two_point(steps, period, 1.0, modes=m) for m in (modes, None))
    below, above = np.asarray(commutator("g", steps)({"g": cut}))
    assert below < 0.02
    assert above == pytest.approx((1 - np.exp(-0.1)) / 0.1, abs=0.03)
    back = np.asarray(commutator("g", steps, missing=whole - cut)({"g": cut}))
    np.testing.assert_allclose(back, (1 - np.exp(-steps[1:])) / steps[1:], atol=1e-3)
    smooth = np.exp(-(steps**2) / 2) / 2
    np.testing.assert_allclose(commutator("g", steps)({"g": smooth}), steps[1:] / 2, rtol=0.01)


def test_momentum_and_uncertainty():
    """ω/2 and 1/4 for δ → 0; the quartic oscillator has Σ Z_n (E_n − E_0)², and more than 1/4."""
    points = np.arange(4) * 1e-3
    quantity = momentum_squared("g", points)
    assert quantity.coords == {"g.split": (0.001, 0.002)}
    for frequency in (1.0, 2.5):
        found = np.asarray(quantity({"g": oscillator(points, frequency)}))
        np.testing.assert_allclose(found, frequency / 2 * np.exp(-frequency * points[1:3]), rtol=1e-5)
        product = np.asarray(uncertainty("g", points)({"g": oscillator(points, frequency)}))
        np.testing.assert_allclose(product, 0.25, rtol=0.01)
    energies, position = spectrum(6.0, 1.0)
    exact = float(np.sum(position[0] ** 2 * (energies - energies[0]) ** 2))
    quartic = thermal_two_point(points, 20.0, 6.0, 1.0)
    assert float(quantity({"g": quartic})[0]) == pytest.approx(exact, rel=0.01)
    assert float(uncertainty("g", points)({"g": quartic})[0]) == pytest.approx(quartic[0] * exact, rel=0.01)
    assert 0.2505 < quartic[0] * exact < 0.26
    uneven = np.array([0.0, 0.1, 0.3])
    assert float(momentum_squared("g", uneven)({"g": uneven**2})[0]) == pytest.approx(2)
    # A smooth network's velocities agree at one point: there is no momentum.
    assert (np.asarray(uncertainty("g", points)({"g": np.exp(-(points**2) / 2) / 2})) < -0.2).all()


def test_from_draws(rng):
    """Exact paths of the oscillator; the same quantities of a smooth process are rejected."""
    step, number, draws = 0.1, 4, 20_000
    decay = np.exp(-step)
    noise = rng.normal(size=(draws, 64)) * np.sqrt((1 - decay**2) / 2)
    noise[:, 0] /= np.sqrt(1 - decay**2)
    paths = np.asarray(lfilter([1], [1, -decay], noise, axis=1))
    pairs = [np.mean(paths[:, : 64 - number] * paths[:, k : 64 - number + k], axis=1) for k in range(number)]
    times = np.arange(number) * step
    quantities = {"roughness": commutator("g", times), "product": uncertainty("g", times)}
    found = estimate({"g": np.stack(pairs, axis=-1)[None]}, quantities, independent=True)
    for name, quantity in quantities.items():
        assert worst_pull(found[name], np.asarray(quantity({"g": oscillator(times)}))) < ACCEPTED
        assert worst_pull(found[name], np.asarray(quantity({"g": np.exp(-(times**2) / 2) / 2}))) > REJECTED


@pytest.mark.parametrize("quantity", [commutator, momentum_squared, uncertainty])
@pytest.mark.parametrize("points", [[0.1, 0.2, 0.3], [0.0], [0.0, 0.2, 0.1], 0.5, [0.0, np.inf, 1.0]])
def test_mistakes(quantity, points):
    with pytest.raises(ValueError, match=quantity.__name__):
        quantity("g", points)


def test_a_two_point_function_at_other_points_is_refused():
    with pytest.raises(ValueError, match=r"'g' has shape \(3,\); give one value for each of 4 distances"):
        commutator("g", TIMES)({"g": np.ones(3)})
