"""Discrete laws as transports: quantiles, cells, and laws that NumPyro lacks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpyro import distributions as dist
from scipy.special import ndtr

from nnft_ppl.densities import IntegerNormal, ValueTable, discrete_law, transport

SHARES = np.array([0.1, 0.2, 0.4, 0.3])
LAWS = {
    "poisson": (lambda: dist.Poisson(3.0), scipy.stats.poisson(3.0)),
    "binomial": (lambda: dist.Binomial(10, 0.3), scipy.stats.binom(10, 0.3)),
    "binomial_logits": (lambda: dist.Binomial(4, logits=0.5), scipy.stats.binom(4, 1 / (1 + np.exp(-0.5)))),
    "geometric": (lambda: dist.Geometric(0.2), scipy.stats.geom(0.2, loc=-1)),
    "uniform": (lambda: dist.DiscreteUniform(-2, 5), scipy.stats.randint(-2, 6)),
    "bernoulli": (lambda: dist.Bernoulli(0.2), scipy.stats.bernoulli(0.2)),
    "categorical": (lambda: dist.Categorical(SHARES), scipy.stats.rv_discrete(values=(np.arange(4), SHARES))),
    "categorical_logits": (
        lambda: dist.Categorical(logits=np.log(7 * SHARES)),
        scipy.stats.rv_discrete(values=(np.arange(4), SHARES)),
    ),
}
Z = jnp.linspace(-7.9, 7.9, 500)


@pytest.mark.parametrize("name", LAWS)
def test_quantiles_and_cells(name):
    make, known = LAWS[name]
    law, fn = discrete_law(make()), make()
    low, high = int(law.low), min(int(law.high), 12)
    numbers = jnp.arange(low, high + 1)

    @jax.jit
    def everything(z):
        cells = law.in_cell(numbers, jnp.array([0.0, 1e-6, 0.5, 1 - 1e-6, 1.0])[:, None])
        found = transport(fn.expand([len(z) + cells[1:4].size]).to_event(1))(jnp.append(z, cells[1:4]))
        return found[: len(z)], cells, found[len(z) :].reshape(3, -1), fn.log_prob(numbers)

    level, cells, found, logs = map(np.asarray, everything(Z))
    assert np.issubdtype(level.dtype, np.integer)
    # The definition, in terms of the tail that is small.
    left = (known.cdf(level - 1) < ndtr(Z)) & (ndtr(Z) <= known.cdf(level) * (1 + 1e-12))
    right = (known.sf(level) <= ndtr(-Z) * (1 + 1e-12)) & (ndtr(-Z) < known.sf(level - 1))
    assert np.all(np.where(Z < 0, left, right))
    # A cell is as wide as its probability, and what lies in it leads back.
    below, above = cells[0], cells[-1]
    width = np.where(below < 0, ndtr(above) - ndtr(below), ndtr(-below) - ndtr(-above))
    np.testing.assert_allclose(width, np.exp(logs), rtol=1e-9)
    np.testing.assert_array_equal(found, np.broadcast_to(numbers, found.shape))


def test_rates_known_only_inside_a_program_and_no_slopes():
    found = jax.jit(jax.vmap(lambda rate: transport(dist.Poisson(rate))(Z[50:450:50])))(jnp.array([1.0, 40.0]))
    for rate, levels in zip((1.0, 40.0), found, strict=True):
        np.testing.assert_array_equal(levels, scipy.stats.poisson(rate).ppf(ndtr(Z[50:450:50])))
    slope = jax.jit(jax.grad(lambda z, rate: 1.5 * transport(dist.Poisson(rate))(z), (0, 1)))(0.3, 2.0)
    assert slope == (0.0, 0.0)


def test_a_law_of_ones_own_does_not_inherit():
    class Loaded(dist.BernoulliProbs):
        def log_prob(self, value, intermediates=None):
            return super().log_prob(value) + 0.1

    assert discrete_law(Loaded(0.5)) is transport(Loaded(0.5)) is discrete_law(dist.Normal()) is None


def test_single_precision():
    z = jnp.linspace(-7, 7, 200, dtype=jnp.float32)
    double = jax.jit(discrete_law(dist.Poisson(3.0)).level)(z.astype(float))
    with jax.enable_x64(False):
        single = jax.jit(discrete_law(dist.Poisson(3.0)).level)(jnp.asarray(np.asarray(z)))
    assert np.mean(np.asarray(single) != np.asarray(double)) < 0.01


def test_integers_with_gaussian_weights():
    fn = IntegerNormal(jnp.array([0.3, 2.0]), 0.4, largest=30, validate_args=False)
    numbers = jnp.arange(-30, 31)
    weights = np.exp(-0.5 * np.array([0.3, 2.0]) * (np.arange(-30, 31)[:, None] - 0.4) ** 2)
    np.testing.assert_allclose(np.exp(fn.log_prob(numbers[:, None])), weights / weights.sum(axis=0), rtol=1e-12)
    assert np.all(np.isneginf(fn.log_prob(jnp.array([31]))))
    law = discrete_law(fn)
    np.testing.assert_array_equal(law.level(law.in_cell(numbers[20:40, None], 0.3)), numbers[20:40, None].repeat(2, 1))
    # Without a range what is left out weighs nothing.
    assert np.exp(-0.5 * 0.01 * IntegerNormal(0.01).largest ** 2) < 1e-34
    assert fn.sample(jax.random.key(0), (5,)).shape == (5, 2)


def test_a_table_of_values():
    fn = ValueTable([-1.5, 0.0, 2.0], jnp.log(jnp.array([1.0, 2.0, 1.0])), validate_args=False)
    np.testing.assert_allclose(np.exp(fn.log_prob(jnp.array([-1.5, 0.0, 2.0, 1.0]))), [0.25, 0.5, 0.25, 0.0])
    np.testing.assert_array_equal(transport(fn)(jnp.array([-1.0, 0.0, 1.0])), [-1.5, 0.0, 2.0])
    law = discrete_law(fn)
    np.testing.assert_array_equal(law.level_of(jnp.array([-1.5, 2.0])), [0, 2])
    assert set(np.asarray(fn.sample(jax.random.key(0), (20,)))) <= {-1.5, 0.0, 2.0}


MISTAKES = {
    "no precision": (lambda: IntegerNormal(-1.0), "IntegerNormal: precision = -1.0; give"),
    "no range": (lambda: IntegerNormal(1.0, largest=0), "IntegerNormal: largest = 0; give an integer >= 1"),
    "not in order": (lambda: ValueTable([0, 0], [0.0, 0.0]), "values must be different numbers in rising order"),
    "not as many": (lambda: ValueTable([0, 1], [0.0]), r"log_weights have shape \(1,\); .* the 2 values"),
    "no key": (lambda: IntegerNormal(1.0).sample(None), "key = None; give jax.random.key"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    make, words = MISTAKES[name]
    with pytest.raises(ValueError, match=words):
        make()
