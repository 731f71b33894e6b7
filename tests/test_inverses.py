"""Parameters come back to the reference coordinates that they came from."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.densities import PropagatorMomentum, UniformBall
from nnft_ppl.theory import ModelError

LAWS = {
    "falling": dist.TransformedDistribution(dist.Normal(0, 1), dist.transforms.AffineTransform(1.0, -2.0)),
    "truncated": dist.TruncatedNormal(0.0, 1.0, low=-0.5, high=2.0),
    "vector": dist.MultivariateNormal(jnp.ones(2), jnp.array([[2.0, 0.5], [0.5, 1.0]])),
    "ball": UniformBall(3, 2.0),
    "propagator": PropagatorMomentum(2, 1.0, 5.0),
    "gamma": dist.Gamma(2.0, 1.0),
    "student": dist.StudentT(3.0),
}


def test_there_and_back(key):
    def model():
        with numpyro.plate("neuron", 3):
            theta = {name: numpyro.sample(name, law) for name, law in LAWS.items()}
        scale = numpyro.sample("scale", dist.HalfNormal(1 + jnp.sum(theta["falling"]) ** 2))
        return lambda x: scale * x[0]

    theory = Theory(model)
    z = jax.jit(jax.vmap(theory.free_draw))(jax.random.split(key, 20))
    back = jax.jit(jax.vmap(lambda one: theory.coordinates(theory.transport(one))))(z)
    np.testing.assert_allclose(back, z, rtol=1e-6, atol=1e-7)


def test_a_transport_without_inverse_is_named():
    class Folded(dist.Normal):
        def transport(self, z):
            return jnp.abs(z)

    def model():
        a = numpyro.sample("a", Folded(0, 1))
        return lambda x: a * x[0]

    with pytest.raises(ModelError, match="'a': the transport of Folded has no inverse"):
        _ = Theory(model).coordinates
