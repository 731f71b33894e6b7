"""Processes that are reflection positive by construction: their laws from the map of their parameters, exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory, load
from nnft_ppl.families import markov_path
from nnft_ppl.fields import Split

TIMES = np.array([-1.7, -0.4, -0.1, 0.0, 0.3, 0.35, 2.0])


def path(times=TIMES, decay=1.3):
    return markov_path("x", times, decay)


def slopes_of(theory):
    """∂ values/∂z, shape (time, *components, z): the path is linear in its standard normals."""
    rows = jax.jit(jax.vmap(lambda z: theory.realise(z).values))(jnp.eye(theory.dimension))
    return np.moveaxis(np.asarray(rows), 0, -1)


def test_the_path_is_the_stationary_process_exactly():
    """x = A z with A Aᵀ = e^{−ω|s−t|}, whatever the times are."""
    for times in (TIMES, TIMES - 5.0, np.array([0.5, 0.6])):
        slopes = slopes_of(Theory(path, times=times))
        known = np.exp(-1.3 * np.abs(np.subtract.outer(times, times)))
        np.testing.assert_allclose(slopes @ slopes.T, known, atol=1e-14)
    assert not np.allclose(slopes @ slopes.T, np.exp(-1.2 * np.abs(np.subtract.outer(times, times))), atol=1e-3)


def test_the_sides_share_where_they_start():
    """Later times read what is drawn from 0 on, earlier ones what is drawn up to it, both in the same way."""
    slopes = slopes_of(Theory(path, times=np.array([-2.0, -0.5, 0.0, 0.5, 2.0])))
    assert not np.any(slopes[3:, :2])
    assert not np.any(slopes[:2, 3:])
    np.testing.assert_array_equal(slopes, slopes[::-1, ::-1])


def test_components_have_plates_and_decays_of_their_own():
    decays = jnp.array([0.5, 2.0])

    def pair():
        with numpyro.plate("component", 2):
            return markov_path("x", TIMES, decays)

    slopes = slopes_of(Theory(pair))
    covariance = np.einsum("tcz,sdz->tcsd", slopes, slopes)
    for one, decay in enumerate(np.asarray(decays)):
        known = np.exp(-decay * np.abs(np.subtract.outer(TIMES, TIMES)))
        np.testing.assert_allclose(covariance[:, one, :, one], known, atol=1e-14)
    assert not np.any(covariance[:, 0, :, 1])


def test_a_network_on_the_path_has_values_at_its_times_alone():
    phi = Theory(lambda: (lambda found: lambda t: jnp.tanh(found(t)))(path())).realise(jnp.ones(len(TIMES)))
    assert np.isfinite(float(phi(np.array([0.35]))))
    with pytest.raises(ValueError, match=r"Path: 0.2 is none of its 7 times, from -1.7 to 2, and it has no values"):
        phi(np.array([0.2]))


@pytest.mark.parametrize(
    ("times", "decay", "message"),
    [
        ([0.0, 0.0], 1.0, r"markov_path: times = \[0. 0.\]; give two or more strictly increasing ones"),
        ([1.0], 1.0, "give two or more strictly increasing ones"),
        ([0.0, np.inf], 1.0, "times holds infinity"),
        ([0.0, 1.0], -1.0, "markov_path: decay = -1.0; give finite numbers > 0"),
    ],
)
def test_mistakes_of_a_path(times, decay, message):
    with numpyro.handlers.seed(rng_seed=0), pytest.raises(ValueError, match=message):
        markov_path("x", times, decay)


def test_halves_are_alike_and_share_what_is_shared():
    """Of any network and tree of parameters; traced and not, and with components."""

    def network(x, shared, own):
        return jnp.stack([shared["a"] * x[0] + own[0], own[1] @ x])

    sides = (jnp.array([1.0, -2.0]), jnp.array([[0.3, 0.4], [0.5, -0.6]]))
    phi = Split(network, {"a": 2.0}, sides)
    for time, side in ((1.5, 0), (-1.5, 1), (0.0, 0)):
        x = jnp.array([time, 0.7])
        own = (sides[0][side], sides[1][side])
        np.testing.assert_array_equal(phi(x), network(jnp.abs(x).at[1].set(0.7), {"a": 2.0}, own))
        np.testing.assert_array_equal(phi(x), jax.jit(jax.vmap(phi))(x[None])[0])


def test_splitting_is_positive_but_not_invariant_under_translations():
    exact = load("parameter_splitting").exact
    assert exact["same_side"][1] == pytest.approx(0.4812178, abs=1e-7)
    assert abs(exact["same_side"][1] - np.exp(-0.5) / 2) > 0.17  # .3032653
    np.testing.assert_allclose(exact["across"], np.exp([-1.0, -1.5, -2.0, -2.25]) / 2, rtol=1e-12)
    assert load("parameter_splitting", correlation=-0.5).exact["witness"] < -0.01
    assert exact["witness"] == 0


@pytest.mark.parametrize(
    ("network", "sides", "error", "message"),
    [
        (3, jnp.zeros(2), TypeError, r"Split: network is 3; give a function f\(point, shared, own\)"),
        (len, jnp.zeros(3), ValueError, r"Split: sides have shapes \[\(3,\)\]; give \(2, ...\) for each"),
        (len, {}, ValueError, r"Split: sides have shapes \[\]"),
    ],
)
def test_mistakes_of_a_split(network, sides, error, message):
    with pytest.raises(error, match=message):
        Split(network, 0.0, sides)


def test_a_split_takes_one_point():
    with pytest.raises(ValueError, match=r"Split: x has shape \(2, 1\); give one point of shape \(dim,\)"):
        Split(lambda x, shared, own: own, 0.0, jnp.zeros(2))(jnp.zeros((2, 1)))


def test_a_split_of_drawn_halves_is_a_theory():
    """θ_± are two entries of a plate: each half has one, and both have θ_0."""

    def model():
        shared = numpyro.sample("shared", dist.Normal(0, 1))
        with numpyro.plate("side", 2):
            own = numpyro.sample("own", dist.Normal(0, 1))
        return Split(lambda x, shared, own: shared + jnp.sin(x[0]) * own, shared, own)

    theory = Theory(model)
    both = jax.jit(jax.vmap(lambda z: jax.vmap(theory.realise(z))(jnp.array([[1.0], [-1.0]]))))
    slopes = np.asarray(both(jnp.eye(3))).T
    assert np.count_nonzero(slopes) == 4
    own = np.sin(1) ** 2
    np.testing.assert_allclose(slopes @ slopes.T, [[1 + own, 1], [1, 1 + own]])
