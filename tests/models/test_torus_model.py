"""φ⁴ on a torus: the free propagator of the modes in every draw, and the slope in the coupling with its control."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl import load
from nnft_ppl.exact import torus_first_order, torus_propagator
from nnft_ppl.identities import Improvement

AXIS = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
# −½ G_K(0) Σ_p cos(p·x)/(V (p² + m²)²) at the defaults.
SLOPES = np.array([-0.0126231, -0.0077758, -0.0037228, -0.0013168])
DRAWS = 24_000


def test_free_propagator_of_the_modes_in_every_draw(key):
    theory = load("phi4_torus", coupling=0.0)
    found = Improvement(theory)
    assert {"two_point", "phi_squared", "mean_squared"} <= set(found.names)
    improved = found(theory.free_draw(key))
    for name in ("two_point", "phi_squared", "mean_squared", "mean_fourth"):
        np.testing.assert_allclose(improved[name], theory.exact[name], rtol=1e-12)
    # Control: one mode more on every axis.
    other = torus_propagator(AXIS, 8.0, 1.0, 9)
    assert np.min(np.abs(improved["two_point"] / other - 1)) > 1e-6


def test_the_average_over_translations_has_less_noise_than_one_pair(key):
    """At λ = 0 exactly: Var = (2/V²) Σ_p cos²(p·r)/(p²+m²)² against G(0)² + G(r)² of φ(0) φ(r)."""
    theory = load("phi4_torus", coupling=0.0)

    def measure(one):
        phi = theory.at(theory.free_draw(one)).returned
        return jnp.stack([phi.translation_average(AXIS), phi(AXIS[0]) * jax.vmap(phi)(jnp.asarray(AXIS))])

    found = np.asarray(jax.jit(jax.vmap(measure))(jax.random.split(key, 4000)))
    n = np.indices((17, 17)).reshape(2, -1) - 8
    squared = 1 + (2 * np.pi / 8) ** 2 * np.sum(n**2, axis=0)
    averaged = 2 * np.sum(np.cos(2 * np.pi / 8 * AXIS[:, :1] * n[0]) ** 2 / squared**2, axis=1) / 8**4
    free = theory.exact["two_point"]
    exact = np.stack([averaged, free[0] ** 2 + free**2])
    squares = (found - found.mean(0)) ** 2
    error = squares.std(0) / np.sqrt(len(found))
    assert np.max(np.abs(squares.mean(0) - exact) / error) < ACCEPTED
    np.testing.assert_allclose(exact[1] / exact[0], [84.13, 67.98, 76.55, 42.09], rtol=1e-3)
    assert np.max(np.abs(found.mean(0) - free) / np.sqrt(exact / len(found))) < ACCEPTED
    # Control: the one is not the other.
    assert np.min(np.abs(squares.mean(0) - exact[::-1]) / error) > REJECTED


def test_slope_in_the_coupling(key):
    """dG/dλ = −Cov_free(O, S/λ) without the counter-term; zero with it."""
    theory = load("phi4_torus")

    def measure(one):
        reading = theory.at(theory.free_draw(one))
        terms = reading.action_terms
        return theory.observables["two_point"](reading.returned), terms["quartic"], terms["counterterm"]

    pairs, quartic, counterterm = jax.jit(lambda keys: jax.lax.map(measure, keys, batch_size=200))(
        jax.random.split(key, DRAWS)
    )
    slopes = {}
    for name, action in {"bare": quartic, "ordered": quartic + counterterm}.items():
        products = -(pairs - jnp.mean(pairs, axis=0)) * (action - jnp.mean(action))[:, None]
        slopes[name] = (np.mean(products, axis=0), np.std(products, axis=0) / np.sqrt(DRAWS))
    (bare, bare_error), (ordered, ordered_error) = slopes["bare"], slopes["ordered"]
    np.testing.assert_allclose(torus_first_order(AXIS, 8.0, 1.0, 8, counterterm=False), SLOPES, atol=6e-8)
    assert np.max(np.abs(bare - SLOPES) / bare_error) < ACCEPTED
    assert np.max(np.abs(ordered) / ordered_error) < ACCEPTED
    # Controls: each is no answer for the other.
    assert np.min(np.abs(bare) / bare_error) > REJECTED
    assert np.min(np.abs(ordered - SLOPES) / ordered_error) > REJECTED


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"coupling": -1.0}, "phi4_torus: coupling = -1.0; give a finite number >= 0"),
        ({"dim": 5}, "phi4_torus: dim = 5; give an integer from 1 to 4"),
        ({"side": 0.0}, "give a finite number > 0"),
        ({"modes": -1}, "modes = -1; give an integer >= 0"),
    ],
)
def test_bad_keywords_are_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        load("phi4_torus", **keywords)
