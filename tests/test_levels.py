"""Levels and overlaps from a matrix of correlators, against the spectral decomposition that it is made of."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import Theory, levels
from nnft_ppl.exact import free_circle_two_point, spectrum
from nnft_ppl.families import completed_odd_matrix
from nnft_ppl.fields import FourierSeries, free_scales
from nnft_ppl.observables import commutator, correlator_matrix, effective_mass, overlaps, plateau, two_point
from nnft_ppl.spaces import Circle
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelError, ModelFile

TIMES = np.array([0.5, 1.0])


def oscillator(period, coupling=6.0):
    """Thermal two-point functions of x and x³ at the times, and E₁ − E₀, E₃ − E₀."""
    energies, position = spectrum(coupling, 1.0)
    excited = energies - energies[0]
    operators = [position, position @ position @ position]
    weights = np.exp(-(period - TIMES)[:, None, None] * excited[:, None] - TIMES[:, None, None] * excited)
    weights /= np.sum(np.exp(-period * excited))
    matrix = np.array([[[np.sum(w * a * b) for b in operators] for a in operators] for w in weights])
    return matrix, excited[[1, 3]]


def test_levels_of_the_quartic_oscillator():
    """Two operators see E₁ to 1e-6 and E₃ to 1e-3; what is missing is E₅, and lifts E₃. On a circle: the cosh."""
    line, known = oscillator(60.0)
    found = np.asarray(levels("c", TIMES)({"c": line}))
    assert found[0] - known[0] == pytest.approx(0, abs=2e-6)
    assert 0 < found[1] - known[1] < 4e-3
    # Other combinations of the operators have the same levels.
    mix = np.array([[1.0, 0.0], [-3.0, 40.0]])
    np.testing.assert_allclose(levels("c", TIMES)({"c": mix @ line @ mix.T}), found, rtol=1e-9)
    circle, _ = oscillator(8.0)
    assert float(levels("c", TIMES, period=8.0)({"c": circle})[0]) == pytest.approx(known[0], abs=2e-4)
    assert abs(float(levels("c", TIMES)({"c": circle})[0]) - known[0]) < abs(
        float(levels("c", TIMES)({"c": oscillator(4.0)[0]})[0]) - known[0]
    )


def test_errors_are_those_of_the_draws(rng):
    """Correlated noise on the matrix; the levels of another coupling are rejected."""
    matrix, _ = oscillator(60.0)
    shared = rng.normal(size=(2, 4000, 1, 1, 1))
    noise = rng.normal(size=(2, 4000, *matrix.shape))
    series = matrix * (1 + 0.3 * shared) + 0.02 * matrix[1, 0, 0] * (noise + np.swapaxes(noise, 3, 4))
    quantity = levels("c", TIMES)
    found = estimate({"c": series}, {"levels": quantity}, independent=True)["levels"]
    assert worst_pull(found, np.asarray(quantity({"c": matrix}))) < ACCEPTED
    other = np.asarray(quantity({"c": oscillator(60.0, 24.0)[0]}))
    assert worst_pull(found, other) > REJECTED
    # Noise that all entries share cancels: two times with errors of their own would leave five times as much.
    assert found.error[0] < 0.2 * np.sqrt(2) * 0.3 / np.sqrt(8000) / (TIMES[1] - TIMES[0])


def test_overlaps_of_the_quartic_oscillator():
    """|⟨1|x|0⟩|² and |⟨3|x|0⟩|² of λ = 6, with and without images; those of λ = 24 are others."""
    known, other = np.array([0.354434358, 4.05387e-4]), np.array([0.256643450, 5.05485e-4])
    for matrix, period in ((oscillator(60.0)[0], None), (oscillator(8.0)[0], 8.0)):
        found = np.asarray(overlaps("c", TIMES, period=period)({"c": matrix}))
        assert (abs(found[0] / known - 1) < [1e-3, 0.03]).all()
        assert (abs(found[0] / other - 1) > 0.15).all()
    # Without mixing it is the amplitude squared, and the sum over levels C(0).
    a, times = np.array([[0.6, 0.1], [0.3, 0.8]]), np.array([0.2, 0.3, 0.5])
    matrix = np.stack([a @ np.diag(np.exp(-np.array([1.4, 4.9]) * t)) @ a.T for t in times])
    np.testing.assert_allclose(overlaps("c", times, (0, 1, 2))({"c": matrix}), a**2, rtol=1e-9)


def test_several_times_are_averaged_and_those_without_a_level_left_out():
    a, times = np.array([[0.6, 0.1], [0.3, 0.8]]), np.array([0.5, 0.7, 1.0, 1.5])
    matrix = np.stack([a.T @ np.diag(np.exp(-np.array([1.4, 4.9]) * t)) @ a for t in times])
    several = levels("c", times, (0, 1, 2, 3))
    assert several.remark is not None
    np.testing.assert_allclose(several({"c": matrix}), [1.4, 4.9], rtol=1e-9)
    assert several.remark({"c": matrix}) == ""
    noisy = matrix.copy()
    noisy[3] -= 2e-3 * np.eye(2)  # where level 1 has e^(−4.9) of its size, and is lost
    words = "level 1 without t = 1.5, where no level has such an eigenvalue"
    assert several.remark({"c": noisy}) == words
    found = np.asarray(several({"c": noisy}))
    assert found[1] == pytest.approx(4.9, rel=1e-9)  # of the others
    slopes = jax.jit(jax.jacrev(lambda c: several({"c": c})))(jnp.asarray(noisy))
    assert np.isfinite(slopes).all()
    # A correlator alone is a matrix of one operator, and what is known to be missing is added.
    lowest = levels("c", times, (0, 1, 2, 3), missing=0.1)
    np.testing.assert_allclose(lowest({"c": np.exp(-1.4 * times) - 0.1}), [1.4], rtol=1e-9)


def test_missing_modes_are_completed(rng):
    """The free field of two modes stands for that of all: 3 G(0) G(t) and 9 G(0)² G(t) + 6 G(t)³, at every draw."""
    period, times, draws = 4.0, np.array([0.25, 0.75]), 20_000
    zero, scales = free_scales(period, 1.0, 2)
    z = jnp.asarray(rng.normal(size=(draws, 5)))

    def measured(observable):
        def one(z):
            return observable(FourierSeries(period, zero * z[0], scales * z[1:3], scales * z[3:]))

        return np.asarray(jax.jit(jax.vmap(one))(z))[None]

    known, missing = free_circle_two_point(times, period, 1.0), free_circle_two_point(0.0, period, 1.0)
    corner, last = 3 * missing * known, 9 * missing**2 * known + 6 * known**3
    exact = np.moveaxis(np.array([[known, corner], [corner, last]]), 2, 0)
    pairs = correlator_matrix(Circle(period, points=20), [lambda f: f, lambda f: f**3], times.tolist())
    series = {"c": measured(completed_odd_matrix(times, period, 1.0, 2)), "raw": measured(pairs)}
    found = estimate(series, independent=True)
    assert worst_pull(found["c"], exact) < ACCEPTED
    assert worst_pull(found["raw"], exact) > REJECTED


def test_quantities_that_are_declared_together():
    """Each is a function of the means and of those before it."""
    matrix, _ = oscillator(60.0)
    means, before = {"c": matrix, "g": np.exp(-1.3 * TIMES)}, {"levels": levels("c", TIMES)}
    for quantity in (levels("c", TIMES), overlaps("c", TIMES), plateau("g", TIMES, (0.0, 2.0))):
        np.testing.assert_array_equal(quantity.among("second", before)(means), quantity(means))


def test_undefined_levels_are_unknown():
    assert np.isnan(levels("c", TIMES)({"c": np.stack([-np.eye(2), np.eye(2)])})).all()
    rising = np.asarray(levels("c", TIMES, period=4.0)({"c": np.stack([np.eye(2), np.diag([2.0, 0.5])])}))
    assert np.isnan(rising).tolist() == [True, False]


def test_matrix_of_a_field(rng):
    """Against averages over a grid, at times that are multiples of its spacing, and between them for φφ."""
    phi = FourierSeries(4.0, *(jnp.asarray(rng.normal(size=shape)) for shape in ((), 5, 5)))
    circle = Circle(4.0, points=64)
    steps = np.array([0, 3, 32])
    found = np.asarray(correlator_matrix(circle, [lambda f: f, lambda f: f**3], steps / 16)(phi))
    values = np.asarray(circle.evaluate(phi))
    powers = np.stack([values, values**3])
    for step, matrix in zip(steps, found, strict=True):
        shifted = np.roll(powers, -step, axis=1)
        expected = powers @ shifted.T / 64
        np.testing.assert_allclose(matrix, (expected + expected.T) / 2, rtol=1e-9, atol=1e-9)
    between = correlator_matrix(circle, [lambda f: f], [0.123])(phi)
    np.testing.assert_allclose(between[0, 0, 0], phi.translation_average(0.123), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: levels("c", TIMES, (0, 2)), r"between = \(0, 2\); give the numbers of two of the 2 times"),
        (lambda: levels("c", TIMES, (1, 0)), "goes from t = 1 to 0.5; give a later one"),
        (lambda: levels("c", TIMES, period=1.5), "give distances from 0 to half the period, 0.75"),
        (lambda: levels("c", TIMES)({"c": np.ones((2, 3))}), r"'c' has shape \(2, 3\); give \(point, operator, operat"),
        (lambda: levels("c", TIMES)({"c": np.ones(3)}), r"'c' has shape \(3,\); .* for 2 points"),
        (lambda: levels("c", TIMES, (0,)), r"between = \(0,\); give the numbers of two of the 2 times"),
        (lambda: overlaps("c", [1.0, 2.0, 0.5], (0, 1, 2)), r"overlaps: .* goes from t = 1 to 0.5; give a later one"),
        (lambda: levels("c", TIMES, missing=np.nan), "levels: missing"),
        (lambda: correlator_matrix(Circle(4.0), [], [1.0]), "operators is empty"),
    ],
)
def test_mistakes(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_other_times_than_those_of_the_observable_are_refused():
    """The same numbers at other times would be other levels, without a word."""

    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        return lambda x: a * jnp.cos(x[0])

    def observables(time):
        return lambda: {"g": two_point([0.0, 0.25, 0.5]), "gap": levels("g", time)}

    times = (0.0, 0.25, 0.5)
    right = Theory(ModelFile(model, "one", observables=observables(times)))
    assert "gap" in right.derived
    other = (0.0, 1.0, 2.0)
    with pytest.raises(ModelError, match=r"derived 'gap' takes 'g' at separation = \[0. 1. 2.\], and it is measured"):
        Theory(ModelFile(model, "other", observables=observables(other)))
    for taken in (commutator("g", other), effective_mass("g", other), levels("g", other)):
        assert taken.misplaced("g", ("separation",), {"separation": times})
        assert not taken.misplaced("g", ("separation",), {"separation": other})
        assert not taken.misplaced("g", ("separation",), {})


def test_weights_of_later_times_do_not_follow_the_noise():
    """One state with noise of 3 %: the average of five times is within its error, by the linear law, of the truth."""
    times, truth, noise = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0]), 2.0, 0.01
    found = levels("g", times, between=tuple(range(6)))
    draws = np.exp(-truth * times) + noise * np.random.default_rng(0).normal(size=(400, 6))
    slopes = jax.jit(jax.vmap(jax.jacrev(lambda values: found({"g": values})[0])))(jnp.asarray(draws))
    values = np.asarray(jax.jit(jax.vmap(lambda values: found({"g": values})[0]))(jnp.asarray(draws)))
    pulls = (values - truth) / (noise * np.linalg.norm(np.asarray(slopes), axis=1))
    assert abs(np.nanmean(pulls)) < 0.5  # eigenvalues' own weights: -0.95
