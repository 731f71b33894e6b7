"""Polynomials through correlated values: coverage, χ², and correlations from replicas."""

import numpy as np
import pytest
from scipy import stats

from nnft_ppl.results.across import extrapolated, fit_across, slope
from nnft_ppl.statistics import Estimate, correlation_between, fit_polynomial, replicas

X = np.array([1.0, 0.5, 0.25, 0.125])


def estimate_of(value: np.ndarray, error: np.ndarray) -> Estimate:
    coordinates = {"width": 1 / X, **({"at": np.arange(value.shape[1])} if value.ndim > 1 else {})}
    return Estimate(value, error, value * 0, value * 0, coordinates=coordinates)


@pytest.mark.parametrize("rho", [0.0, 0.9])
def test_errors_and_chi_squared_hold(rho: float, rng: np.random.Generator):
    """Pulls of 2000 fits are standard normal and χ² has its law; correlations left out are a control."""
    error = np.array([0.3, 0.2, 0.1, 0.05])
    covariance = np.outer(error, error) * (rho + (1 - rho) * np.eye(4))
    values = 2 + 3 * X + rng.multivariate_normal(np.zeros(4), covariance, size=2000)
    fits = [fit_polynomial(X, y, covariance) for y in values]
    pulls = np.array([(fit.coefficients - [2, 3]) / fit.errors for fit in fits])
    chi = np.array([fit.chi_squared for fit in fits])
    assert min(stats.kstest(pulls[:, k], "norm").pvalue for k in (0, 1)) > 1e-4
    assert stats.kstest(chi, "chi2", args=(2,)).pvalue > 1e-4
    if rho:
        wrong = np.array([fit_polynomial(X, y, np.diag(error**2)).chi_squared for y in values[:500]])
        assert stats.kstest(wrong, "chi2", args=(2,)).pvalue < 1e-10


@pytest.mark.parametrize(("members", "degree"), [(40, 1), (5, 2)])
def test_a_covariance_from_replicas(members: int, degree: int, rng: np.random.Generator):
    """p is uniform and errors are right with one from 128 replicas; taken for exact, it is a control."""
    x, rho, number, fits = np.linspace(0, 1, members), 0.6, 128, 400
    factor = np.linalg.cholesky(np.outer(1 + x, 1 + x) * (rho + (1 - rho) * np.eye(members)))
    found, naive = [], []
    for _ in range(fits):
        covariance = np.cov((rng.normal(size=(number, members)) @ factor.T).T)
        y = factor @ rng.normal(size=members)
        found.append(fit_polynomial(x, y, covariance, degree, number))
        naive.append(fit_polynomial(x, y, covariance, degree))
    assert stats.kstest([one.p_value for one in found], "uniform").pvalue > 1e-4
    chi = np.array([one.chi_squared for one in found])
    assert abs(chi.mean() - found[0].dof) < 5 * chi.std() / np.sqrt(fits)
    of = {name: np.mean([one.coefficients[0] ** 2 / one.errors[0] ** 2 for one in fits_of])
          for name, fits_of in (("right", found), ("naive", naive))}  # fmt: skip
    # A ratio of two variances has an error of √(2/400) and a bias of order 1/(128 − 38).
    assert abs(of["right"] - 1) < 5 * np.sqrt(2 / fits)
    if members == 40:
        assert stats.kstest([one.p_value for one in naive], "uniform").pvalue < 1e-10
        assert of["naive"] > 1 + 5 * np.sqrt(2 / fits)


def test_too_few_replicas():
    with pytest.raises(ValueError, match="4 values with a covariance from 5 replicas; give 6 at least"):
        fit_polynomial(X, X, np.eye(4), 1, 5)
    one = estimate_of(1 + X, 0.1 * X)
    found = fit_across(extrapolated("f", "width"), one, {"width": 1 / X}, np.eye(4), replicas=5)
    assert "4 values of width are too many for correlations that 5 blocks of draws tell" in str(found)
    few, many = (
        fit_across(extrapolated("f", "width"), one, {"width": 1 / X}, np.eye(4), replicas=number)
        for number in (8, 10**6)
    )
    np.testing.assert_allclose((few.error / many.error) ** 2, 7 * 6 / (5 * 4), rtol=1e-4)


def test_fit_against_a_closed_form():
    fit = fit_polynomial(np.array([0.0, 1.0]), np.array([1.0, 3.0]), np.diag([0.01, 0.04]))
    np.testing.assert_allclose([fit.coefficients, fit.errors], [[1, 2], [0.1, np.sqrt(0.05)]])
    assert (fit.chi_squared, fit.dof, fit.p_value) == (0.0, 0, 1.0)
    with pytest.raises(ValueError, match="a polynomial of degree 2 needs 3"):
        fit_polynomial(np.arange(2.0), np.arange(2.0), np.eye(2), degree=2)


def test_exact_numbers_and_broken_laws():
    """Values without error on a power law have an exact exponent; those off it have none, and words say so."""
    law = np.stack([5 * X**2, -X], axis=1)
    found = fit_across(slope("f", "width"), estimate_of(law, 0 * law), {"width": 1 / X}, None)
    np.testing.assert_allclose(found.value, [-2, -1], rtol=1e-12)
    assert (found.error == 0).all()
    assert found.coordinates["at"].tolist() == [0, 1]
    curved = 1 + X**2
    found = fit_across(extrapolated("f", "width"), estimate_of(curved, 0.001 + 0 * X), {"width": 1 / X}, None)
    assert np.isnan(found.error)
    assert "the values contradict f = c_0 + c_1/width (χ²" in str(found)
    wanted = extrapolated("f", "width", in_="1/N^2")
    found = fit_across(wanted, estimate_of(curved, 0.001 + 0 * X), {"width": 1 / X}, None)
    assert (abs(float(found.value) - 1) < 1e-9, np.isfinite(found.error)) == (True, True)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ([4, 2, 1, 0.1], [0.1] * 4, "zero within 5 errors at width=8 (1.0 errors), where its logarithm is noise"),
        ([4, 2, 1, -0.5], [0.01] * 4, "changes sign along width: no power law"),
        ([0.1, 0.1, 0.2, 0.1], [0.1] * 4, "zero within 5 errors at every width: it has no exponent"),
        ([0.0] * 4, [0.0] * 4, "vanishes identically: it has no exponent"),
        ([4, 2, np.nan, 1], [0.1] * 4, "has no value with an error at width=4"),
    ],
)
def test_words_where_there_is_no_exponent(value: list, error: list, words: str):
    found = fit_across(slope("f", "width"), estimate_of(np.array(value), np.array(error)), {"width": 1 / X}, None)
    assert np.isnan([found.value, found.error]).all()
    assert words in str(found)


def test_complex_values_are_refused():
    one = estimate_of(X + 1j, 0.1 * X)
    with pytest.raises(ValueError, match="'f' is complex; fit a Derived of it"):
        fit_across(slope("f", "width"), one, {"width": 1 / X}, None)


def test_correlations_of_runs(rng: np.random.Generator):
    """ρ of two means, weighted and of a function, within 5 of its errors; independent series as control."""
    shared, own, far = rng.normal(size=(3, 2, 20000))
    runs = [{"f": 1 + shared}, {"f": 2 + 0.8 * shared + 0.6 * own}, {"f": far}]
    found = {}
    for name in ("f", "square"):
        of_runs = [replicas(one, {"square": lambda mean: mean["f"] ** 2})[name] for one in runs[:2]]
        of_runs.append(replicas(runs[2])["f"])
        found[name] = correlation_between(of_runs)
        error = (1 - 0.8**2) / np.sqrt(len(of_runs[0]))
        assert abs(found[name][0, 1] - 0.8) < 5 * error
        assert abs(found[name][0, 2]) < 5 / np.sqrt(len(of_runs[0]))
    logs = 0.3 * shared
    weighted = correlation_between([replicas(one, None, logs)["f"] for one in runs[:2]])
    assert weighted[0, 1] > 0.5
    constant = correlation_between([np.ones(64), rng.normal(size=64)])
    np.testing.assert_array_equal(constant, np.eye(2))
