"""Kernels of two points: their formula, mixed weights against Berezin's integral, and what they refuse."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import Bilocal
from nnft_ppl.statistics import average_phase_of, estimate

X, Y = np.array([0.3, -0.8]), np.array([1.1, 0.4])
F, G = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.7, -1.1])


def waves(k, sign):
    return lambda x: jnp.exp(sign * 1j * (k @ x))


def test_the_formula_of_each_form(rng):
    k = rng.normal(size=(3, 2))
    kernel = Bilocal(waves(k, 1), waves(k, -1))
    assert kernel(X, Y) == pytest.approx(np.exp(1j * k @ (X - Y)).mean(), abs=1e-14)
    assert kernel(X) == pytest.approx(np.exp(1j * k @ X).mean(), abs=1e-14)  # from the origin

    def cosines(x):
        return jnp.stack([jnp.cos(k @ x), jnp.sin(k @ x)], axis=1)

    assert Bilocal(cosines, cosines)(X, Y) == pytest.approx(np.cos(k @ (X - Y)).mean(), abs=1e-14)
    matrix = rng.normal(size=(3, 2, 2))
    spinors = Bilocal(waves(k, 1), waves(k, -1), jnp.asarray(matrix))(X, Y)
    np.testing.assert_allclose(spinors, np.einsum("i,iab->ab", np.exp(1j * k @ (X - Y)), matrix) / 3, atol=1e-14)
    single = jax.jit(lambda k, x: Bilocal(waves(k, 1), waves(k, -1))(x))(
        *(jnp.asarray(one, "float32") for one in (k, X))
    )
    assert single.dtype == jnp.complex64
    assert single == pytest.approx(complex(kernel(X)), abs=1e-6)


def berezin(matrix):
    """∫dη̄ dη exp(−η̄Aη) η_j η̄_k by the exponential's expansion: minors of A, for each j and k, and without any."""
    size = len(matrix)

    def sum_of_permutations(rows, columns):
        total = 0
        for order in itertools.permutations(range(len(rows))):
            sign = round(np.linalg.det(np.eye(len(rows))[list(order)])) if rows else 1
            total += sign * np.prod([matrix[row, columns[at]] for row, at in zip(rows, order, strict=True)])
        return total

    every = tuple(range(size))
    # η_j η̄_k saturates its two integrals; the rest of the exponential must saturate those of all others.
    two = [
        [
            (-1) ** (j + k) * sum_of_permutations(tuple(r for r in every if r != k), tuple(c for c in every if c != j))
            for k in every
        ]
        for j in every
    ]
    return sum_of_permutations(every, every), np.array(two)


@pytest.mark.parametrize("kind", [float, complex])
def test_mixed_weights_are_berezin_integrals(rng, kind):
    mixing = (rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))).astype(kind) if kind is complex else -np.eye(3)
    kernel = Bilocal(lambda x: jnp.asarray(F), lambda y: jnp.asarray(G), mixing=jnp.asarray(mixing))
    integral, two = berezin(mixing)
    assert np.exp(kernel.log_determinant()) == pytest.approx(integral, abs=1e-12)
    assert kernel(X, Y) == pytest.approx(F @ two @ G / integral / 3, abs=1e-12)
    # Control: the transposed matrix is another theory.
    assert (abs(F @ two.T @ G - F @ two @ G) > 0.1) == (kind is complex)
    assert Bilocal(kernel.left, kernel.right).log_determinant() == 0


def test_a_four_fermion_term_and_its_sign_problem(rng):
    """The density exp(−η̄η − g(η̄η)²/2) by an auxiliary s: of three neurons ⟨ψψ̄⟩ has (1 − g)/(1 − 3g), Z = 1 − 3g."""
    s, coupling = jnp.asarray(rng.normal(size=40_000)), 0.1

    def weighed(s, coupling):
        kernel = Bilocal(jnp.ones_like, jnp.ones_like, mixing=(1 - 1j * coupling**0.5 * s) * jnp.eye(3))
        return kernel(jnp.ones(3), jnp.ones(3)), kernel.log_determinant()

    weigh = jax.jit(jax.vmap(weighed, (0, None)))
    values, logs = (np.asarray(one)[None] for one in weigh(s, coupling))
    told = {"independent": True, "log_weights": logs.real, "phase": logs.imag}
    found = estimate({"two_point": values}, **told)["two_point"]
    exact = (1 - coupling) / (1 - 3 * coupling)
    assert abs(found.value.real - exact) < 5 * found.error.real
    assert abs(found.value.real - 1) > 8 * found.error.real  # the control: weights without the term
    for strength, known in ((coupling, True), (1 / 3, False)):
        _, logs = (np.asarray(one)[None] for one in weigh(s, strength))
        assert average_phase_of(logs.imag, logs.real, independent=True).known is known


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"right": lambda y: jnp.ones(2)}, r"features have shapes \(3,\) and \(2,\); give \(neuron,\) or"),
        ({"matrix": jnp.ones((2, 1, 1))}, r"matrix has shape \(2, 1, 1\) and there are 3 neurons"),
        ({"matrix": jnp.ones((3, 2))}, r"matrix has shape \(3, 2\); give \(neuron, row, column\)"),
        ({"mixing": jnp.eye(4)}, r"mixing has shape \(4, 4\) and there are 3 pairs of weights; give a row and"),
        ({"mixing": jnp.ones((3, 2))}, r"mixing has shape \(3, 2\); give a square matrix"),
        ({"mixing": jnp.eye(3), "matrix": jnp.ones((3, 1, 1))}, "matrix and mixing are both given; put the matrices"),
    ],
)
def test_what_does_not_fit_is_named(keywords, message):
    with pytest.raises(ValueError, match=f"Bilocal: {message}"):
        Bilocal(**({"left": lambda x: jnp.asarray(F), "right": lambda y: jnp.asarray(G)} | keywords))(X, Y)
