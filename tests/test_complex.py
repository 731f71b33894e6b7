"""Complex observables: two real components in everything that is estimated, judged, printed and stored."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
import xarray as xr
from statistical import autoregressive, sigmas

from nnft_ppl import Derived, Ensemble, Observable, Theory, read, sample
from nnft_ppl.checks import FinishedDraws, ObservableTails, RHat
from nnft_ppl.cli.table import result_json
from nnft_ppl.display import format_value
from nnft_ppl.draws import Kind
from nnft_ppl.results import estimate_rows
from nnft_ppl.spaces import Box
from nnft_ppl.statistics import Estimate, estimate, mix, pulls, tails, weighted_agreement
from nnft_ppl.theory import ModelError, ModelFile

ORIGIN = jnp.zeros(1)


def complex_draws(rng, coefficient=0.0, correlation=0.6, shape=(2, 2000)):
    """A series of mean 1 + 2i whose parts have standard deviations 1 and 0.5 and that correlation."""
    first, second = autoregressive(rng, coefficient, shape), autoregressive(rng, coefficient, shape)
    return 1 + 2j + first + 0.5j * (correlation * first + np.sqrt(1 - correlation**2) * second)


@pytest.mark.parametrize("independent", [True, False])
def test_parts_have_the_errors_of_real_series(rng, independent):
    series = complex_draws(rng, 0.0 if independent else 0.7)
    one = estimate({"c": series}, independent=independent)["c"]
    real, imaginary = (
        estimate({"c": part}, independent=independent)["c"] for part in (np.real(series), np.imag(series))
    )
    np.testing.assert_allclose(one.value, real.value + 1j * imaginary.value, rtol=1e-12)
    np.testing.assert_allclose(one.error, real.error + 1j * imaginary.error, rtol=1e-12)
    np.testing.assert_allclose(one.second_error, real.second_error + 1j * imaginary.second_error, rtol=1e-12)
    variances = real.ess * real.error**2 + imaginary.ess * imaginary.error**2
    np.testing.assert_allclose(one.ess, variances / (real.error**2 + imaginary.error**2))
    assert real.correlation is None
    # (1 − ρ²)/√n is the error of a correlation from n draws.
    assert abs(one.correlation - 0.6) < 5 * (1 - 0.36) / np.sqrt(one.ess)
    assert abs(one.correlation) > 6 * (1 - 0.36) / np.sqrt(one.ess)  # so that "uncorrelated" is rejected


FUNCTIONS = {
    # function of the mean, and the derivatives of real and imaginary part (rows) by those of the mean
    "modulus": (jnp.abs, lambda m: [[m.real / abs(m), m.imag / abs(m)]]),
    "phase": (jnp.angle, lambda m: [[-m.imag / abs(m) ** 2, m.real / abs(m) ** 2]]),
    "conjugate": (jnp.conj, lambda m: [[1, 0], [0, -1]]),
    "square": (lambda m: m**2, lambda m: [[2 * m.real, -2 * m.imag], [2 * m.imag, 2 * m.real]]),
    "product": (lambda m: m * jnp.conj(m), lambda m: [[2 * m.real, 2 * m.imag], [0, 0]]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_complex_means_need_not_be_holomorphic(rng, name):
    function, jacobian = FUNCTIONS[name]
    found = estimate({"c": complex_draws(rng)}, {"f": Derived(lambda mean: function(mean["c"]))}, independent=True)
    mean, one = found["c"], found["f"]
    sizes, slopes = np.array([mean.error.real, mean.error.imag]), np.array(jacobian(mean.value), float)
    covariance = np.outer(sizes, sizes) * np.array([[1, mean.correlation], [mean.correlation, 1]])
    expected = np.sqrt(np.diag(slopes @ covariance @ slopes.T))
    errors = np.ravel([one.error.real, one.error.imag] if np.iscomplexobj(one.value) else one.error)
    np.testing.assert_allclose(errors, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(one.value, function(mean.value), rtol=1e-6)
    if name in ("modulus", "phase", "square"):  # the others know nothing of the correlation
        without = np.sqrt(np.diag(slopes @ np.diag(sizes**2) @ slopes.T))
        assert np.all(np.abs(without / expected - 1) > 0.05)


def test_a_complex_function_of_real_means_and_one_that_is_not_known(rng):
    draws = {"a": 0.3 + rng.normal(size=(2, 500)), "c": rng.normal(size=(2, 500, 2)) * (1 + 1j)}
    wanted = {"wave": Derived(lambda mean: jnp.exp(1j * mean["a"])), "turn": Derived(lambda mean: 1 / mean["c"])}
    found = estimate(draws, wanted, independent=True)
    wave = found["wave"]
    np.testing.assert_allclose(np.hypot(wave.error.real, wave.error.imag), found["a"].error, rtol=1e-6)
    assert abs(abs(wave.correlation) - 1) < 1e-6
    assert np.isnan(found["turn"].error).all()
    assert set(found["turn"].doubts) == {(0,), (1,)}


def test_a_part_that_is_rounding_is_zero_without_error(rng):
    series = rng.normal(size=(2, 100)) + 1e-17j * rng.normal(size=(2, 100))
    one = estimate({"c": series}, independent=True)["c"]
    assert (one.value.imag, one.error.imag, one.correlation) == (0, 0, 0)
    assert str(one).endswith(") + 0i")
    small = estimate({"c": series.real + 1e-7j * rng.normal(size=(2, 100))}, independent=True)["c"]
    assert small.error.imag > 0


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.1253 - 0.0921j, 0.003 + 0.004j, "0.125(3) − 0.092(4)i"),
        (0.1253 + 0j, 0.003 + 0j, "0.125(3) + 0i"),
        (0.25j, 0j, "0 + 0.25i"),
        (-1.2e-5 + 3e-18j, 3e-7 + 0j, "-1.20(3)e-05 + 0i"),
        (complex(1, 2), complex(np.nan, 0.1), "1(?) + 2.00(10)i"),
        (np.complex128(1 - 2j), 0.0, "1 − 2i"),
    ],
)
def test_both_parts_are_printed(value, error, text):
    assert format_value(value, error) == text


def of(value, error) -> Estimate:
    value, error = np.asarray(value), np.asarray(error)
    return Estimate(value, error, np.full(value.shape, 1e3), error)


@pytest.mark.parametrize(
    ("value", "error", "exact", "pull"),
    [
        (1 + 2j, 0.1 + 0.1j, 1.2 + 2.1j, -2.0),  # the real part is farther off
        (1 + 2j, 0.1 + 0.01j, 1.2 + 1.95j, 5.0),
        (1 + 0j, 0.1 + 0j, 1.3, -3.0),  # the imaginary part is exactly that of a real answer
        (1 + 1e-14j, 0.1 + 0j, 1.3, -3.0),
        (1 + 1e-3j, 0.1 + 0j, 1.3, np.inf),
        (1.0, 0.1, 1.0 + 1j, -np.inf),  # a real estimate of a complex number
        (1 + 2j, 0.1 + 0.1j, complex(np.nan, np.nan), np.nan),
        (1 + 2j, complex(np.nan, np.nan), 1 + 2.1j, np.nan),
    ],
)
def test_a_pull_is_that_of_the_part_that_is_farther_off(value, error, exact, pull):
    np.testing.assert_allclose(pulls(of(value, error), np.asarray(exact)), pull)
    if np.isfinite(exact):
        other = of(exact, 0.0 * exact)
        np.testing.assert_allclose(weighted_agreement(of(value, error), other), pull)


def test_pulls_of_both_parts_have_unit_spread(rng):
    series = complex_draws(rng, shape=(1, 1000, 400))
    one = estimate({"c": series}, independent=True)["c"].in_parts
    for part, mean in enumerate((1.0, 2.0)):
        pull = (one.value[:, part] - mean) / one.error[:, part]
        assert sigmas(pull**2, 1.0) < 5
        assert sigmas((2 * pull) ** 2, 1.0) > 6


def test_raw_and_improved_draws_are_mixed_part_by_part(rng):
    raw, improved = complex_draws(rng), complex_draws(rng)
    mixed = mix(raw, improved)
    np.testing.assert_allclose(mixed.real, mix(raw.real, improved.real), atol=1e-12)
    np.testing.assert_allclose(mixed.imag, mix(raw.imag, improved.imag), atol=1e-12)
    assert np.std(mixed) < 0.8 * np.std(raw)


def test_checks_look_at_both_parts(rng):
    apart = rng.normal(size=(2, 500)) + 1j * (rng.normal(size=(2, 500)) + np.array([[0.0], [3.0]]))
    mixed = rng.normal(size=(2, 500, 2)).view(complex)[..., 0]
    heavy = mixed.real + 1j * rng.standard_cauchy(size=(2, 500))
    cases = ((mixed, RHat, True), (apart, RHat, False), (mixed, ObservableTails, True), (heavy, ObservableTails, False))
    for series, check, good in cases:
        found = check().judge(FinishedDraws(None, Kind.CHAINS, estimate({"one": series}), {"one": series})).verdict
        assert (found.status != "failed") is good, found.text
    found = ObservableTails().judge(FinishedDraws(None, Kind.CHAINS, estimate({"one": heavy}), {"one": heavy})).verdict
    assert "one[im]" in found.text
    assert tails(np.abs(mixed)).k_hat < 0.5


def complex_field():
    a = numpyro.sample("a", dist.Normal(0, 1))
    b = numpyro.sample("b", dist.Normal(0, 2))
    return lambda x: (a + 1j * b) * jnp.exp(1j * x[0])


def measured():
    return {
        "square": Observable(lambda phi: phi(ORIGIN) ** 2),
        "wave": Observable(lambda phi: jax.vmap(phi)(jnp.array([[0.0], [1.0]])) ** 2, ("at",), {"at": (0.0, 1.0)}),
        "modulus": Observable(lambda phi: jnp.abs(phi(ORIGIN)) ** 2),
        "ratio": Derived(lambda mean: mean["square"] / mean["modulus"]),
    }


def answers():
    return {"square": -3.0, "wave": -3 * np.exp(2j * np.array([0.0, 1.0])), "ratio": -0.6 + 0j}


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Ensemble:
    theory = Theory(ModelFile(complex_field, "rotor", observables=measured, exact=answers))
    folder = tmp_path_factory.mktemp("complex") / "run"
    sample(theory, "reweight", num_draws=500, seed=3, out=folder, checks=False)
    return read(folder)


def test_a_run_with_complex_observables_is_judged_and_stored(stored):
    assert stored.provenance.verdict == "good", stored.verdicts
    assert max(float(np.max(np.abs(pull))) for pull in stored.pulls().values()) < 5
    wrong = replace(stored.estimates()["wave"], value=np.conj(stored.estimates()["wave"].value))
    assert abs(pulls(wrong, stored.exact["wave"])[1]) > 6
    tree = xr.open_datatree(stored_path(stored))
    assert tree["observables"]["wave"].dtype == complex
    assert tree["estimates"]["wave.error"].dtype == complex
    assert "modulus.correlation" not in tree["estimates"]
    np.testing.assert_array_equal(tree["estimates"]["square.correlation"], stored.estimates()["square"].correlation)
    tree.close()


def stored_path(run: Ensemble) -> str:
    return run.data.encoding.get("source") or run.data["observables"].to_dataset().encoding["source"]


def test_json_and_table_have_both_parts(stored):
    found = json.loads(result_json(stored))["estimates"]
    one = stored.estimates()["square"]
    assert found["square"]["value"] == {"re": one.value.real, "im": one.value.imag}
    assert found["square"]["exact"] == -3.0
    assert found["square"]["correlation"] == float(one.correlation)
    assert "correlation" not in found["modulus"]
    assert isinstance(found["modulus"]["value"], float)
    headings, rows = estimate_rows(stored)
    cells = {(row[0], row[1]): dict(zip(headings, row, strict=True)) for row in rows}
    assert cells["wave", "at=1"]["exact"] == format_value(answers()["wave"][1], 0.0)
    assert cells["square", ""]["estimate"] == str(one)


def test_further_functions_of_stored_means_may_be_complex(stored):
    found = stored.estimates({"turn": Derived(lambda mean: mean["wave"][1] / mean["wave"][0])})["turn"]
    np.testing.assert_allclose(found.value, np.exp(2j), rtol=1e-6)
    assert abs(found.error) < 1e-6


def test_spaces_and_defaults_take_complex_fields():
    theory = Theory(ModelFile(complex_field, "rotor", space=lambda: Box(1.0, 1)))
    position = jnp.array([0.5, -0.25])
    phi = theory.realise(position)
    box = theory.space
    np.testing.assert_allclose(box.integrate(box.evaluate(phi)), (0.5 - 0.5j) * 2 * np.sin(0.5), rtol=1e-12)
    found = theory.measure(position)["observables"]
    np.testing.assert_allclose(found["phi_squared"], 0.5, rtol=1e-12)
    assert not jnp.iscomplexobj(found["phi_squared"])
    separation = np.array(theory.observables["two_point"].coords["separation"])
    np.testing.assert_allclose(found["two_point"], 0.5 * np.exp(-1j * separation), rtol=1e-12)


def test_a_complex_field_of_a_lattice_is_looked_at_on_its_sites():
    def ring():
        a = numpyro.sample("a", dist.Normal(0, 1).expand([6]).to_event(1))
        return lambda x: jnp.exp(1j * a[jnp.round(x[0]).astype(int) % 6])

    assert Theory(ring).observables["two_point"].coords["separation"] == (0.0, 1.0, 2.0)


def test_exact_values_must_be_numbers_of_the_shape():
    with pytest.raises(ModelError, match="gives 'square' as 'one', not as an array of numbers"):
        Theory(ModelFile(complex_field, "rotor", observables=measured, exact=lambda: {"square": "one"}))
