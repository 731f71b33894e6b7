"""The Schwinger–Dyson operator against closed forms, with and without the flux through edges."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, load
from nnft_ppl.densities import UniformBall
from nnft_ppl.draws import Kind
from nnft_ppl.identities import NeuronField, ParameterField, ReferenceField, SchwingerDyson, VectorFieldError
from nnft_ppl.identities.parameter_density import ParameterDensity

ONE = jnp.ones(1)


def free_positions(theory: Theory, key: jax.Array, draws: int) -> np.ndarray:
    """Independent free draws as four chains."""
    flat = jax.jit(jax.vmap(theory.free_draw))(jax.random.split(key, 4 * draws))
    return np.asarray(flat).reshape(4, draws, -1)


def pull(estimate, exact: float = 0.0) -> float:
    return abs(float(estimate.value) - exact) / float(estimate.error)


def interval(edge=2.0):
    b = numpyro.sample("b", dist.Uniform(-edge, edge))
    return lambda x: b * x[0]


def powers(phi):
    b = phi(ONE)
    return jnp.cos(1.3 * b) + b**3 + b**2


def test_an_interval_needs_its_edges(key):
    theory = Theory(interval)
    identity = SchwingerDyson(theory, ParameterField("dilatation", lambda theta: {"b": theta["b"]}), powers)
    terms = identity.test(free_positions(theory, key, 20_000)).terms
    # (F(L) + F(−L))/2 at L = 2.
    exact = math.cos(2.6) + 4
    assert exact == pytest.approx(3.143111, abs=1e-6)
    assert float(terms["flux"].value) == pytest.approx(exact, rel=1e-9)
    assert pull(terms["value"]) < ACCEPTED
    assert abs(float(terms["anomaly"].value + terms["change"].value)) / float(terms["value"].error) > REJECTED


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_ball_loses_its_dimension_through_the_sphere(key, dim):
    def ball():
        b = numpyro.sample("b", UniformBall(dim, 1.5))
        return lambda x: jnp.sum(b) * x[0]

    theory = Theory(ball)
    identity = SchwingerDyson(theory, ParameterField("dilatation", lambda theta: {"b": theta["b"]}))
    terms = identity.test(free_positions(theory, key, 20)).terms
    for name, exact in {"value": 0, "anomaly": dim, "flux": dim}.items():
        assert float(terms[name].value) == pytest.approx(exact, abs=1e-12)


def test_rotations_of_a_square(key):
    def square():
        w = numpyro.sample("w", dist.Uniform(-1, 1).expand([2]).to_event(1))
        return lambda x: w[0] + w[1] * x[0]

    theory = Theory(square)
    field = ParameterField("rotation", lambda theta: {"w": jnp.array([-theta["w"][1], theta["w"][0]])})

    def odd(phi):
        first = phi(jnp.zeros(1))
        return first**3 * (phi(ONE) - first)

    terms = SchwingerDyson(theory, field, odd).test(free_positions(theory, key, 20_000)).terms
    assert pull(terms["value"]) < ACCEPTED
    assert pull(terms["flux"], -2 / 15) < ACCEPTED
    assert float(terms["anomaly"].value) == 0
    assert abs(float(terms["change"].value)) / float(terms["change"].error) > REJECTED


@pytest.mark.parametrize(("coupling", "square", "fourth"), [(1.0, 0.467920, 0.532080), (0.5, 0.579205, 0.841590)])
def test_one_quartic_amplitude(key, coupling, square, fourth):
    def quartic():
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("quartic", -coupling * a**4 / 4)
        return lambda x: a * x[0]

    assert square + coupling * fourth == pytest.approx(1, abs=2e-6)
    theory = Theory(quartic)
    identity = SchwingerDyson(theory, ParameterField("dilatation", lambda theta: {"a": theta["a"]}))
    positions = free_positions(theory, key, 20_000)
    weights = -np.asarray(jax.vmap(jax.vmap(theory.action))(positions))
    found = identity.test(positions, weights, kind=Kind.FREE)
    assert abs(found.z) < ACCEPTED
    assert found.flux_at_infinity == {}
    # The control: draws of the free theory.
    assert abs(identity.test(positions).z) > REJECTED


@pytest.mark.parametrize(("power", "lost"), [(1, 0.0), (2, 2 / math.pi)])
def test_heavy_tails_lose_probability_at_infinity(key, power, lost):
    def cauchy():
        b = numpyro.sample("b", dist.Cauchy(0, 1))
        return lambda x: b * x[0]

    theory = Theory(cauchy)
    field = ParameterField("power", lambda theta: {"b": theta["b"] ** power})
    found = SchwingerDyson(theory, field, lambda phi: jnp.tanh(phi(ONE))).test(free_positions(theory, key, 50_000))
    assert pull(found.terms["value"], lost) < ACCEPTED
    if lost:
        assert found.flux_at_infinity["b"] == pytest.approx(lost, rel=1e-4)
        assert abs(found.z) > REJECTED
        assert "loses 0.6366" in str(found)
    else:
        assert found.flux_at_infinity == {}


@pytest.mark.parametrize("law", [dist.Uniform(-1, 3), dist.Cauchy(0, 1), dist.HalfNormal(2.0), dist.Laplace(0, 1)])
def test_reference_coordinates_have_no_boundary(key, law):
    def one():
        theta = numpyro.sample("theta", law)
        return lambda x: theta * x[0]

    theory = Theory(one)
    identity = SchwingerDyson(theory, ReferenceField("dilatation", lambda z: z), lambda phi: jnp.tanh(phi(ONE)))
    assert abs(identity.test(free_positions(theory, key, 20_000)).z) < ACCEPTED


def test_neuron_fields_are_collective_fields(key):
    theory = load("massless_phi4", width=3, dim=1, mass=0.7, cutoff=3.0, coupling=2.0)
    dilatation = theory.symmetries["dilatation"].lift

    def collective(theta):
        return jax.vmap(dilatation.function)(dict(theta))

    position = theory.free_draw(key)
    found = [
        jax.jit(SchwingerDyson(theory, field, lambda phi: phi(ONE) ** 2))(position)
        for field in (dilatation, ParameterField("dilatation", collective))
    ]
    np.testing.assert_allclose(*[jnp.stack(one) for one in found], rtol=1e-10)


def test_probes_are_unbiased_and_repeatable(key, monkeypatch):
    def vector():
        a = numpyro.sample("a", dist.Normal(0, 1).expand([6]).to_event(1))
        return lambda x: jnp.sum(a) * x[0]

    theory = Theory(vector)
    mixing = jax.random.normal(key, (6, 6))
    field = ReferenceField("sheared", lambda z: jnp.tanh(mixing @ z))
    positions = free_positions(theory, key, 2000).reshape(-1, 6)
    exact = jax.vmap(SchwingerDyson(theory, field))(positions).value
    monkeypatch.setattr("nnft_ppl.identities.vector_fields.EXACT_DIMENSION", 3)
    probed = SchwingerDyson(theory, field)
    found = jax.vmap(probed)(positions).value
    difference = found - exact
    assert abs(difference.mean()) < ACCEPTED * difference.std() / math.sqrt(len(positions))
    assert difference.std() > 0
    np.testing.assert_array_equal(found, jax.vmap(probed)(positions).value)


def simplex():
    w = numpyro.sample("w", dist.Dirichlet(jnp.ones(3)))
    return lambda x: w[0] * x[0]


def moving_edge():
    a = numpyro.sample("a", dist.HalfNormal(1.0))
    b = numpyro.sample("b", dist.Uniform(0, 1 + a))
    return lambda x: b * x[0]


def many(width=3000):
    b = numpyro.sample("b", dist.Uniform(-1, 1).expand([width]).to_event(1))
    return lambda x: jnp.sum(b) * x[0]


@pytest.mark.parametrize(
    ("model", "field", "functional", "message"),
    [
        (interval, ParameterField("v", lambda theta: theta["b"]), None, "return a dict {site: component}"),
        (interval, ParameterField("v", lambda theta: {"bb": theta["b"]}), None, "did you mean 'b'"),
        (
            interval,
            ParameterField("v", lambda theta: {"b": jnp.ones(3)}),
            None,
            r"shape \(3,\); the site has shape \(\)",
        ),
        (interval, ParameterField("v", lambda theta: {"b": 1j * theta["b"]}), None, "parameters are real"),
        (interval, NeuronField("v", lambda one: one), None, "no site lies in a plate 'neuron'"),
        (interval, ReferenceField("v", lambda z: z[0]), None, r"returned shape \(\); z has shape \(1,\)"),
        (interval, ReferenceField("v", lambda z: z), lambda phi: jnp.exp(1j * phi(ONE)), "observable .* complex"),
        (interval, ReferenceField("v", lambda z: z), lambda phi: jnp.ones(2), "is a scalar, not of shape"),
        (simplex, ParameterField("v", lambda theta: {"w": theta["w"]}), None, "boundary of 'w' .* is not known"),
        (moving_edge, ParameterField("v", lambda theta: {"b": theta["b"]}), None, "edges of 'b' depend on other sites"),
        (many, ParameterField("v", lambda theta: {"b": theta["b"]}), None, "6000 edges"),
    ],
)
def test_what_does_not_fit_is_refused(model, field, functional, message):
    with pytest.raises(VectorFieldError, match=message):
        SchwingerDyson(Theory(model), field, functional)


@pytest.mark.parametrize(
    "law",
    [
        dist.MultivariateNormal(jnp.ones(2), jnp.array([[1.0, 0.5], [0.5, 2.0]])),
        dist.LowRankMultivariateNormal(jnp.zeros(2), jnp.ones((2, 1)), jnp.ones(2)),
    ],
    ids=["full", "low_rank"],
)
def test_gaussian_vectors_have_entries_of_their_own(law):
    """Given the others, an entry has ∂ ln q = ∂ ln p; its density integrates to one."""
    theory = Theory(lambda: _line(numpyro.sample("a", law)))
    density = ParameterDensity(theory)
    values, entries = {"a": jnp.array([0.3, -0.7])}, jnp.linspace(-12, 12, 2001)
    for i in range(2):
        along = jax.vmap(lambda x, i=i: density.entry_log_probs({"a": values["a"].at[i].set(x)}, "a")[i])(entries)
        joint = jax.vmap(lambda x, i=i: law.log_prob(values["a"].at[i].set(x)))(entries)
        assert float(jnp.sum(jnp.exp(along)) * (entries[1] - entries[0])) == pytest.approx(1, rel=1e-6)
        np.testing.assert_allclose(along - along[0], joint - joint[0], atol=1e-8)
    dilatation = ParameterField("dilatation", lambda values: {"a": values["a"]})
    z = jax.random.normal(jax.random.key(0), (2, 500, 2))
    outcome = SchwingerDyson(theory, dilatation, lambda phi: jnp.tanh(phi(jnp.ones(1)) ** 2)).test(z)
    assert abs(outcome.z) < 5
    assert not outcome.flux_at_infinity


def test_other_vectors_are_refused_before_anything_is_drawn():
    theory = Theory(lambda: _line(numpyro.sample("a", dist.GaussianRandomWalk(1.0, num_steps=2))))
    dilatation = ParameterField("dilatation", lambda values: {"a": values["a"]})
    with pytest.raises(VectorFieldError, match=r"'a' .GaussianRandomWalk. is not known"):
        SchwingerDyson(theory, dilatation)


def _line(a):
    return lambda x: a[0] + a[1] * x[0]
