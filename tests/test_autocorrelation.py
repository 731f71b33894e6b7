"""Errors of correlated means against an AR(1) process of known autocorrelation, and against pyerrors."""

import numpy as np
import pytest
from statistical import autoregressive, sigmas

from nnft_ppl.observables import ratio
from nnft_ppl.statistics import errors_agree, estimate, gamma_method, geyer_errors, independent_errors


@pytest.mark.parametrize("tau", [1.0, 5.0])
@pytest.mark.parametrize("chains", [1, 4])
def test_autocorrelation_time_of_ar1(rng, tau, chains):
    coefficient = (2 * tau - 1) / (2 * tau + 1)
    series = autoregressive(rng, coefficient, (chains, 8000 // chains, 100))
    found = gamma_method(series)
    assert sigmas(found.tau_int, tau) < 5
    assert sigmas(found.error, np.sqrt(2 * tau / 8000)) < 5
    assert sigmas(found.tau_int, 0.5) > 6
    # The quoted error of tau_int is the spread of tau_int over the 100 replicas, itself known to 1/sqrt(200).
    assert np.std(found.tau_int) / np.mean(found.tau_error) == pytest.approx(1, abs=5 / np.sqrt(200))
    np.testing.assert_allclose(found.ess, 8000 / (2 * found.tau_int))


def test_pulls_of_correlated_means_are_standard_normal_and_naive_ones_are_not(rng):
    series = autoregressive(rng, 0.8, (2, 3000, 100))
    naive = series.std((0, 1)) / np.sqrt(6000)
    # The mean square of 100 standard normal pulls is 1 with error sqrt(2/100).
    for error in (gamma_method(series).error, geyer_errors(series)):
        assert abs(np.mean((series.mean((0, 1)) / error) ** 2) - 1) < 5 * np.sqrt(2 / 100)
    assert abs(np.mean((series.mean((0, 1)) / naive) ** 2) - 1) > 6 * np.sqrt(2 / 100)


@pytest.mark.filterwarnings("ignore")
def test_pyerrors_agrees(rng):
    import pyerrors as pe

    noise = autoregressive(rng, 0.7, (3, 1001, 2))
    # pyerrors takes off every replica's own mean: the comparison needs equal chain means.
    noise -= noise.mean(1, keepdims=True)
    series = np.array([2.0, 0.7]) + noise + 0.5 * noise[..., :1]
    for chains in (1, 3):
        found = gamma_method(series[:chains])
        names = [f"e|r{chain}" for chain in range(chains)]
        oracle = [pe.Obs(list(series[:chains, :, i]), names) for i in range(2)]
        for i, one in enumerate(oracle):
            one.gamma_method(S=1.5)
            expected = [one.value, one.dvalue, one.ddvalue / one.dvalue, one.e_tauint["e"], one.e_dtauint["e"]]
            ours = [found.value[i], found.error[i], found.relative_error[i], found.tau_int[i], found.tau_error[i]]
            np.testing.assert_allclose(ours, expected, rtol=1e-9)
            assert found.window[i] == one.e_windowsize["e"]
        names_to_series = {"top": series[:chains, :, 0], "bottom": series[:chains, :, 1]}
        quotient = estimate(names_to_series, {"quotient": ratio("top", "bottom")})["quotient"]
        expected = oracle[0] / oracle[1]
        assert isinstance(expected, pe.Obs)
        expected.gamma_method(S=1.5)
        np.testing.assert_allclose([quotient.value, quotient.error], [expected.value, expected.dvalue], rtol=1e-8)
        assert abs(gamma_method(series[:chains], window_factor=4.0).error[0] / oracle[0].dvalue - 1) > 1e-4


def test_constant_series_has_no_error():
    with np.errstate(all="raise"):
        found = gamma_method(np.full((2, 50, 3), 0.1))
    np.testing.assert_array_equal(found.error, 0.0)
    np.testing.assert_array_equal(found.tau_int, 0.5)
    np.testing.assert_allclose(found.value, 0.1)
    constant = estimate({"c": np.full((2, 50), 0.1)}, log_weights=np.linspace(0, 3, 100).reshape(2, 50))["c"]
    assert (float(constant.error), float(constant.second_error), bool(constant.agree)) == (0.0, 0.0, True)
    assert np.isnan(constant.ess)
    assert [row[1:] for row in constant.rows()[1]] == [["0.1", "—"]]


def test_units_do_not_matter(rng):
    series = autoregressive(rng, 0.5, (2, 500))
    for scale in (1e-170, 1e170):
        np.testing.assert_allclose(gamma_method(scale * series).tau_int, gamma_method(series).tau_int, rtol=1e-9)
        np.testing.assert_allclose(geyer_errors(scale * series), scale * geyer_errors(series), rtol=1e-9)


def test_blocks_of_components_do_not_matter(rng, monkeypatch):
    series = rng.normal(size=(2, 40, 3, 5))
    whole = gamma_method(series)
    monkeypatch.setattr("nnft_ppl.statistics.autocorrelation._BLOCK_NUMBERS", 4 * 80)
    np.testing.assert_array_equal(gamma_method(series).error, whole.error)
    assert whole.error.shape == (3, 5)


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        (np.array([[1.0] * 9 + [np.nan]]), ValueError, r"holds NaN, first at index \(0, 9\)"),
        (np.array([[1.0] * 9 + [np.inf]]), ValueError, "holds infinity"),
        (np.ones((2, 20)) * 1j, TypeError, "real part"),
        (np.ones(20), ValueError, "chain, draw"),
        (np.ones((2, 3)), ValueError, "at least 4"),
    ],
)
def test_bad_series_is_refused(series, error, message):
    with pytest.raises(error, match=message):
        gamma_method(series)


def test_two_errors_agree_on_good_chains(rng):
    alarms = 0
    for tau in (1.0, 5.0):
        series = autoregressive(rng, (2 * tau - 1) / (2 * tau + 1), (4, int(200 * tau), 250))
        found = gamma_method(series)
        alarms += np.sum(
            ~errors_agree(found.error, geyer_errors(series), found.relative_error, found.chain_probability)
        )
    # 500 series at a false-alarm rate below 1e-3: more than 4 alarms have probability below 2e-4.
    assert alarms <= 4


def test_two_errors_disagree_on_a_hidden_slow_mode_and_on_chains_apart(rng):
    slow = rng.normal(size=(4, 8000)) + 0.2 * autoregressive(rng, 0.995, (4, 8000))
    apart = autoregressive(rng, 0.5, (4, 2000)) + np.array([[0.0], [0.0], [0.0], [0.6]])
    stuck = np.repeat(np.arange(4.0), 100).reshape(4, 100)
    found = estimate({"slow": slow}) | estimate({"apart": apart}) | estimate({"stuck": stuck})
    assert [bool(one.agree) for one in found.values()] == [False, False, False]
    assert gamma_method(apart).chain_probability < 1e-9
    assert gamma_method(apart[:3]).chain_probability > 1e-4


def test_batch_means_tell_independent_draws_from_correlated_ones(rng):
    for coefficient, expected in ((0.0, True), (0.8, False)):
        series = autoregressive(rng, coefficient, (2, 2000))
        first, second, relative = independent_errors(series)
        assert first == pytest.approx(series.std(ddof=1) / np.sqrt(4000))
        assert bool(errors_agree(first, second, relative)) is expected
        assert bool(estimate({"x": series}, independent=True)["x"].agree) is expected
