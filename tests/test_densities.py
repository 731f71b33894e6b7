import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.diagnostics import effective_sample_size
from numpyro.distributions import biject_to, constraints
from numpyro.infer import MCMC, NUTS

from nnft_ppl.densities import Ball, BallTransform, PropagatorMomentum, UniformBall, transport

# Per dimension: the masses of momenta below CUTOFF, none, tiny and huge ones among them.
MASSES = {1: (0.7, 1e-3), 2: (0.7, 1e3), 3: (0.7, 1e-3, 0.0), 4: (0.7, 1e-3, 0.0)}
CUTOFF = 5.0
# A name for each density: (dimension, mass), or (dimension, None) for the uniform ball.
MOMENTA = [(dim, mass) for dim, masses in MASSES.items() for mass in masses]
DENSITIES = [(1, None), (3, None), (7, None), *MOMENTA]
CAUCHY = PropagatorMomentum(1, 1.5, math.inf)
DRAWS = 8192
LENGTHS = np.resize(np.arange(65) / 8, DRAWS)
NODES = functools.cache(lambda: np.polynomial.legendre.leggauss(400))


@functools.cache
def rays(dim):
    direction = np.random.default_rng(dim).normal(size=(DRAWS, dim))
    return direction / np.linalg.norm(direction, axis=1)[:, None] * LENGTHS[:, None]


def density(dim, mass):
    return UniformBall(dim, CUTOFF) if mass is None else PropagatorMomentum(dim, mass, CUTOFF)


@jax.jit
def logarithm(fn, momentum):
    return fn.log_prob(momentum)


@functools.cache
def radial_integral(dim, mass, power):
    """int |b|^power p(b) d^d b over the ball, by Gauss-Legendre quadrature in the length."""
    fn = density(dim, mass)
    node, weight = NODES()
    length = CUTOFF * (node + 1) / 2
    log_density = logarithm(fn, jnp.asarray(length[:, None] * np.eye(1, dim)))
    area = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2)
    return float(area * np.sum(CUTOFF / 2 * weight * np.exp(np.asarray(log_density)) * length ** (dim - 1 + power)))


def measured(fn, push, z):
    """ln p(b), the momentum b, and the Jacobian db/dz at each z."""
    momentum = push(z)
    return fn.log_prob(momentum), momentum, jax.vmap(jax.jacfwd(push))(z)


def defect(z, log_density, jacobian):
    """ln p(b) + ln |det db/dz| + |z|^2/2 + (d/2) ln 2 pi."""
    weight = log_density + np.linalg.slogdet(np.asarray(jacobian))[1]
    return weight + np.sum(np.square(z), axis=-1) / 2 + z.shape[-1] / 2 * math.log(2 * math.pi)


@functools.cache
def compiled(dim, kind):
    def evaluate(z, mass, stretch):
        fn = density(dim, mass if kind == "momentum" else None)
        return measured(fn, lambda x: fn.transport(stretch * x), z)

    return jax.jit(evaluate)


def evaluated(dim, mass, z, precision="float64", stretch=1.0):
    """measured() for one density, from one compilation for each dimension and precision."""
    with jax.enable_x64(precision == "float64"):
        numbers = [jnp.asarray(x, precision) for x in (z, 0.0 if mass is None else mass, stretch)]
        found = compiled(dim, "ball" if mass is None else "momentum")(*numbers)
        return tuple(np.asarray(x) for x in found)


@pytest.mark.parametrize(("dim", "mass"), DENSITIES)
def test_pushforward_density_is_exact(dim, mass):
    z = rays(dim)
    log_density, momentum, jacobian = evaluated(dim, mass, z)
    # A flat map has no inverse.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = defect(z, log_density, jacobian)
    # At z = 0 the massless density is infinite and its map flat.
    inner = (LENGTHS <= 4) & ((LENGTHS > 0) | (mass != 0))
    assert np.abs(found[inner]).max() < 1e-10
    outer = LENGTHS > 0
    # b = z g, so the slope along z is a difference of terms of size g = |b|/|z|: that many units of rounding of g.
    along = np.abs(np.einsum("ni,nij,nj->n", z, jacobian, z))[outer]
    size = np.linalg.norm(momentum, axis=1)[outer] * LENGTHS[outer]
    assert np.all(np.abs(found[outer]) < 1e-10 + 32 * np.finfo(float).eps * size / along)


@pytest.mark.parametrize(("dim", "mass"), DENSITIES)
def test_wrong_scale_is_rejected(dim, mass):
    z = rays(dim)[1:33]
    log_density, _, jacobian = (x[1:33] for x in evaluated(dim, mass, rays(dim), stretch=1.001))
    found = defect(z, log_density, jacobian)
    assert np.abs(found).max() > 1e-4


@pytest.mark.parametrize(("dim", "mass"), DENSITIES)
def test_single_precision_agrees_with_double_inside_the_support(dim, mass):
    z = rays(dim).astype(np.float32)
    _, momentum, jacobian = evaluated(dim, mass, z)
    log_density, single, single_jacobian = evaluated(dim, mass, z, "float32")
    assert single.dtype == single_jacobian.dtype == np.float32
    # A vector outside the support has density zero.
    assert np.all(np.isfinite(log_density) | (LENGTHS == 0))
    unit = float(np.finfo(np.float32).eps)
    length = np.linalg.norm(momentum, axis=1)
    # The largest amplifier of rounding is ln(1 + cutoff^2/m^2) <= 17.
    assert np.all(np.linalg.norm(single - momentum, axis=1) <= 32 * unit * length)
    size = np.abs(jacobian).max(axis=(1, 2))
    # In one dimension the slope carries exp(-z^2/2), with condition number z^2.
    allowed = unit * (32 + LENGTHS**2)
    assert np.all(np.abs(single_jacobian - jacobian).max(axis=(1, 2)) <= allowed * size)
    assert bool(jnp.all(Ball(CUTOFF)(jnp.asarray(single))))
    assert length.max() == pytest.approx(CUTOFF, rel=1e-3)
    order = np.argsort(np.linalg.norm(z.astype(np.float64), axis=1))
    assert np.all(np.diff(length[order]) >= -4e-15 * CUTOFF)


def test_cauchy_limit():
    z = jnp.asarray(np.arange(-64, 65)[:, None] / 8)
    log_density, _, jacobian = jax.jit(lambda z: measured(CAUCHY, CAUCHY.transport, z))(z)
    assert np.abs(defect(np.asarray(z), np.asarray(log_density), jacobian)).max() < 1e-10
    assert CAUCHY.support is constraints.real_vector
    momentum = jnp.asarray([[0.3], [-40.0]])
    np.testing.assert_allclose(CAUCHY.log_prob(momentum), dist.Cauchy(0.0, 1.5).log_prob(momentum[:, 0]), rtol=1e-14)
    assert np.all(np.isinf(CAUCHY.variance))


@pytest.mark.parametrize(("dim", "mass"), DENSITIES)
def test_normalisation_and_variance(dim, mass):
    spread = float(density(dim, mass).variance[0])
    if (dim, mass) == (1, 1e-3):
        # Quadrature does not resolve this spike at the origin: <b^2> = m cutoff / atan(cutoff/m) - m^2.
        assert spread == pytest.approx(1e-3 * CUTOFF / math.atan(5e3) - 1e-6, rel=1e-12)
        origin = float(density(dim, mass).log_prob(jnp.zeros(1)))
        assert origin == pytest.approx(-math.log(1e-6 * 2 * math.atan(5e3) / 1e-3), rel=1e-12)
    else:
        # The Gauss-Legendre error for masses of 1e-3 is (m / node spacing)-sized; for others, rounding.
        rel = 1e-5 if mass == 1e-3 else 1e-9
        assert radial_integral(dim, mass, 0) == pytest.approx(1, rel=rel)
        assert radial_integral(dim, mass, 2) / dim == pytest.approx(spread, rel=rel)


def test_density_vanishes_outside():
    ball, momentum = UniformBall(2, 1.0, validate_args=False), PropagatorMomentum(4, 1.0, 2.0, validate_args=False)
    assert float(UniformBall(3, 2.0).log_prob(jnp.ones(3))) == pytest.approx(-math.log(4 / 3 * math.pi * 8))
    assert float(ball.log_prob(jnp.asarray([0.8, 0.7]))) == -math.inf
    assert float(momentum.log_prob(2.1 * jnp.eye(1, 4)[0])) == -math.inf


def pull(momentum, power, expected):
    """(mean of |b|^power - expected) in standard errors, for independent draws."""
    moment = np.linalg.norm(momentum, axis=-1) ** power
    return (moment.mean() - expected) / (moment.std(ddof=1) / math.sqrt(moment.size))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_moments_of_draws(dim, key):
    z = jax.random.normal(key, (DRAWS, dim))
    _, momentum, _ = evaluated(dim, 0.7, z)
    for power in (1, 2):
        assert abs(pull(momentum, power, radial_integral(dim, 0.7, power))) < 5
        assert abs(pull(momentum, power, radial_integral(dim, 3.0, power))) > 6


def test_draws_are_pushed_normals(key):
    for fn in (UniformBall(3, jnp.asarray([1.0, 2.0])), PropagatorMomentum(2, 1.0, jnp.asarray([4.0, 5.0]))):
        draws = fn.sample(key, (4096,))
        expected = fn.transport(jax.random.normal(key, (4096, *fn.shape())))
        np.testing.assert_allclose(draws, expected, rtol=1e-14)
        right, wrong = float(fn.variance[1, 0]) * fn.dim, 1.3 * float(fn.variance[1, 0]) * fn.dim
        assert abs(pull(np.asarray(draws)[:, 1], 2, right)) < 5
        assert abs(pull(np.asarray(draws)[:, 1], 2, wrong)) > 6


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_derivatives_in_mass_and_cutoff(dim):
    z = jnp.asarray(rays(dim)[:40:3])

    def total(parameters):
        fn = PropagatorMomentum(dim, parameters[0], parameters[1])
        return jnp.stack([jnp.sum(jnp.sin(fn.transport(z))), jnp.sum(fn.log_prob(0.3 * jnp.tanh(z)))])

    at, step = jnp.asarray([0.6, 3.0]), 1e-5
    points = jnp.concatenate([at[None], at + step * jnp.eye(2), at - step * jnp.eye(2)])
    value, slope = jax.jit(jax.vmap(lambda p: (total(p), jax.jacfwd(total)(p))))(points)
    # Central differences: h^2 f''' / 6 + eps * total / h, both below 1e-8.
    np.testing.assert_allclose(slope[0], (value[1:3] - value[3:]).T / (2 * step), atol=1e-7)


def test_ball_bijection():
    ball = BallTransform(jnp.asarray([1.0, 3.0]))
    x = jnp.asarray(np.random.default_rng(1).normal(size=(5, 2, 3)))
    y = ball(x)
    np.testing.assert_allclose(ball.inv(y), x, rtol=1e-12)
    assert bool(jnp.all(Ball(jnp.asarray([1.0, 3.0]))(y)))
    jacobian = jax.vmap(jax.jacfwd(BallTransform(3.0)))(x[:, 1])
    np.testing.assert_allclose(ball.log_abs_det_jacobian(x, y)[:, 1], jnp.log(jnp.linalg.det(jacobian)), rtol=1e-12)
    assert Ball(2.0) == Ball(2.0)
    assert Ball(2.0) != Ball(1.0)


def test_batches_events_jit_and_vmap(key):
    mass, cutoff = jnp.asarray([[0.5], [2.0]]), jnp.asarray([3.0, 4.0, 5.0])
    fn, one = PropagatorMomentum(3, mass, cutoff), PropagatorMomentum(3, 2.0, 4.0)
    assert (fn.batch_shape, fn.event_shape) == ((2, 3), (3,))
    momentum = fn.sample(key, (4,))
    np.testing.assert_allclose(logarithm(fn, momentum)[:, 1, 1], logarithm(one, momentum[:, 1, 1]), rtol=1e-12)
    event = one.expand((2, 5)).to_event(1)
    push = transport(event)
    assert push is not None
    b = push(jax.random.normal(key, event.shape()))
    np.testing.assert_allclose(b, one.transport(jax.random.normal(key, (2, 5, 3))), rtol=1e-14)
    np.testing.assert_allclose(logarithm(event, b), logarithm(one, b).sum(-1), rtol=1e-13)
    laws = jax.vmap(lambda r: UniformBall(2, r))(cutoff)
    found = jax.vmap(logarithm)(laws, jnp.zeros((3, 2)))
    np.testing.assert_allclose(found, -np.log(math.pi * np.asarray(cutoff) ** 2), rtol=1e-13)


LAWS = {
    "ball": (3, None),
    "line": (1, 1.0),
    "space": (3, 1.0),
}


def several_momenta():
    with numpyro.plate("neuron", 8):
        for name in ("ball", "line"):
            numpyro.sample(name, density(*LAWS[name]))
    numpyro.sample("space", density(*LAWS["space"]).expand((8,)).to_event(1))


def test_numpyro_samples_in_unconstrained_coordinates(key):
    chain = MCMC(NUTS(several_momenta), num_warmup=200, num_samples=400, progress_bar=False)
    chain.run(key)
    for name, draws in chain.get_samples().items():
        square = np.square(np.asarray(draws)).sum(-1).mean(-1)
        size = effective_sample_size(square[None, :])
        error = square.std(ddof=1) / math.sqrt(float(np.asarray(size)))
        exact = radial_integral(*LAWS[name], 2)
        assert abs(square.mean() - exact) < 5 * error, name
        assert abs(square.mean() - 2 * exact) > 6 * error, name


REFUSED = {
    "radius": (lambda: UniformBall(3, 0.0), ValueError, "radius = 0.0; give finite numbers > 0"),
    "infinite radius": (lambda: UniformBall(3, math.inf), ValueError, "radius = inf; give finite"),
    "dimension": (lambda: UniformBall(0), ValueError, "dim = 0; give an integer >= 1"),
    "type": (lambda: UniformBall(2.0), TypeError, "dim = 2.0; give an integer"),  # pyright: ignore[reportArgumentType]
    "large": (lambda: PropagatorMomentum(5, 1.0, 1.0), ValueError, "dim = 5; give an integer from 1 to 4"),
    "mass": (lambda: PropagatorMomentum(3, -1.0, 1.0), ValueError, "mass = -1.0; give finite numbers >= 0"),
    "massless": (lambda: PropagatorMomentum(2, 0.0, 1.0), ValueError, "mass = 0.0; give finite numbers > 0"),
    "cutoff": (lambda: PropagatorMomentum(3, 1.0, -1.0), ValueError, "cutoff = -1.0; give numbers > 0"),
    "infinite": (
        lambda: PropagatorMomentum(2, 1.0, math.inf),
        ValueError,
        "cutoff = inf, where .* has no norm in dim = 2",
    ),
    "mixed": (lambda: PropagatorMomentum(1, 1.0, np.array([1.0, math.inf])), ValueError, "whole batch"),
    "no key": (lambda: UniformBall(3).sample(None), ValueError, "key = None; give jax.random.key"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_arguments_are_refused(name):
    build, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        build()


def test_traced_arguments_pass():
    value = jax.jit(lambda r: UniformBall(2, r).log_prob(jnp.zeros(2)))(2.0)
    assert float(value) == pytest.approx(-math.log(4 * math.pi))
    assert isinstance(biject_to(UniformBall(2, 2.0).support), BallTransform)
