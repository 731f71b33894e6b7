"""The mix of two estimators: unbiased, and as good as the best coefficient makes it."""

import numpy as np
import pytest

from nnft_ppl.statistics import mix


def pair(rng, correlation, noise, draws=400, chains=4):
    """Two series of mean 1, sd 1 and `noise`."""
    first = rng.normal(size=(chains, draws, 2))
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=first.shape)
    return 1 + first, 1 + noise * second


@pytest.mark.parametrize(("correlation", "noise"), [(0.0, 0.1), (-0.9, 1.0), (0.9, 3.0), (0.5, 1.0)])
def test_the_mix_is_unbiased_and_nearly_the_best(rng, correlation, noise):
    runs = [pair(rng, correlation, noise) for _ in range(200)]
    means = np.array([mix(*run).mean(axis=(0, 1)) for run in runs])
    raw = np.array([run[0].mean(axis=(0, 1)) for run in runs])
    cross = correlation * noise
    best = (noise**2 - cross**2) / (1 + noise**2 - 2 * cross)
    error = means.std() / np.sqrt(means.size)
    assert abs(means.mean() - 1) < 5 * error
    assert means.var() / raw.var() < 1.4 * best
    # The control: a coefficient from the same draws would bias a skewed pair; a fixed wrong one is worse here.
    if best < 0.5:
        assert raw.var() > 1.5 * means.var()


def test_equal_series_and_short_ones_stay_as_they_are(rng):
    series = rng.normal(size=(2, 5, 3))
    np.testing.assert_array_equal(mix(series, series), series)


def test_an_improved_estimator_without_noise_leaves_none(rng):
    """As in the free theory; the control has noise a thousand times the rounding of the raw draws."""
    raw = 1 + 3 * rng.normal(size=(4, 400, 2))
    exact = np.full(raw.shape, 0.3)
    assert np.ptp(mix(raw, exact), axis=(0, 1)).tolist() == [0.0, 0.0]
    assert abs(mix(raw, exact)[0, 0, 0] - 0.3) < 1e-14
    many = rng.normal(size=(4, 20_000, 3))
    assert abs(mix(many, np.full(many.shape, 0.3))[0, 0, 0] - 0.3) < 1e-15  # whatever their number
    assert not np.any(mix(raw, 1e-16 * exact))  # an exact zero, to rounding
    assert np.any(mix(raw, 1e-11 * exact))
    assert np.all(np.ptp(mix(raw, exact + 1e-11 * rng.normal(size=raw.shape)), axis=(0, 1)) > 1e-11)


def test_weights_count(rng):
    """Draws of weight zero have no say in the coefficient."""
    raw, improved = pair(rng, 0.0, 0.1)
    spoiled = improved.copy()
    spoiled[:, ::2] += 100 * rng.normal(size=spoiled[:, ::2].shape)
    weights = np.zeros(raw.shape[:2])
    weights[:, ::2] = -np.inf
    used = mix(raw, spoiled, weights)[:, 1::2]
    assert used.mean(axis=(0, 1)).std() < 0.2
    assert np.var(used) < 0.2 * np.var(raw)
