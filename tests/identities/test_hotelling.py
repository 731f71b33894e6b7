"""T² has a uniform p-value on residuals of zero mean, and a small one on others."""

import numpy as np
import pytest
from scipy.stats import kstest
from statistical import autoregressive

from nnft_ppl.statistics import kish
from nnft_ppl.statistics.hotelling import SPARE, t_squared

REPEATS = 200


def mixed_noise(rng, coefficient=0.0, draws=600, rows=6):
    """Correlated residuals with autocorrelation."""
    noise = np.stack([autoregressive(rng, coefficient, (4, draws)) for _ in range(rows)], axis=-1)
    return noise @ np.triu(np.ones((rows, rows)))


@pytest.mark.parametrize("coefficient", [0.0, 0.5])
def test_p_values_are_uniform(rng, coefficient):
    found = [t_squared(mixed_noise(rng, coefficient)).p_value for _ in range(REPEATS)]
    assert kstest(found, "uniform").pvalue > 1e-3
    shifted = [t_squared(mixed_noise(rng, coefficient) + 0.2).p_value for _ in range(REPEATS)]
    assert kstest(shifted, "uniform").pvalue < 1e-6


def test_weighted_draws(rng):
    """Draws of N(0, 1) with weights for N(0.3, 1)."""
    found = []
    for _ in range(REPEATS):
        x = rng.normal(size=(4, 600, 3))
        weights = 0.3 * x[..., 0]
        found.append(t_squared(x - [0.3, 0, 0], weights, independent=True).p_value)
    assert kstest(found, "uniform").pvalue > 1e-3


def quartic(rng, coupling, repeats):
    """p of E[F ∂_i(z²/2 + g z⁴)] = E[∂_i F] for F = 1, z_i, z_i Σz on 400 free draws with weights exp(−Σ z⁴)."""
    found, effective = [], []
    for _ in range(repeats):
        z = rng.normal(size=(1, 400, 4))
        logs = -np.sum(z**4, axis=-1)
        force = z + 4 * coupling * z**3
        rows = np.concatenate(
            [force, z * force - 1, z * z.sum(-1, keepdims=True) * force - z.sum(-1)[..., None] - z], -1
        )
        found.append(t_squared(rows, logs, independent=True).p_value)
        effective.append(kish(logs))
    return found, np.mean(effective)


def test_uneven_weights(rng):
    """A hundred draws carry the weight: p is uniform, and a wrong coupling is still seen."""
    found, effective = quartic(rng, 1.0, REPEATS)
    assert 80 < effective < 120
    assert kstest(found, "uniform").pvalue > 1e-3
    assert min(found) > 1e-4
    wrong, _ = quartic(rng, 1.6, 50)
    assert np.median(wrong) < 0.01


def test_many_identities_of_weighted_populations(rng):
    """Nineteen rows on three hundred draws per chain, in populations of a weight each: there is a test, and it sees."""
    logs = np.repeat(0.3 * rng.normal(size=(40, 4, 10)), 30, axis=-1)
    noise = [mixed_noise(rng, 0.3, draws=300, rows=19) for _ in logs]
    found = np.array([t_squared(one, log).p_value for one, log in zip(noise, logs, strict=True)])
    assert np.mean(np.isfinite(found)) > 0.9
    assert kstest(found[np.isfinite(found)], "uniform").pvalue > 1e-3
    shifted = np.array([t_squared(one + 0.3, log).p_value for one, log in zip(noise, logs, strict=True)])
    assert kstest(shifted[np.isfinite(shifted)], "uniform").pvalue < 1e-6


def test_few_effective_draws_are_no_test(rng):
    """2400 draws are plenty, unless most of the weight lies on a few of them."""
    x = rng.normal(size=(4, 600, 3))
    assert np.isfinite(t_squared(x, np.zeros((4, 600)), independent=True).p_value)
    heavy = t_squared(x, 4.0 * rng.normal(size=(4, 600)), independent=True)
    assert heavy.ess < 3 + SPARE
    assert np.isnan(heavy.p_value)


def test_rows_that_repeat_or_vanish_do_not_count(rng):
    noise = mixed_noise(rng)
    padded = np.concatenate([noise, noise[..., :1] - noise[..., 1:2], np.zeros((4, 600, 1))], axis=-1)
    one, other = t_squared(noise), t_squared(padded)
    assert other.dof == one.dof == 6
    assert other.t_squared == pytest.approx(one.t_squared, rel=0.2)
    assert other.z[-1] == 0


def test_too_few_draws_give_no_test(rng):
    found = t_squared(mixed_noise(rng, 0.95, draws=100))
    assert np.isnan(found.p_value)
    assert np.all(np.isfinite(found.z))
