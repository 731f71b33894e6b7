"""Cumulants of one neuron and of whole networks: closed forms, and neurons that are not independent."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy import special
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived, Theory, family, load
from nnft_ppl.exact import cosine_connected
from nnft_ppl.expansion import conditional_cumulant, generating_functional, neuron_cumulant, scaling_exponent
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.identities import Improvement
from nnft_ppl.observables import at, connected
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelFile

FOUR = np.array([[0, 0, 0, 0], [0, 0, 1, 1]], float)[..., None]
SIX = np.array([[0, 0, 1, 1, 2, 2]], float)[..., None]
WIDTH, DRAWS = 4, 20_000
SOURCES = np.array([[1.0, 0.0], [2.0, 0.0], [1.5, -1.5]])
"""J at 0 and 1."""


def waves(width):
    """Momenta and phases of a cos-net, and a standard normal amplitude of each neuron."""
    with numpyro.plate("neuron", width):
        momentum = numpyro.sample("momentum", dist.Normal(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
    return momentum[:, None], phase, amplitude


def two_laws(width=WIDTH):
    """Independent neurons, and neurons with weights on a sphere, Σ w² = N, of which each knows of the others."""
    momentum, phase, amplitude = waves(width)
    direction = numpyro.sample("direction", dist.Normal(0, 1).expand([width]).to_event(1))
    sphere = width**0.5 * direction / jnp.linalg.norm(direction)
    laws = {"independent": amplitude, "sphere": sphere}
    return {name: PlaneWaves(one, momentum, phase, weight=width**-0.5) for name, one in laws.items()}


def whole_and_neuron(width):
    """The connected function and the neuron's cumulant of both, and how far they are apart."""
    found = {}
    for law in ("independent", "sphere"):
        found[f"{law}_whole"] = connected(*(at(x, law) for x in FOUR.swapaxes(0, 1)), even=True)
        found[f"{law}_neuron"] = neuron_cumulant(4, FOUR, even=True, field=law)
        found[f"{law}_apart"] = Derived(lambda means, law=law: width * means[f"{law}_whole"] - means[f"{law}_neuron"])
    return found | {"functional": generating_functional([[0.0], [1.0]], SOURCES, field="independent")}


@pytest.fixture(scope="module")
def found():
    theory = Theory(replace(ModelFile.of(two_laws), observables=whole_and_neuron))
    improvement = Improvement(theory)
    raw = {name: one for name, one in theory.observables.items() if name.startswith("sphere")}
    assert set(theory.observables) - set(raw) <= set(improvement.names)

    def measured(key):
        z = theory.free_draw(key)
        return improvement(z) | {name: one.on(theory.at(z)) for name, one in raw.items()}

    keys = jax.random.split(jax.random.key(3), DRAWS)
    series = jax.jit(lambda keys: jax.lax.map(measured, keys, batch_size=1000))(keys)
    series = {name: np.asarray(one)[None] for name, one in series.items()}
    return estimate(series, theory.derived, independent=True)


def pulls(one, exact):
    return np.abs(one.value - exact) / one.error


def test_both_estimators_of_independent_neurons_are_exact(found):
    exact = np.array([cosine_connected(one, 1, 1.0, 1.0, "gaussian") for one in FOUR])
    assert np.all(pulls(found["independent_neuron"], exact) < ACCEPTED)
    assert np.all(pulls(found["independent_whole"], exact / WIDTH) < ACCEPTED)
    assert np.all(pulls(found["independent_apart"], 0) < ACCEPTED)
    # The control: constant amplitudes, of which the two-point function is the same.
    other = np.array([cosine_connected(one, 1, 1.0, 1.0, "constant") for one in FOUR])
    assert np.all(pulls(found["independent_neuron"], other) > REJECTED)
    # All neurons of all draws are worth more than the network as a whole.
    assert np.all(2 * found["independent_neuron"].error < WIDTH * found["independent_whole"].error)


def test_neurons_that_depend_on_one_another_are_seen(found):
    """N G₄ − κ is (N − 1) Σ_pairings G₂ G₂ times the covariance of two squared weights, −2/(N + 2) on the sphere."""
    pairs = np.array([3.0, 1 + 2 * math.exp(-1)]) / 4
    assert np.all(pulls(found["sphere_apart"], -2 * (WIDTH - 1) / (WIDTH + 2) * pairs) < ACCEPTED)
    assert np.all(pulls(found["sphere_apart"], 0) > REJECTED)


def test_the_generating_functional_is_that_of_one_neuron(found):
    """N ln E exp(u (c·J)²) with u = 1/2N, c·J = Σ J_a cos(b x_a + phase): e^v I₀(v), v = |Σ J e^{ibx}|²/4N."""
    momenta, weights = special.roots_hermitenorm(60)
    power = np.abs(SOURCES[:, :1] + SOURCES[:, 1:] * np.exp(1j * momenta)) ** 2 / (4 * WIDTH)
    exact = WIDTH * np.log(np.exp(power) * special.i0(power) @ weights / weights.sum())
    assert np.all(pulls(found["functional"], exact) < ACCEPTED)
    gaussian = np.sum(SOURCES**2, axis=1) / 4 + SOURCES[:, 0] * SOURCES[:, 1] / 2 * math.exp(-0.5)
    assert np.max(pulls(found["functional"], gaussian)) > REJECTED


def one_amplitude(width=1):
    momentum, phase, amplitude = waves(width)
    squared = numpyro.sample("squared", dist.Exponential(1.0))
    return PlaneWaves(jnp.sqrt(squared) * amplitude, momentum, phase, weight=width**-0.5)


def test_four_points_fall_as_the_inverse_width_with_an_error_that_does_not_grow():
    scaling = scaling_exponent(family("cos_net", width=[2, 16]), FOUR, 20_000)
    exact = np.array([[cosine_connected(one, width, 1.0, 1.0, "gaussian") for one in FOUR] for width in (2, 16)])
    assert np.all(pulls(scaling.connected, exact) < ACCEPTED)
    assert np.all(pulls(scaling.exponent, -1) < ACCEPTED)
    assert np.all(scaling.exponent.error < 0.01)
    assert np.all(pulls(scaling.exponent, -2) > REJECTED)
    first, last = scaling.connected.error * np.array([[2], [16]])
    assert np.all(last < 1.5 * first)


def test_a_shared_amplitude_breaks_the_law():
    """Then G₄ → Var(A²) Σ_pairings G₂ G₂ at infinite width."""
    scaling = scaling_exponent(family(one_amplitude, width=[4, 16]), FOUR, 20_000)
    assert np.all(pulls(scaling.exponent, -1) > REJECTED)
    assert np.all(np.abs(scaling.exponent.value) < 0.5)


def test_six_points():
    one = conditional_cumulant(load("cos_net", width=2), SIX, 40_000, seed=1)
    exact = cosine_connected(SIX[0], 2, 1.0, 1.0, "gaussian")
    assert pulls(one, exact) < ACCEPTED
    assert pulls(one, 2 * exact) > REJECTED  # the control: N^{−1} in the place of N^{−2}
    assert one.covariance == pytest.approx(one.error**2 * np.ones((1, 1)))


def with_a_constant():
    constant = numpyro.sample("constant", dist.Uniform(0, 1))
    slope = numpyro.sample("slope", dist.Normal(0, 1))
    return lambda x: constant + slope * x[0]


def two_points(theory, **changed):
    return conditional_cumulant(theory, **({"points": [[0.0], [1.0]], "num_draws": 2048} | changed))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: neuron_cumulant(9, [0.0]), ValueError, "order = 9"),
        (lambda: neuron_cumulant(3, [0.0], even=True), ValueError, "order = 3 with even=True"),
        (lambda: neuron_cumulant(4, [[0.0], [1.0]]), ValueError, r"shape \(2, 1\); give \(\*shape, 4, dim\)"),
        (lambda: generating_functional([0.0], [1.0]), ValueError, r"points of shape \(1,\)"),
        (lambda: two_points(load("cos_net", width=2), points=[[0.0]] * 3), ValueError, "order 2, 4 or 6"),
        (lambda: two_points(load("cos_net", width=2), num_draws=100), ValueError, "num_draws = 100"),
        (lambda: two_points(Theory(with_a_constant)), ValueError, "a part that no Gaussian parameter multiplies"),
        (lambda: two_points(load("phi4", width=2)), ValueError, "has an action, quartic"),
        (lambda: two_points(load("cos_net", amplitude="constant")), ValueError, "linear in no Gaussian parameter"),
        (
            lambda: scaling_exponent(family("cos_net", width=[1, 2], sigma_a=[1.0, 2.0]), FOUR),
            ValueError,
            "one keyword",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_field_must_tell_its_neurons():
    cumulant = neuron_cumulant(2, [0.0], even=True)
    with pytest.raises(TypeError, match=r"the field, a function, has no method neurons\(x\)"):
        cumulant.moments(lambda x: x[0])
    given = neuron_cumulant(2, [0.0], even=True, neurons=lambda phi, x: phi(x))
    np.testing.assert_allclose(given.moments(lambda x: jnp.array([3.0, 5.0])), [2 * (9 + 25) / 2])
    with pytest.raises(ValueError, match="give component="):
        given.moments(lambda x: jnp.ones((2, 3)))
