"""Models of quantum mechanics: draws against exact answers, which those of the controls must miss."""

import jax
import numpy as np
import pytest
from scipy import integrate
from statistical import ACCEPTED

from nnft_ppl import load
from nnft_ppl.exact import composite_positivity, lowest, pointwise_kernel, time_kernel
from nnft_ppl.statistics import estimate

FAR = 8.0
"""Errors by which a control is rejected."""


def drawn(theory, key, draws):
    """Every observable on independent draws."""
    measured = jax.jit(jax.vmap(lambda key: theory.measure(theory.free_draw(key))["observables"]))
    return {name: np.asarray(values) for name, values in measured(jax.random.split(key, draws)).items()}


def pulls(found, exact):
    """By name the largest distance of a mean from its exact value, in errors."""

    def pull(draws, answer):
        error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
        return float(np.nanmax(np.abs(draws.mean(axis=0) - answer) / np.maximum(error, 1e-13)))

    return {name: pull(found[name], answer) for name, answer in exact.items() if name in found}


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("parameter_splitting", {"mass": 0.8}),
        ("cauchy_scalar", {"dim": 2, "width": 3, "spatial_cutoff": 2.0}),
        ("smooth_kernel", {"kernel": "smeared", "width": 2}),
    ],
)
def test_draws_have_the_exact_answers_and_not_those_of_the_control(name, keywords, key):
    theory = load(name, **keywords)
    found = drawn(theory, key, 8000)
    assert set(found) == set(theory.exact) - set(theory.derived)
    assert max(pulls(found, theory.exact).values()) < ACCEPTED
    one_dimension = {**keywords, **({"dim": 1} if name == "cauchy_scalar" else {})}  # where its control is known
    wrong = load(name, **{**one_dimension, **theory.control.keywords}).exact
    assert max(pulls(found, wrong).values()) > FAR


@pytest.fixture(scope="module")
def path_draws():
    """The erf network at variance ½ and weight 2."""
    theory = load("ornstein_uhlenbeck_net", variance=0.5, weight=2.0)
    return theory, drawn(theory, jax.random.key(4), 20_000)


def test_two_point_function_and_roughness_of_the_network_on_a_path(path_draws):
    theory, found = path_draws
    assert max(pulls(found, theory.exact).values()) < ACCEPTED
    mixed = load("ornstein_uhlenbeck_net", variance=0.5, weight=2.0, **theory.control.keywords)
    assert set(mixed.exact) == {"two_point", "commutator"}
    assert max(pulls(found, mixed.exact).values()) > FAR


def test_levels_and_weights_of_the_network_on_a_path(path_draws):
    """Gaps 1 and 3 with the weights .5093 and .0543; those of the unit case are rejected."""
    theory, found = path_draws
    quantities = estimate({"matrix": found["matrix"].reshape(2, -1, 2, 3, 3)}, theory.derived, independent=True)
    gaps, weights = quantities["levels"], quantities["weights"]
    np.testing.assert_allclose(theory.exact["weights"][:2], [0.5093, 0.0543], atol=5e-5)
    for one, exact in ((gaps, theory.exact["levels"]), (weights, theory.exact["weights"])):
        known = np.isfinite(exact)
        assert np.max(np.abs(one.value - exact)[known] / one.error[known]) < ACCEPTED
    unit = load("ornstein_uhlenbeck_net").exact["weights"]
    np.testing.assert_allclose(unit[:2], [0.4244, 0.0314], atol=5e-5)
    assert np.min(np.abs(weights.value - unit)[:2] / weights.error[:2]) > FAR
    assert np.max(gaps.error[:2] / gaps.value[:2]) < 0.05


def covariance(theory, times):
    """Of the field at times, from its slopes in the standard normals that it is linear in."""
    points = np.asarray(times)[:, None]
    rows = jax.jit(jax.vmap(lambda z: jax.vmap(theory.realise(z))(points)))(np.eye(theory.dimension))
    return np.asarray(rows).T @ np.asarray(rows)


@pytest.mark.parametrize(("mass", "correlation"), [(1.0, 0.0), (0.6, 0.0), (2.5, -0.5), (1.3, 0.8)])
def test_split_halves_by_their_linear_map(mass, correlation):
    theory = load("parameter_splitting", mass=mass, correlation=correlation)
    exact = theory.exact
    s, t = np.array([[0.5, 0.5], [0.5, 1.0], [1.0, 1.0], [0.25, 2.0]]).T / mass
    found = covariance(theory, np.concatenate([-s, s, t, [0.0, 0.01 / mass, 1 / mass, 1.01 / mass]]))
    across, same = np.diagonal(found[:4, 8:12]), np.diagonal(found[4:8, 8:12])
    np.testing.assert_allclose(exact["across"], across, rtol=1e-12)
    np.testing.assert_allclose(exact["same_side"], same, rtol=1e-12)
    square = np.diagonal(found[:4, :4]) * np.diagonal(found[8:12, 8:12])
    np.testing.assert_allclose(exact["four_point"], square + 2 * across**2, rtol=1e-12)
    rough = [found[a, a] + found[a + 1, a + 1] - 2 * found[a, a + 1] for a in (12, 14)]
    np.testing.assert_allclose(exact["commutator"], np.array(rough) * mass / 0.01, rtol=1e-9)
    free = found[4, 4] * np.exp(-2.0)  # ⟨φ(.5)²⟩ e^{−2}; the rest of ⟨F²⟩ has φ(1)
    norm = free + found[9, 9] * np.exp(-1.0) - 2 * np.exp(-1.5) * found[5, 9]
    assert exact["witness"] == pytest.approx(correlation * norm, abs=1e-12)


@pytest.mark.parametrize(
    ("decay", "variance", "weight", "delay"), [(1.3, 0.5 / 1.3, 1.0, 0.0), (0.7, 2.0, 0.5, 0.3), (2.0, 0.4, 3.0, 0.5)]
)
def test_a_linear_network_on_the_path_by_its_linear_map(decay, variance, weight, delay):
    keywords = {"decay": decay, "variance": variance, "weight": weight, "delay": delay}
    theory = load("ornstein_uhlenbeck_net", activation="linear", **keywords)
    separations, steps = np.array([0, 0.3, 0.7, 1, 2]) / decay, np.array([0.05, 0.1, 0.5]) / decay
    found = covariance(theory, np.concatenate([separations, steps]))[0]
    np.testing.assert_allclose(theory.exact["two_point"], found[:5], rtol=1e-12)
    np.testing.assert_allclose(theory.exact["commutator"], 2 * (found[0] - found[5:]) / steps, rtol=1e-9)
    if decay == 1.3:  # the canonical process
        assert theory.exact["commutator"][0] == pytest.approx(-np.expm1(-0.05) / 0.05)
        assert -np.expm1(-1.3 * 0.05) / (1.3 * 0.05) == pytest.approx(0.9681929, abs=5e-8)


def test_a_layer_that_mixes_times_is_not_reflection_positive():
    """K(t + t') of (x_{t−½} + x_{t+½})/2 where t + t' may be below 1, and at t ≥ ½; x itself has the eigenvalue 0."""
    times = np.array([0.25, 0.75, 1.5])

    def smallest(delay, at):
        lags = np.abs(np.add.outer(np.add.outer(at, at), [0, 0, 2 * delay, -2 * delay]))
        return lowest(pointwise_kernel("linear", np.mean(np.exp(-lags), axis=-1))).value

    assert smallest(0.5, times) < -0.01
    assert smallest(0.5, times + 0.5) > -1e-15
    assert smallest(0.0, times) > -1e-15


def test_one_neuron_with_cauchys_momentum(key):
    """−.066498 at the fixed v = (−.8412, .5408); not what infinitely many neurons have."""
    theory = load("cauchy_scalar", width=1)
    found = drawn(theory, key, 8000)
    assert max(pulls(found, theory.exact).values()) < ACCEPTED
    vector = np.array([-0.8412, 0.5408])
    draws = np.einsum("i,nij,j->n", vector, found["positivity"], vector)
    error = draws.std() / np.sqrt(len(draws))
    assert abs(draws.mean() + 0.066498) < ACCEPTED * error
    many = composite_positivity([0.05, 0.05, 2.0], np.inf, 1, 1.0)
    assert abs(draws.mean() - vector @ many @ vector) > FAR * error
    assert theory.exact["witness"] == pytest.approx(-0.066498, abs=5e-7)


@pytest.mark.parametrize(
    ("kernel", "density"),
    [
        ("gaussian", lambda b: np.exp(-(b**2) / 2) / np.sqrt(2 * np.pi)),
        ("matern32", lambda b: 2 / np.pi / (1 + b**2) ** 2),
        ("matern52", lambda b: 8 / (3 * np.pi) / (1 + b**2) ** 3),
        ("smeared", lambda b: np.cos(b / 2) ** 2 / (np.pi * (1 + b**2))),
        ("pauli_villars", lambda b: 3 / (2 * np.pi * (1 + b**2) * (4 + b**2))),
        ("ball", lambda b: np.where(np.abs(b) < 5, 1 / (2 * np.pi * (1 + b**2)), 0)),
        ("exponential", lambda b: 1 / (np.pi * (1 + b**2))),
    ],
)
def test_kernels_are_transforms_of_positive_densities(kernel, density):
    """By quadrature at three times; and nothing but e^{−t} is reflection positive at them."""
    end = 5.0 if kernel == "ball" else np.inf
    for time in (0.3, 0.8, 1.7):
        found, _ = integrate.quad(lambda b: 2 * density(b), 0, end, weight="cos", wvar=time, limlst=200)
        assert float(time_kernel(kernel, 2 * time, length=2.0)) == pytest.approx(found, abs=2e-8)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("ornstein_uhlenbeck_net", {"activation": "gelu"}, "activation = 'gelu'; give one of 'erf'"),
        ("ornstein_uhlenbeck_net", {"decay": 0.0}, "decay = 0.0; give a finite number > 0"),
        ("ornstein_uhlenbeck_net", {"delay": -1.0}, "delay = -1.0; give a finite number >= 0"),
        ("parameter_splitting", {"correlation": 1.0}, "correlation = 1.0; give a number between -1 and 1"),
        ("parameter_splitting", {"mass": -1.0}, "mass = -1.0; give a finite number > 0"),
        ("cauchy_scalar", {"dim": 5}, "dim = 5"),
        ("cauchy_scalar", {"mass": 0.0}, "mass = 0.0; give a finite number > 0"),
        ("cauchy_scalar", {"spatial_cutoff": 0.0}, "cutoff = 0.0; give a finite number > 0"),
        ("cauchy_scalar", {"frequency": "student"}, "frequency = 'student'; give one of 'cauchy'"),
        ("smooth_kernel", {"kernel": "matern"}, "kernel = 'matern'; give one of 'exponential'"),
        ("smooth_kernel", {"length": 0.0}, "length = 0.0; give a finite number > 0"),
    ],
)
def test_mistakes(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
