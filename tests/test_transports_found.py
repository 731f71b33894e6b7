"""Which law has a transport: of batches, of plates and of events, of a user's own; and which has none."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.distributions import transforms
from test_transports import TRIL, known

from nnft_ppl.densities import transport


def test_batched_multivariate_normal_in_a_plate():
    location = jnp.arange(6.0).reshape(2, 3)

    def model():
        with numpyro.plate("outer", 4, dim=-2), numpyro.plate("inner", 2, dim=-1):
            numpyro.sample("theta", dist.MultivariateNormal(location, scale_tril=jnp.asarray(TRIL)))

    trace = numpyro.handlers.trace(numpyro.handlers.seed(model, jax.random.key(0))).get_trace()
    fn = trace["theta"]["fn"]
    assert isinstance(fn, dist.ExpandedDistribution)
    z = np.random.default_rng(3).normal(size=fn.shape())
    expected = np.asarray(location) + z @ TRIL.T
    np.testing.assert_allclose(jax.jit(known(fn))(jnp.asarray(z)), expected, rtol=1e-13)


def test_events_over_expanded_batches():
    fn = dist.Normal(jnp.asarray([[1.0], [2.0]]), jnp.asarray([1.0, 2.0, 3.0])).expand((4, 2, 3)).to_event(2)
    z = np.random.default_rng(3).normal(size=fn.shape())
    expected = np.array([[1.0], [2.0]]) + np.array([1.0, 2.0, 3.0]) * z
    np.testing.assert_allclose(known(fn)(jnp.asarray(z)), expected, rtol=1e-14)


class Tripled(dist.Distribution):
    """A user's law with a map of its own."""

    @property
    def support(self):
        return dist.constraints.real

    def __init__(self):
        super().__init__((), ())

    def sample(self, key, sample_shape=()):
        return dist.Normal(0.0, 3.0).sample(key, sample_shape)

    def log_prob(self, value, intermediates=None):
        return dist.Normal(0.0, 3.0).log_prob(value)

    def transport(self, z):
        return 3 * z


class Redefined(dist.Normal):
    """A subclass with a density of its own and no map."""

    def log_prob(self, value, intermediates=None):
        return 2 * super().log_prob(value)


class Renamed(dist.Normal):
    """A subclass with its parent's law."""


def test_own_maps_and_subclasses():
    z = jnp.asarray([-1.0, 0.5])
    np.testing.assert_array_equal(known(Tripled().expand((2,)))(z), 3 * z)
    np.testing.assert_array_equal(known(Renamed(1.0, 2.0))(z), 1 + 2 * z)
    assert transport(Redefined(0.0, 1.0)) is None


UNKNOWN = {
    "gamma": lambda: dist.Gamma(2.0, 1.0),
    "beta": lambda: dist.Beta(2.0, 1.0),
    "dirichlet": lambda: dist.Dirichlet(jnp.ones(3)),
    "von_mises": lambda: dist.VonMises(0.0, 1.0),
    "correlation": lambda: dist.LKJCholesky(3, 1.0),
    "inverse_gamma": lambda: dist.InverseGamma(2.0, 1.0),
    "negative_binomial": lambda: dist.NegativeBinomial2(2.0, 1.0),
    "truncated_student": lambda: dist.LeftTruncatedDistribution(dist.StudentT(3.0), low=0.0),
    "folded": lambda: dist.FoldedDistribution(dist.Normal(0.0, 1.0)),
    "absolute": lambda: dist.TransformedDistribution(dist.Normal(0.0, 1.0), transforms.AbsTransform()),
    "simplex": lambda: dist.TransformedDistribution(
        dist.Normal(jnp.zeros(2), 1.0).to_event(1), transforms.StickBreakingTransform()
    ),
    "wrapped": lambda: dist.Gamma(jnp.ones(3), 1.0).expand((2, 3)).to_event(1),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_laws_have_no_map(name):
    assert transport(UNKNOWN[name]()) is None


def test_what_is_not_a_distribution_is_refused():
    with pytest.raises(TypeError, match=r"fn is float; give a numpyro\.distributions\.Distribution"):
        transport(1.0)  # pyright: ignore[reportArgumentType]
