"""Verdicts: every check passes on a series made to pass, and fails on one made to fail, saying what to do."""

import numpy as np
import pytest
from scipy.signal import lfilter

from nnft_ppl.checks import (
    MAX_DIVERGENT,
    MAX_K_HAT,
    MAX_R_HAT,
    MIN_BFMI,
    MIN_ESS,
    FinishedDraws,
    WeightsTail,
    checks_of,
)
from nnft_ppl.checks.second_route import compare
from nnft_ppl.draws import Kind
from nnft_ppl.observables import effective_mass, ratio
from nnft_ppl.runs.judging import judge_checks
from nnft_ppl.statistics import Estimate, Verdict, estimate, overall, smooth_log_weights

CHAINS, DRAWS = 4, 1000


@pytest.fixture
def noise(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def autoregressive(noise: np.random.Generator, correlation: float) -> np.ndarray:
    """Stationary unit-variance series x_{t+1} = r x_t + sqrt(1 - r²) ξ, worth (1 - r)/(1 + r) of its draws."""
    kicks = noise.normal(size=(CHAINS, DRAWS)) * np.sqrt(1 - correlation**2)
    kicks[:, 0] = noise.normal(size=CHAINS)
    return np.asarray(lfilter([1.0], [1.0, -correlation], kicks, axis=1))


def judged(series: np.ndarray, *, diverging: np.ndarray | None = None, energy: np.ndarray | None = None) -> dict:
    """Verdicts on one observable by the name of the check; the statistics are those of a good chain unless given."""
    good_energy = np.random.default_rng(0).normal(size=series.shape[:2])
    stats = {
        "diverging": np.zeros(series.shape[:2], bool) if diverging is None else diverging,
        "energy": good_energy if energy is None else energy,
    }
    draws = FinishedDraws(None, Kind.CHAINS, estimate({"one": series}), {"one": series}, stats)
    return verdicts_on(draws)


def verdicts_on(draws: FinishedDraws) -> dict[str, Verdict]:
    """Verdicts of the checks that judge what is there anyway, by name."""
    outcomes, _ = judge_checks(checks_of(False), draws, {}, {})
    return {name: outcome.verdict for name, outcome in outcomes.items()}


def weighted(log_weights: np.ndarray, estimates: dict[str, Estimate]) -> dict[str, Verdict]:
    """Verdicts on free draws with these weights."""
    return verdicts_on(FinishedDraws(None, Kind.FREE, estimates, {}, {"log_weight": log_weights}))


def test_good_chains_pass_every_check(noise: np.random.Generator):
    found = judged(noise.normal(size=(CHAINS, DRAWS, 2)))
    assert {name: verdict.status for name, verdict in found.items()} == dict.fromkeys(
        ["r_hat", "tails", "ess", "errors", "slow", "divergences", "bfmi"], "good"
    )
    assert overall(list(found.values())) == "good"
    assert [found[name].threshold for name in ("r_hat", "ess", "divergences", "bfmi")] == [1.02, 400.0, 1e-3, 0.3]


def test_thresholds_are_the_promised_ones():
    assert (MAX_R_HAT, MIN_ESS, MAX_K_HAT, MAX_DIVERGENT, MIN_BFMI) == (1.02, 400.0, 0.7, 1e-3, 0.3)


def test_shifted_chain_fails_r_hat(noise: np.random.Generator):
    series = noise.normal(size=(CHAINS, DRAWS))
    series[0] += 1.0
    found = judged(series)["r_hat"]
    assert found.status == "failed"
    assert found.value is not None
    # Between-chain variance 1/4 of unit-variance chains: R̂ = √(1 + 1/4) ≈ 1.12.
    assert found.value == pytest.approx(1.12, abs=0.04)
    assert "have not mixed; run longer" in found.text


def test_one_chain_has_no_r_hat(noise: np.random.Generator):
    found = judged(noise.normal(size=(1, DRAWS)))["r_hat"]
    assert (found.status, found.value) == ("unavailable", None)
    assert "use --chains 4" in found.text
    assert overall([found]) == "good"


def test_worst_component_decides(noise: np.random.Generator):
    series = noise.normal(size=(CHAINS, DRAWS, 3))
    series[0, :, 1] += 1.0
    assert judged(series)["r_hat"].status == "failed"


@pytest.mark.parametrize(("correlation", "status"), [(0.5, "good"), (0.95, "failed")])
def test_effective_draws(noise: np.random.Generator, correlation: float, status: str):
    found = judged(autoregressive(noise, correlation))["ess"]
    expected = CHAINS * DRAWS * (1 - correlation) / (1 + correlation)  # 1333 and 103
    assert found.status == status
    assert found.value == pytest.approx(expected, rel=0.5)
    assert ("run longer, or try another sampler" in found.text) == (status == "failed")


def test_chains_apart_make_errors_disagree(noise: np.random.Generator):
    series = noise.normal(size=(CHAINS, DRAWS))
    series[0] += 1.0
    found = judged(series)["errors"]
    assert found.status == "failed"
    assert "disagree for one: " in found.text
    assert "run at least 10 × longer" in found.text


@pytest.mark.parametrize(("divergent", "status"), [(4, "good"), (40, "failed")])
def test_divergences(noise: np.random.Generator, divergent: int, status: str):
    diverging = np.arange(CHAINS * DRAWS).reshape(CHAINS, DRAWS) < divergent
    found = judged(noise.normal(size=(CHAINS, DRAWS)), diverging=diverging)["divergences"]
    assert (found.status, found.value) == (status, divergent / (CHAINS * DRAWS))
    assert ("use more warm-up" in found.text) == (status == "failed")


@pytest.mark.parametrize(("correlation", "status"), [(0.5, "good"), (0.95, "failed")])
def test_energy_fraction(noise: np.random.Generator, correlation: float, status: str):
    energy = autoregressive(noise, correlation)
    found = judged(noise.normal(size=(CHAINS, DRAWS)), energy=energy)["bfmi"]
    assert found.status == status
    # E-BFMI of this series is 2 (1 - r), 1 and 0.1; the smallest of four chains is quoted.
    assert found.value == pytest.approx(2 * (1 - correlation), rel=0.5)
    assert ("reparametrise" in found.text) == (status == "failed")


def test_what_never_changes_has_no_r_hat_and_is_named(noise: np.random.Generator):
    series = noise.normal(size=(CHAINS, DRAWS, 3))
    series[..., 1] = 0.7  # a boundary value
    found = judged(series)
    assert {name: verdict.status for name, verdict in found.items()} == dict.fromkeys(found, "good")
    assert "constant, and so without one: one[1]" in found["r_hat"].text
    alone = judged(np.ones((CHAINS, DRAWS)))
    assert {(alone[name].status, alone[name].value) for name in ("r_hat", "ess")} == {("unavailable", None)}
    assert "nothing that is measured ever changes (one)" in alone["r_hat"].text
    # Control: the other components go on being judged; and chains that stand still in different places have not mixed.
    series[0, :, 2] += 1.0
    assert judged(series)["r_hat"].status == "failed"
    frozen = judged(np.arange(CHAINS)[:, None] * np.ones((CHAINS, DRAWS)))["r_hat"]
    assert frozen.status == "failed"


def test_constant_energy_fails(noise: np.random.Generator):
    stuck = judged(noise.normal(size=(CHAINS, DRAWS)), energy=np.ones((CHAINS, DRAWS)))["bfmi"]
    assert (stuck.status, np.isnan(stuck.value)) == ("failed", True)


def numbers(*error: float, value: float = 1.0) -> Estimate:
    """An estimate with these errors; NaN for those that are unknown."""
    errors = np.array(error)
    values = np.full(errors.shape, value)
    return Estimate(values, errors, np.where(np.isnan(errors), np.nan, 1e4), errors, np.isfinite(errors))


def test_an_observable_without_error_fails_and_a_function_of_means_does_not(noise: np.random.Generator):
    series = {"observable": noise.normal(size=(CHAINS, DRAWS, 2))}
    estimates = {"observable": numbers(0.1, 0.1), "mass": numbers(0.1, np.nan)}
    log_weights = 0.1 * noise.normal(size=(CHAINS, DRAWS))

    def found(**changed: Estimate) -> dict[str, str]:
        draws = FinishedDraws(None, Kind.FREE, estimates | changed, series, {"log_weight": log_weights})
        return {name: verdict.status for name, verdict in verdicts_on(draws).items()}

    good = {"k_hat": "good", "tails": "good", "ess": "good", "errors": "good"}
    assert found() == good | {"derived": "warning"}
    assert found(mass=numbers(0.1, 0.1)) == good | {"derived": "good"}
    # All of it undefined is a warning; a value without an error that can be trusted a failure.
    assert found(mass=numbers(np.nan, value=np.nan)) == good | {"derived": "warning"}
    assert found(mass=numbers(np.nan, np.nan)) == good | {"derived": "failed"}
    assert found(observable=numbers(0.1, np.nan)) == good | {"ess": "failed", "errors": "failed", "derived": "warning"}


def test_functions_of_means_are_spoken_of_by_name(noise: np.random.Generator):
    wave = noise.normal(size=(CHAINS, DRAWS, 4)) + np.array([9.0, 3.0, 0.05, -0.03])
    series = {"c": wave, "low": noise.normal(size=(CHAINS, DRAWS))}
    mass, odd = effective_mass("c", 1.0), ratio("c", "low")

    def said(derived: dict) -> Verdict:
        estimates = estimate(series, derived, independent=True)
        stats = {"log_weight": np.zeros((CHAINS, DRAWS))}
        return verdicts_on(FinishedDraws(None, Kind.FREE, estimates, series, stats))["derived"]

    verdict = said({"mass": mass})
    assert verdict.status == "warning"
    assert verdict.text.startswith("mass: undefined in 1 and without an error that can be trusted in 1 (mass[1]: its")
    failed = said({"mass": mass, "odd": odd})
    assert failed.status == "failed"
    assert failed.text.startswith("odd: its denominator (or logarithm) low is ")
    assert "errors from 0: the error is not to be trusted: make more draws" in failed.text


@pytest.mark.parametrize(("tail", "status"), [(0.3, "good"), (1.2, "failed")])
def test_tail_of_weights(noise: np.random.Generator, tail: float, status: str):
    """Pareto weights of tail index 1/k̂: P(w > x) = x^(-1/k̂)."""
    log_weights = tail * noise.exponential(size=(CHAINS, DRAWS * 5))
    smoothed, _ = smooth_log_weights(log_weights)
    series = {"one": noise.normal(size=log_weights.shape)}
    found = weighted(log_weights, estimate(series, None, smoothed, independent=True))["k_hat"]
    assert (found.check, found.status, found.threshold) == ("k_hat", status, 0.7)
    assert found.value == pytest.approx(tail, abs=0.3)
    assert ("use --sampler hmc" in found.text) == (status == "failed")


def test_unknown_tail_fails():
    few = np.arange(16.0).reshape(4, 4)  # Pareto's law is not fitted to so few
    assert weighted(few, {"one": certain(1.0)})[WeightsTail.name].status == "failed"


def certain(value: float) -> Estimate:
    """An estimate with error 0.1."""
    return Estimate(np.array(value), np.array(0.1), np.array(1e4), np.array(0.1), np.array(True))


@pytest.mark.parametrize(("errors_apart", "status"), [(2.0, "good"), (8.0, "failed")])
def test_routes(errors_apart: float, status: str):
    second = certain(errors_apart * np.hypot(0.1, 0.1))
    found = compare({"one": certain(0.0), "derived": certain(0.0)}, {"one": second}, k_hat=0.2)
    assert (found.status, found.threshold) == (status, 5.0)
    assert found.value == pytest.approx(errors_apart)
    assert "(one)" in found.text
    assert ("trust neither" in found.text) == (status == "failed")


@pytest.mark.parametrize("k_hat", [0.71, float("inf"), float("nan")])
def test_second_route_out_of_reach_is_no_failure(k_hat: float):
    found = compare({"one": certain(0.0)}, {"one": certain(8.0)}, k_hat)
    assert found.status == "unavailable"
    assert found.text.startswith("second route: not available, " + ("too few" if np.isnan(k_hat) else "k̂ = "))
    assert overall([found]) == "good"


def test_second_route_leaves_out_what_has_no_error():
    nothing, both = numbers(np.nan, value=np.nan), {"one": certain(0.0)}
    assert compare({"mass": nothing} | both, {"mass": numbers(0.1)} | both, k_hat=0.2).status == "good"
    assert compare({"mass": numbers(0.1)} | both, {"mass": nothing} | both, k_hat=0.2).status == "good"
    assert compare({"mass": numbers(0.1)}, {"mass": nothing}, k_hat=0.2).status == "unavailable"
    # Control: what is left is compared.
    apart = {"one": certain(8.0)}
    assert compare({"mass": nothing} | both, {"mass": nothing} | apart, k_hat=0.2).status == "failed"


def test_overall():
    def verdict(status: str) -> Verdict:
        return Verdict("one", status, 1.0, 2.0, "text")

    assert overall([verdict("good"), verdict("unavailable")]) == "good"
    assert overall([verdict("good"), verdict("warning")]) == "good"
    assert overall([verdict("good"), verdict("failed")]) == "failed"
    with pytest.raises(ValueError, match="status is one of good, warning, failed, unavailable, not 'bad'"):
        verdict("bad")
    assert Verdict(**verdict("good").to_json()) == verdict("good")
