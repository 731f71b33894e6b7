"""Slow modes: errors grow where long blocks contradict the Gamma method, and stay where it is right."""

import numpy as np
from scipy.signal import lfilter
from statistical import autoregressive

from nnft_ppl.checks import FinishedDraws, SlowModes
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import errors_agree, estimate, gamma_method
from nnft_ppl.statistics.second_errors import errors_near
from nnft_ppl.statistics.slow import second_look, share_of_slow

SHAPE = (4, 2000, 300)


def telegraph(rng, tau, shape=SHAPE):
    """±1 with ρ(t) = exp(−t/τ): a flip with probability 1/2τ in every step."""
    flips = np.where(rng.random(shape) < 1 / (2 * tau), -1, 1)
    return np.where(rng.random((shape[0], 1, *shape[2:])) < 0.5, -1, 1) * np.cumprod(flips, axis=1)


def rms(values):
    return np.sqrt(np.mean(values**2))


def test_errors_of_fast_series_stay(rng):
    for coefficient in (0.0, 0.9):
        series = autoregressive(rng, coefficient, SHAPE)
        gamma = gamma_method(series)
        look = second_look(series, gamma)
        assert np.mean(look.growth > 1) < 0.02
        assert not np.any(look.rising)
        covered = np.abs(gamma.value) < look.error
        assert abs(np.mean(covered) - 0.6827) < 5 * np.sqrt(0.22 / 300)


def test_a_small_share_of_a_slow_mode_is_seen(rng):
    """A telegraph of τ = 100 with 8 % of the variance: the Gamma method's window ends before it."""
    series = 0.3 * telegraph(rng, 100) + rng.normal(size=SHAPE)
    gamma = gamma_method(series)
    look = second_look(series, gamma)
    assert rms(gamma.value / gamma.error) > 2
    assert rms(gamma.value / look.error) < 1.3
    assert np.mean(look.rising) < 0.3


def test_no_plateau_no_agreement(rng):
    """A slow mode that flips about ten times in a chain: the errors are said to disagree."""
    series = 0.5 * telegraph(rng, 500, (4, 2000, 40)) + rng.normal(size=(4, 2000, 40))
    found = estimate({"one": series})["one"]
    assert np.mean(found.agree) < 0.2
    verdict = SlowModes().judge(FinishedDraws(None, Kind.CHAINS, {"one": found}, {"one": series})).verdict
    assert verdict.status == "warning"
    assert "draws far apart are correlated" in verdict.text


def test_a_mix_does_not_hide_its_raw_slow_mode(rng):
    """A share too small for blocks counts with the raw series' own error."""
    slow = telegraph(rng, 100)
    raw, mixed = slow + 0.3 * rng.normal(size=SHAPE), 0.1 * slow + rng.normal(size=SHAPE)
    gamma = gamma_method(mixed)
    error = np.maximum(gamma.error, share_of_slow(mixed, raw, gamma))
    assert rms(gamma.value / gamma.error) > 1.4
    assert rms(gamma.value / error) < 1.2
    # Without a share nothing grows, beyond the noise of the coefficient.
    fast = rng.normal(size=SHAPE)
    gamma = gamma_method(fast)
    assert np.median(share_of_slow(fast, raw, gamma) / gamma.error) < 1.1
    few = {"one": mixed[..., 0]}
    together = estimate(few, raw={"one": raw[..., 0]})["one"]
    assert together.growth >= estimate(few)["one"].growth
    draws = FinishedDraws(None, Kind.CHAINS, {"one": together}, {"one": raw[..., 0]}, improved=few)
    assert "the raw one has" in SlowModes().judge(draws).verdict.text


def test_the_larger_of_two_errors_that_nearly_agree_is_quoted():
    """A faint long tail beyond the window; three chains that sit apart are not mended so."""
    first, second = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.05, 1.3, 1.7, 1.3])
    chances = np.array([1.0, 1.0, 1.0, 1e-6])
    assert errors_agree(first, second, 0.01, chances).tolist() == [True, False, False, False]
    assert errors_near(first, second, chances).tolist() == [True, True, False, False]
    noise, slow = (np.random.default_rng(seed).normal(size=(4, 40_000)) for seed in (2, 3))
    series = lfilter([1], [1, -0.5], noise, axis=1) + 0.03 * lfilter([1], [1, -0.985], slow, axis=1)
    one, gamma = estimate({"a": series})["a"], gamma_method(series)
    assert not errors_agree(gamma.error, one.second_error, gamma.relative_error, gamma.chain_probability)
    assert one.agree
    assert one.error >= one.second_error > 1.1 * gamma.error
