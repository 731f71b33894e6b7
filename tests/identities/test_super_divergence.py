"""The super-divergence: Berezin's change of variables, ghosts on the sphere, and the index of Dirac's operator."""

import jax
import jax.numpy as jnp
import pytest

from nnft_ppl.exact import overlap_index
from nnft_ppl.identities import VectorFieldError, super_divergence

GRASSMANN = ("eta", "eta_bar")


def test_it_is_what_the_integral_over_weights_demands(rng):
    """∫dη̄ dη exp(−η̄Aη) = det A does not change with the integration variables; the sign of bosons would change it."""
    turn, turn_bar, mixing = rng.normal(size=(3, 4, 4))

    def flow(one):
        return {"eta": turn @ one["eta"], "eta_bar": one["eta_bar"] @ turn_bar}

    weights = {"eta": jnp.zeros(4), "eta_bar": jnp.zeros(4)}
    measure = float(jax.jit(lambda weights: super_divergence(flow, weights, GRASSMANN))(weights))

    def log_integral(step):
        one = jnp.eye(4)
        return jnp.linalg.slogdet((one + step * turn_bar) @ mixing @ (one + step * turn))[1]

    change = float(jax.jit(jax.grad(log_integral))(0.0))
    assert change + measure == pytest.approx(0, abs=1e-12)
    assert abs(change - measure) > 1


def test_parameters_count_with_the_other_sign_and_coefficients_may_depend_on_them():
    point = {"k": jnp.array([0.5, -1.0]), "eta": jnp.array([3.0, 1.0])}

    def flow(one):
        return {"k": one["k"] ** 2, "eta": jnp.sum(one["k"]) * one["eta"]}

    assert super_divergence(flow, point, ["eta"]) == pytest.approx(2 * -0.5 - 2 * -0.5)
    assert super_divergence(flow, point, []) == pytest.approx(2 * -0.5 + 2 * -0.5)  # no Grassmann weights
    assert jax.jit(lambda point: super_divergence(flow, point, ["eta"]))(point) == pytest.approx(0)


def test_ghosts_on_the_sphere_under_a_constant_rescaling():
    """b → b + εb, c → c − 2εc on the paired modes l ≥ 2 and the three Killing modes of c, both chiralities."""
    most = 4
    number = sum(2 * level + 1 for level in range(2, most + 1))
    modes = {"X": jnp.zeros(number + 4), "b": jnp.zeros(number), "c": jnp.zeros(number), "killing": jnp.zeros(3)}

    def flow(one):
        return {"X": -one["X"], "b": one["b"], "c": -2 * one["c"], "killing": -2 * one["killing"]}

    def still(one):
        return flow(one) | {"X": 0 * one["X"]}

    right, wrong, matter = jax.jit(
        lambda modes: (
            2 * super_divergence(still, modes, ("b", "c", "killing")),
            2 * super_divergence(still, modes, ()),
            super_divergence(lambda one: {"X": flow(one)["X"]}, modes, ()),
        )
    )(modes)
    ghosts = float(right)
    assert ghosts == 2 * number + 12
    assert matter == -(sum(2 * level + 1 for level in range(1, most + 1)) + 1)
    # With zeta's sums for the divergent ones, −D(1 − 2/3) + 2(−5/3) + 12 = −(D − 26)/3.
    zeta_matter, zeta_ghosts = -2 / 3, -5 / 3
    assert (2 * zeta_ghosts + ghosts - 2 * number) / (zeta_matter + 1) == pytest.approx(26)
    # The control: ghosts of the wrong statistics.
    assert wrong == -ghosts


@pytest.mark.parametrize("flux", [-1, 0, 1, 2, 3])
def test_the_index_is_the_flux_and_naive_fermions_have_none(flux):
    assert overlap_index(6, flux) == flux
    assert overlap_index(6, flux, wilson=0.0, height=0.7) == 0


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: super_divergence(lambda one: one, {"a": 0.0}, ["b"]), r"no parameter \['b'\]; there are \['a'\]"),
        (lambda: super_divergence(lambda one: {"a": one["a"] ** 2}, {"a": 0.0}, ["a"]), "'a' is not linear in the Gr"),
        (
            lambda: super_divergence(lambda one: {"k": one["a"]}, {"k": 0.0, "a": 0.0}, ["a"]),
            r"'k' moves by the Grassmann weights \['a'\]",
        ),
        (lambda: super_divergence(lambda one: {"z": 1.0}, {"a": 0.0}, ["a"]), "moves 'z'; the sites are"),
        (lambda: overlap_index(6, 1, height=2.0), "height = 2.0; give a number between 0 and 2"),
        (lambda: overlap_index(60, 1), "size = 60; give an integer from 2 to 24"),
        (lambda: overlap_index(4, 0, wilson=0.5), "H has an eigenvalue of zero at height = 1.0; give another height"),
    ],
)
def test_mistakes_are_named(ask, message):
    with pytest.raises((ValueError, TypeError, VectorFieldError), match=message):
        ask()
