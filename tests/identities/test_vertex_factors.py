"""Vertex operators with insertions before them, normal-ordered ones, and those that must be neutral."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory
from nnft_ppl.identities.improved import Improvement
from nnft_ppl.observables import at, derivative, vertex
from nnft_ppl.theory import ModelFile

PLACES, CHARGES = np.array([0.5, 2.0]), np.array([0.7, -0.4])


def line():
    """φ(x) = 1 + a_0 + a_1 x."""
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    return lambda x: 1 + a[0] + a[1] * x[0]


def observables():
    slope, here = derivative([[0.0], [1.0]], 0), at([[-1.0], [3.0]])
    return {
        "one": vertex(PLACES[:, None], CHARGES, times=(here,), dims=("x",)),
        "two": vertex(PLACES[:, None], CHARGES, times=(here, slope), dims=("x",), ordering=2.0),
        "ordered": vertex(np.stack([PLACES[:, None]] * 3), CHARGES, dims=("copy",), ordering=2.0),
    }


def known() -> dict[str, np.ndarray]:
    """With E = i Σ p φ(x_j): shifts are covariances with it."""
    features = np.stack([np.ones(2), PLACES])  # of a_0 and a_1
    charge = features @ CHARGES
    mean = np.exp(1j * CHARGES.sum() - charge @ charge / 2)
    here, slope = np.array([[1.0, -1.0], [1.0, 3.0]]), np.array([0.0, 1.0])
    shifted = 1 + 1j * here @ charge
    lifted = mean * np.exp(CHARGES @ CHARGES)
    return {"one": shifted * mean, "two": (shifted * (1j * slope @ charge) + here @ slope) * lifted, "ordered": lifted}


def test_averages_over_amplitudes_are_taken_by_hand(seed):
    theory = Theory(ModelFile(line, "line", observables=observables))
    draws = np.random.default_rng(seed).normal(size=(4000, 2))
    improved = Improvement(theory)
    assert improved.names == ("one", "two", "ordered")
    for name, value in known().items():
        here = improved(jnp.asarray(draws[0]))[name]
        np.testing.assert_allclose(here, np.broadcast_to(value, here.shape), rtol=1e-12)
        assert np.shape(theory.observables[name].on(theory.at(jnp.asarray(draws[0])))) == here.shape
    # As they are, with their noise; the control is the product without the shift.
    x = 1 + draws[:, :1] + draws[:, 1:] * np.array([-1.0, 3.0])
    phases = np.exp(1j * (1 + draws[:, :1] + draws[:, 1:] * PLACES) @ CHARGES)
    one, error = np.mean(x * phases[:, None], axis=0), np.std(x * phases[:, None], axis=0) / np.sqrt(len(draws))
    assert np.max(np.abs(one - known()["one"]) / error) < ACCEPTED
    assert np.max(np.abs(one - np.mean(phases)) / error) > REJECTED


def test_of_a_field_without_constant_part_no_rounding_is_left():
    """Its vertex operators are real on average, to the last bit; a constant part stays."""
    points = jnp.asarray(np.random.default_rng(2).normal(size=(200, 2)))

    def imaginary(constant: float) -> np.ndarray:
        def model():
            a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
            return lambda x: a[0] * jnp.cos(x[0]) + a[1] * jnp.sin(x[0]) + constant

        measured = {"vertex": vertex([[0.1], [2.0]], [0.7, -0.4])}
        improved = Improvement(Theory(ModelFile(model, "waves", observables=lambda: measured)))
        return np.asarray(jax.vmap(lambda z: improved(z)["vertex"].imag)(points))

    assert not np.any(imaginary(0.0))
    assert np.all(imaginary(1e-6) > 1e-8)


@pytest.mark.parametrize(
    ("charges", "message"),
    [
        ([0.5, -0.4], r"vertex: charges \[0.5, -0.4\] add up to 0.1;.*give charges that add up to 0"),
        ([1.0, 1.0], "neutral"),
    ],
)
def test_charges_that_must_be_neutral(charges, message):
    with pytest.raises(ValueError, match=message):
        vertex([[0.0], [1.0]], charges, neutral=True)
    assert vertex([[0.0], [1.0]], charges) is not None
    assert vertex([[0.0], [1.0]], [0.5, -0.5], neutral=True) is not None


def test_factors_are_insertions():
    with pytest.raises(TypeError, match=r"vertex: .* is no insertion"):
        vertex([[0.0]], [1.0], times=(lambda phi: 1.0,))
    with pytest.raises(ValueError, match="vertex: points have dimensions"):
        vertex([[0.0]], [1.0], times=(at([0.0, 0.0]),))
