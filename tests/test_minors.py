"""Determinants and Pfaffians of kernels of two points, and what they are asked wrongly."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import Bilocal
from nnft_ppl.observables import determinant, pfaffian
from nnft_ppl.observables.minors import pfaffian_of
from nnft_ppl.statistics import estimate, pulls

X, Y = np.array([[0.0], [1.0], [2.0]]), np.array([[0.5], [1.5], [2.5]])


def bell(x, y):
    return jnp.exp(-((x[0] - y[0]) ** 2) / 2)


def test_a_determinant_of_every_set_of_points():
    matrix = np.exp(-((X - Y.T) ** 2) / 2)
    assert determinant(X, Y)(bell) == pytest.approx(np.linalg.det(matrix), abs=1e-14)
    assert np.linalg.det(matrix) == pytest.approx(0.2374582, abs=1e-7)
    two = determinant(np.stack([X, X[::-1]]), np.stack([Y, Y]), ("order",))
    np.testing.assert_allclose(two(bell), np.linalg.det(matrix) * np.array([1, -1]), atol=1e-14)
    assert two.dims == ("order",)


def test_spinors_give_minors_between_points_and_components(rng):
    matrix = rng.normal(size=(2, 2)) + 1j

    def kernel(x, y):
        return matrix * bell(x, y)

    found = determinant(X[:2], Y[:2], rows=[0, 1], columns=[1, 0], field="dirac")({"dirac": kernel, "other": bell})
    points = np.exp(-((X[:2] - Y[:2].T) ** 2) / 2)
    wanted = matrix[0, 1] * points[0, 0] * matrix[1, 0] * points[1, 1]
    wanted -= matrix[0, 0] * points[0, 1] * matrix[1, 1] * points[1, 0]
    assert found == pytest.approx(wanted, abs=1e-14)


def pairings(matrix):
    """Pf A by its definition: the sum over pairings with their signs."""
    size = len(matrix)
    total = 0
    for order in itertools.permutations(range(size)):
        pairs = list(zip(order[::2], order[1::2], strict=True))
        if all(i < j for i, j in pairs) and [i for i, _ in pairs] == sorted(i for i, _ in pairs):
            sign = round(np.linalg.det(np.eye(size)[list(order)]))
            total += sign * np.prod([matrix[pair] for pair in pairs])
    return total


@pytest.mark.parametrize("size", [2, 4, 6])
def test_a_pfaffian_is_the_sum_over_pairings(rng, size):
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    matrix -= matrix.T
    if size > 2:
        matrix[0, 1] = matrix[1, 0] = 0  # what is eliminated first must not be divided by
    value = jax.jit(pfaffian_of)
    assert value(jnp.asarray(matrix)) == pytest.approx(pairings(matrix), abs=1e-12)
    assert value(jnp.asarray(matrix)) ** 2 == pytest.approx(np.linalg.det(matrix), abs=1e-11)
    slope = jax.jit(jax.grad(lambda t: jnp.real(pfaffian_of(t * jnp.asarray(matrix)))))(1.0)
    assert slope == pytest.approx(size / 2 * pairings(matrix).real, rel=1e-11)
    matrix[0] = matrix[:, 0] = 0
    assert value(jnp.asarray(matrix)) == 0


def test_majorana_fermions_of_any_real_features(rng):
    """E Pf A_N = N(N−1)···(N−n+1)/N^n Pf A for 2n points: one neuron's A is of rank two, and its Pfaffian zero."""
    points, width = np.array([[0.0], [0.4], [1.1], [1.5]]), 3

    def majorana(k):
        def left(x):
            return jnp.stack([k * jnp.cos(k * x[0]), k * jnp.sin(k * x[0])], axis=1)

        return Bilocal(left, lambda y: jnp.stack([-jnp.sin(k * y[0]), jnp.cos(k * y[0])], axis=1))

    four = pfaffian(points)
    momenta = jnp.asarray(rng.normal(size=(20_000, width)))
    found = np.asarray(jax.jit(jax.vmap(lambda k: four(majorana(k))))(momenta))
    apart = points - points.T
    exact = (1 - 1 / width) * pairings(apart * np.exp(-(apart**2) / 2))  # E k sin kz = z exp(−z²/2)
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - exact) < 5 * error
    assert abs(found.mean() - exact * 1.5) > 8 * error  # the control: infinite width


def test_ghosts_on_the_plane_and_cauchys_determinant(rng):
    """⟨b(z) c(w)⟩ = 1/(z − w) with a cut-off: k of density ∝ e^{−k²/Λ²}/|k|, weights of one modulus ∝ e^{−i arg k}."""
    z, w, width, cutoff = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), 4, 4.0

    def ghosts(size, angle):
        k = cutoff / np.sqrt(2) * jnp.abs(size)[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
        phase = -0.5j * np.sqrt(np.pi) * cutoff * jnp.exp(-1j * angle)
        return Bilocal(lambda x: phase * jnp.exp(1j * k @ x), lambda y: jnp.exp(-1j * k @ y))

    two, four = determinant(z[:1], w[:1]), determinant(z, w)
    draws = rng.normal(size=(40_000, width)), rng.uniform(0, 2 * np.pi, size=(40_000, width))
    read = jax.jit(jax.vmap(lambda *one: jnp.stack([two(ghosts(*one)), four(ghosts(*one))])))
    found = np.asarray(read(*draws))
    (a, b), (c, d) = z @ [1, 1j], w @ [1, 1j]
    apart = np.subtract.outer(z @ [1, 1j], w @ [1, 1j])
    cauchy = (a - b) * (d - c) / ((a - c) * (a - d) * (b - c) * (b - d))
    assert np.linalg.det(1 / apart) == pytest.approx(cauchy)
    smeared = 1 - np.exp(-4)  # 1 − e^{−|z|²Λ²/4}, as all distances are 1
    estimates = estimate({"two": found[None, :, 0], "four": found[None, :, 1]}, independent=True)
    exact = {"two": smeared / (a - c), "four": (1 - 1 / width) * smeared**2 * cauchy}
    wrong = {"two": smeared / np.conj(a - d), "four": smeared**2 * cauchy}  # the complex conjugate; infinite width
    for name, values in estimates.items():
        assert np.max(np.abs(pulls(values, np.asarray(exact[name])))) < 5
        assert np.max(np.abs(pulls(values, np.asarray(wrong[name])))) > 8


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: determinant(X, Y[:2]), r"x has shape \(3, 1\) and y \(2, 1\); give as many points of ψ̄ as of ψ"),
        (lambda: determinant(X[:, 0], Y[:, 0]), r"x has shape \(3,\); give \(\*shape, n, dim\), in d = 1"),
        (lambda: determinant(X, Y, rows=[0, 1, 0]), "of rows and columns one alone is given"),
        (lambda: determinant(X, Y, rows=[0, 1], columns=[0, 1]), r"rows = \[0, 1\]; give 3 components, one for each"),
        (lambda: determinant(X, Y, rows=[0] * 3, columns=[0] * 3)(bell), r"no components \[0, 0, 0\].*of shape \(\)"),
        (lambda: determinant(X, Y)(lambda x, y: jnp.eye(2)), r"S\(x, y\) has shape \(2, 2\); say which component"),
        (lambda: determinant(X, Y, rows=[0, 1, 2], columns=[0] * 3)(lambda x, y: jnp.eye(2)), "there are no compo"),
        (lambda: determinant(X, Y)(lambda x: x[0]), r"the field takes one point; it wants a kernel S\(x, y\)"),
        (lambda: pfaffian(X), r"x has shape \(3, 1\), 3 points; give an even number: a correlator of an odd"),
        (lambda: pfaffian(X[:2], components=[0]), r"components = \[0\]; give 2, one for each point"),
        (lambda: determinant([[np.nan]], [[0.0]]), "x holds NaN"),
    ],
)  # fmt: skip
def test_mistakes_are_named(ask, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ask()
