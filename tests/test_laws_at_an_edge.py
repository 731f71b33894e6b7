"""Laws whose draws crowd at an edge of their support: right in logarithms, or refused by the name of the site."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.distributions.transforms import AffineTransform, biject_to

from nnft_ppl import Theory
from nnft_ppl.theory import ModelError, refuse_lost_draws
from nnft_ppl.theory.latent_laws import base_distribution
from nnft_ppl.theory.log_laws import log_law

LAWS = {
    "gamma": dist.Gamma(0.7, jnp.array([1.0, 3.0])),
    "chi2": dist.Chi2(3.0),
    "beta": dist.Beta(0.4, jnp.array([0.6, 2.0])).to_event(1),
    "beta_proportion": dist.BetaProportion(0.3, 5.0),
    "dirichlet": dist.Dirichlet(jnp.array([0.5, 1.0, 2.0, 0.3])).expand([2]),
}


@pytest.mark.parametrize("name", LAWS)
def test_densities_are_numpyros_where_these_have_digits(name, key):
    fn = LAWS[name]
    bijection = biject_to(fn.support)
    law = log_law(fn, base_distribution(fn), bijection)
    assert law is not None
    u = jnp.clip(law.draw(key), -3, 3)
    value = bijection(u)
    assert value.shape == fn.shape()
    theirs = jnp.sum(fn.log_prob(value)) + jnp.sum(bijection.log_abs_det_jacobian(u, value))
    assert float(law.log_density(u)) == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", LAWS)
def test_draws_are_of_the_law(name, key):
    """Mean and variance of 20 000 draws; a control with another shape is told apart."""
    fn = LAWS[name]
    bijection = biject_to(fn.support)
    law = log_law(fn, base_distribution(fn), bijection)
    assert law is not None
    draw = law.draw
    values = np.asarray(jax.jit(jax.vmap(lambda k: bijection(draw(k))))(jax.random.split(key, 20_000)))
    error = np.sqrt(np.asarray(fn.variance) / len(values))
    assert np.all(np.abs(values.mean(0) - np.asarray(fn.mean)) < 5 * error)
    squares = (values - np.asarray(fn.mean)) ** 2
    assert np.all(np.abs(squares.mean(0) - np.asarray(fn.variance)) < 5 * squares.std(0) / np.sqrt(len(values)))
    assert np.any(np.abs(values.mean(0) - 1.1 * np.asarray(fn.mean)) > 5 * error)


def theory_of(fn):
    def model():
        a = numpyro.sample("edge", fn)
        return lambda x: jnp.sum(a) + 0 * x[0]

    return Theory(model)


@pytest.mark.parametrize("fn", [dist.Beta(0.01, 0.01), dist.Dirichlet(jnp.full(3, 0.01))], ids=["beta", "dirichlet"])
def test_draws_nearer_to_an_edge_than_numbers_reach_keep_their_logarithm(fn, key):
    """E[u ∂ ln p(u)] = −1 for every coordinate, which a pile at the edge of the numbers would break."""
    theory = theory_of(fn)
    refuse_lost_draws(theory)
    z = jax.vmap(theory.free_draw)(jax.random.split(key, 4000))
    assert np.isfinite(z).all()
    assert np.abs(z).max() > 40  # beyond 1 − 1e-16
    force = jax.vmap(jax.grad(lambda u: theory.reference(u) + u @ u / 2))(z)
    pull = np.asarray(z * force) - 1
    assert np.all(np.abs(pull.mean(0)) < 5 * pull.std(0) / np.sqrt(len(pull)))


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (dist.Gamma(0.005), "underflow"),
        (dist.InverseGamma(0.005), "underflow"),
        (dist.TransformedDistribution(dist.Beta(0.01, 0.01), AffineTransform(0.0, 2.0)), "underflow|coincide"),
    ],
    ids=["gamma", "inverse_gamma", "stretched_beta"],
)
def test_lost_draws_are_refused_by_name(fn, words):
    with pytest.raises(ModelError, match=rf"draws of site 'edge' ({words}).*sample its logarithm"):
        refuse_lost_draws(theory_of(fn))


@pytest.mark.parametrize(
    "fn",
    [dist.Gamma(0.05), dist.LKJCholesky(3, 2.0), dist.ZeroSumNormal(1.0, (4,)), dist.StudentT(1.5), dist.Normal(0, 1)],
    ids=lambda fn: type(fn).__name__,
)
def test_control_ordinary_laws_pass(fn):
    refuse_lost_draws(theory_of(fn))
