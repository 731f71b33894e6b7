import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions import transforms
from scipy import stats

from nnft_ppl.densities import transport

TRIL = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.7, 0.4]])
SCALARS = {
    "normal": lambda: dist.Normal(1.0, 2.0),
    "log_normal": lambda: dist.LogNormal(0.3, 0.5),
    "uniform": lambda: dist.Uniform(-math.pi, math.pi),
    "uniform_from_zero": lambda: dist.Uniform(0.0, 3.0),
    "log_uniform": lambda: dist.LogUniform(1.0, 5.0),
    "half_normal": lambda: dist.HalfNormal(2.0),
    "half_cauchy": lambda: dist.HalfCauchy(2.0),
    "cauchy": lambda: dist.Cauchy(0.0, 3.0),
    "exponential": lambda: dist.Exponential(2.0),
    "laplace": lambda: dist.Laplace(0.0, 2.0),
    "logistic": lambda: dist.Logistic(0.0, 2.0),
    "gumbel": lambda: dist.Gumbel(1.0, 2.0),
    "pareto": lambda: dist.Pareto(2.0, 3.0),
    "weibull": lambda: dist.Weibull(2.0, 1.5),
    "student_t": lambda: dist.StudentT(3.0, 1.0, 2.0),
    "student_t_wide": lambda: dist.StudentT(0.7, 0.0, 2.0),
    "student_t_narrow": lambda: dist.StudentT(8.0),
    "soft_laplace": lambda: dist.SoftLaplace(0.0, 2.0),
    "asymmetric_laplace": lambda: dist.AsymmetricLaplace(0.0, 1.0, 1.7),
    "asymmetric_quantile": lambda: dist.AsymmetricLaplaceQuantile(0.0, 1.0, 0.3),
    "levy": lambda: dist.Levy(1.0, 2.0),
    "gompertz": lambda: dist.Gompertz(2.0, 0.5),
    "dagum": lambda: dist.Dagum(0.6, 3.0, 2.0),
    "kumaraswamy": lambda: dist.Kumaraswamy(1.5, 3.0),
    "power_law": lambda: dist.LowerTruncatedPowerLaw(-3.0, 2.0),
    "affine_cauchy": lambda: dist.TransformedDistribution(dist.Cauchy(0.0, 1.0), transforms.AffineTransform(1.0, -2.0)),
    "normal_left": lambda: dist.TruncatedNormal(0.0, 1.0, low=0.0),
    "cauchy_right": lambda: dist.TruncatedCauchy(1.0, 2.0, high=0.5),
    "normal_between": lambda: dist.TruncatedNormal(0.0, 1.0, low=-1.0, high=3.0),
    "cauchy_half_infinite": lambda: dist.TruncatedCauchy(0.0, 1.0, low=-jnp.inf, high=3.0),
    "cauchy_between": lambda: dist.TruncatedCauchy(0.0, 1.0, low=-2.0, high=5.0),
    "laplace_between": lambda: dist.TruncatedDistribution(dist.Laplace(0.0, 1.0), low=-2.0, high=5.0),
    "logistic_tail": lambda: dist.TruncatedDistribution(dist.Logistic(0.0, 1.0), low=2.0, high=9.0),
}
VECTORS = {
    "multivariate": lambda: dist.MultivariateNormal(jnp.arange(3.0), scale_tril=jnp.asarray(TRIL)),
    "low_rank": lambda: dist.LowRankMultivariateNormal(
        jnp.arange(3.0), jnp.asarray(TRIL[:, :2]), jnp.asarray([0.5, 1.0, 2.0])
    ),
    "independent": lambda: dist.Laplace(jnp.arange(3.0), 2.0).to_event(1),
    "expanded": lambda: dist.Cauchy(jnp.ones((1,)), 2.0).expand((3,)).to_event(1),
}
SYMMETRIC = ["uniform", "cauchy", "laplace", "logistic", "student_t_wide", "student_t_narrow", "soft_laplace"]
LOGARITHMIC = ["levy", "student_t", "student_t_wide", "student_t_narrow"]
TRUNCATED = [name for name in SCALARS if name.startswith(("normal_", "cauchy_", "laplace_", "logistic_"))]
# Multiples of 1/8: the same numbers in both precisions.
GRID = np.arange(-64, 65) / 8


def known(fn):
    push = transport(fn)
    assert push is not None
    return push


@functools.cache
def evaluated(precision, stretch=1.0):
    """For every scalar law: the map at stretch * GRID, its slope, ln p and the support, from one compilation."""
    with jax.enable_x64(precision == "float64"):
        answer = evaluate(jnp.asarray(GRID, precision), jnp.asarray(stretch, precision))
        return jax.tree.map(np.asarray, answer)


@jax.jit
def evaluate(z, stretch):
    found = {}
    for name, build in SCALARS.items():
        fn = build()
        push = known(fn)
        # The map acts elementwise: a tangent of ones gives every slope.
        theta, slope = jax.jvp(lambda x, push=push: push(stretch * x), (z,), (jnp.ones_like(z),))
        found[name] = theta, slope, fn.log_prob(theta), fn.support(theta)
    return found


def defect(name, stretch=1.0):
    """ln p(theta) + ln |dtheta/dz| + z^2/2 + (1/2) ln 2 pi at each z."""
    _, slope, log_density, _ = evaluated("float64", stretch)[name]
    return log_density + np.log(np.abs(slope)) + GRID**2 / 2 + 0.5 * math.log(2 * math.pi)


@pytest.mark.parametrize("name", SCALARS)
def test_pushforward_density_is_exact(name):
    found = np.abs(defect(name))
    assert found[np.abs(GRID) <= 4].max() < 1e-10
    assert found.max() < 1e-6


@pytest.mark.parametrize("name", SCALARS)
def test_wrong_scale_is_rejected(name):
    found = np.abs(defect(name, stretch=1.001))
    assert found[np.abs(GRID) <= 4].max() > 1e-4


def test_pushforward_density_is_exact_for_vectors():
    direction = np.random.default_rng(7).normal(size=(len(GRID), 3))
    z = jnp.asarray(direction / np.linalg.norm(direction, axis=1)[:, None] * GRID[:, None])

    @jax.jit
    def defects(z):
        found = {}
        for name, build in VECTORS.items():
            fn = build()
            jacobian = jax.vmap(jax.jacfwd(known(fn)))(z)
            weight = fn.log_prob(known(fn)(z[:, None])[:, 0]) + jnp.log(jnp.abs(jnp.linalg.det(jacobian)))
            found[name] = weight + jnp.sum(z**2, axis=1) / 2 + 1.5 * math.log(2 * math.pi)
        return found

    for name, found in defects(z).items():
        assert np.abs(found).max() < 1e-10, name


@pytest.mark.parametrize("name", SCALARS)
def test_single_precision_agrees_with_double(name):
    value, slope, _, _ = evaluated("float64")[name]
    single, single_slope, _, _ = evaluated("float32")[name]
    assert single.dtype == single_slope.dtype == np.float32
    unit = float(np.finfo(np.float32).eps)
    # The tail probability Phi(-|z|) has condition number z^2 and carries some units of rounding of its own.
    tail_error = unit * (GRID**2 + 16)
    tail = np.array([0.5 * math.erfc(abs(z) / math.sqrt(2)) for z in GRID])
    hazard = np.exp(-(GRID**2) / 2) / math.sqrt(2 * math.pi) / tail
    # A truncated law starts from its location, not from the edge: rounding of location and scale enters.
    offset = 16 * unit if name in TRUNCATED else 0.0
    # |slope| / hazard = |dtheta / d ln tail|; next to an edge at 0 this is the distance from the edge.
    allowed = np.abs(slope) / hazard * tail_error + 4 * unit * np.abs(value) + offset
    assert np.all(np.abs(single - value) <= allowed)
    # Maps by way of a logarithm of theta round twice.
    rounds = 2 if name in LOGARITHMIC else 1
    assert np.all(np.abs(single_slope - slope) <= rounds * tail_error * np.abs(slope))


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_monotone_inside_the_support_and_finite(name, precision):
    theta, slope, _, inside = evaluated(precision)[name]
    sign = -1 if name == "affine_cauchy" else 1
    assert np.all(np.diff(sign * theta) >= 0)
    assert np.all(sign * slope > 0)
    assert np.all(np.isfinite(theta))
    assert np.all(inside)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_laws_are_odd_and_exact_near_zero(name, precision):
    unit = float(np.finfo(precision).eps)
    theta, slope, log_density, _ = evaluated(precision)[name]
    np.testing.assert_array_equal(theta[::-1], -theta)
    middle = len(GRID) // 2
    exact = math.exp(-float(log_density[middle])) / math.sqrt(2 * math.pi)
    assert float(slope[middle]) == pytest.approx(exact, rel=32 * unit)
    tiny = evaluated(precision, 1e-20)[name][0]
    np.testing.assert_allclose(tiny, exact * 1e-20 * GRID, rtol=32 * unit)


def test_cauchy_keeps_its_sign_where_the_distribution_function_rounds_to_one():
    with jax.enable_x64(False):
        push = known(dist.Cauchy(0.0, 1.0))
        z = jnp.asarray(5.5, jnp.float32)
        naive = dist.Cauchy(0.0, 1.0).icdf(jax.scipy.special.ndtr(z))
        tail = 0.5 * math.erfc(5.5 / math.sqrt(2))
        assert float(push(z)) == pytest.approx(1 / math.tan(math.pi * tail), rel=1e-5)
        assert float(naive) != pytest.approx(1 / math.tan(math.pi * tail), rel=0.5)


def test_distance_from_a_representable_edge_is_kept():
    with jax.enable_x64(False):
        tail = 0.5 * math.erfc(8 / math.sqrt(2))
        z = jnp.asarray(-8.0, jnp.float32)
        assert float(known(dist.Uniform(0.0, 3.0))(z)) == pytest.approx(3 * tail, rel=1e-5)
        assert float(known(dist.Exponential(2.0))(z)) == pytest.approx(tail / 2, rel=1e-5)
        assert float(known(dist.HalfNormal(2.0))(z)) == pytest.approx(2 * tail * math.sqrt(math.pi / 2), rel=1e-5)


BUILDERS = {
    "uniform": lambda a, b: dist.Uniform(a, a + b),
    "weibull": lambda a, b: dist.Weibull(b, 1.0 + a**2),
    "pareto": lambda a, b: dist.Pareto(b, 1.0 + a**2),
    "half_infinite": lambda a, b: dist.TruncatedCauchy(a, b, low=-jnp.inf, high=2.0),
    "between": lambda a, b: dist.TruncatedDistribution(dist.Logistic(a, b), low=-0.5, high=0.7),
}


def test_derivatives_in_the_parameters():
    z = jnp.asarray([-3.0, -0.4, 0.0, 1.3, 3.0])

    def totals(parameters):
        laws = [build(parameters[0], parameters[1]) for build in BUILDERS.values()]
        return jnp.stack([jnp.sum(jnp.tanh(known(fn)(z))) for fn in laws])

    at, step = jnp.asarray([0.3, 0.8]), 1e-5
    values = jax.jit(jax.vmap(totals))(jnp.concatenate([at + step * jnp.eye(2), at - step * jnp.eye(2)]))
    central = (values[:2] - values[2:]).T / (2 * step)
    # Central differences: h^2 f''' / 6 + eps / h, both below 1e-9.
    np.testing.assert_allclose(jax.jit(jax.jacrev(totals))(at), central, atol=1e-8)


def test_student_t_at_its_degrees_of_freedom():
    """Against SciPy's quantiles from ν = 0.2 to 10⁵, and the slope in ν, at once and of second order."""
    z = jnp.asarray(GRID[GRID <= 0])
    with jax.enable_x64(True):
        for df in (0.2, 1.0, 2.5, 40.0, 1e5):
            push = jax.jit(known(dist.StudentT(df)))
            np.testing.assert_allclose(push(z), stats.t.ppf(stats.norm.cdf(GRID[GRID <= 0]), df), rtol=1e-9, atol=1e-14)

        def of(df, z):
            return known(dist.StudentT(df))(z)

        slope = jax.jit(jax.vmap(jax.grad(of), (None, 0)))(3.0, z)
        exact = [
            (stats.t.ppf(stats.norm.cdf(one), 3.001) - stats.t.ppf(stats.norm.cdf(one), 2.999)) / 0.002
            for one in GRID[GRID <= 0]
        ]
        np.testing.assert_allclose(slope, exact, rtol=1e-5, atol=1e-9)
        curvature = jax.jit(jax.grad(jax.grad(known(dist.StudentT(3.0)))))(jnp.asarray(1.3))
        step = 1e-4
        ends = known(dist.StudentT(3.0))(jnp.asarray([1.3 - step, 1.3, 1.3 + step]))
        assert float(curvature) == pytest.approx(float(ends[0] - 2 * ends[1] + ends[2]) / step**2, rel=1e-5)
