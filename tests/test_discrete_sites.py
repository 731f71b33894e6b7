"""Theories with discrete sites: how they are read, their two sets of coordinates, and which sampler they are given."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from integers import integers
from numpyro import distributions as dist
from numpyro.infer.util import log_density
from pilots import choice_of_target

from nnft_ppl import Theory
from nnft_ppl.densities import ValueTable
from nnft_ppl.runs.auto import Choice
from nnft_ppl.runs.escalation import STRONGER_DISCRETE, stronger_choice
from nnft_ppl.samplers import Settings
from nnft_ppl.statistics import Verdict


def counted():
    a = numpyro.sample("a", dist.Normal(0, 1))
    with numpyro.plate("part", 3):
        n = numpyro.sample("n", dist.Geometric(logits=a))
    sign = numpyro.sample("sign", ValueTable([-1, 1], jnp.zeros(2)))
    numpyro.factor("pull", -0.3 * jnp.sum((n - 2.0) ** 2) - 0.2 * sign * a)
    return lambda x: sign * a * jnp.sum(n) + 0 * x[0]


def test_two_sets_of_coordinates(key):
    theory = Theory(counted)
    target = theory.target()
    discrete = target.discrete
    assert theory.discrete == ("n", "sign")
    assert discrete.sites == {"n": (3,), "sign": ()}

    def both(key):
        first, second = jax.random.split(key)
        z = theory.free_draw(first)
        values, y = theory.transport(z), discrete.point(z)
        exact, _ = log_density(counted, (), {}, values)
        back = theory.at(discrete.position(second, y))
        return {
            "values": values,
            "back": back.values,
            "density": jnp.array([exact + 0.5 * jnp.log(2 * jnp.pi), -0.5 * y[0] ** 2 - discrete.potential(y)]),
            "action": jnp.array([target.action(z), back.action]),
            "slope": jax.grad(discrete.potential)(y)[0],
            "expected": jnp.sum((values["n"] + 1) * jax.nn.sigmoid(y[0]) - 1) + 0.2 * values["sign"],
            "level": y,
        }

    found = jax.tree.map(np.asarray, jax.jit(jax.vmap(both))(jax.random.split(key, 40)))
    for name in ("n", "sign"):
        assert np.issubdtype(found["values"][name].dtype, np.integer)
        np.testing.assert_array_equal(found["values"][name], found["back"][name])
    np.testing.assert_array_equal(found["level"][:, 1:4], found["values"]["n"])
    np.testing.assert_array_equal(found["level"][:, 4], found["values"]["sign"] > 0)  # the place in the table
    # The density of NumPyro, with levels counted, and its slope at fixed levels: the law of n depends on a.
    np.testing.assert_allclose(*found["density"].T, rtol=1e-10)
    np.testing.assert_allclose(*found["action"].T, rtol=1e-12)
    np.testing.assert_allclose(found["slope"], found["expected"], rtol=1e-9)
    # Values lead back to some z of theirs.
    values = {name: one[0] for name, one in found["values"].items()}
    again = theory.transport(theory.coordinates(values))
    for name in ("n", "sign"):
        np.testing.assert_array_equal(again[name], values[name])


def test_outside_the_support_the_density_is_zero():
    discrete = Theory(counted).target().discrete
    potential = jax.jit(discrete.potential)
    y = jnp.array([0.2, 1.0, 0.0, 4.0, 1.0])
    assert np.isfinite(potential(y))
    assert np.isposinf(potential(y.at[2].set(-1.0)))
    assert np.isposinf(potential(y.at[4].set(2.0)))


def test_auto_takes_mixed_where_free_draws_are_worth_little(key):
    told = Settings(key, 2, 100, 50, 0)
    steep = integers(np.where(np.eye(12), 0.0, -30.0) * np.eye(12)[0] - 12 * np.arange(12.0))
    choice = choice_of_target(steep, told)
    assert choice.name == "mixed"
    assert choice_of_target(integers(np.zeros((3, 3))), told).name == "reweight"
    failed = [Verdict("ess", "failed", 3.0, 400.0, "too few")]
    assert stronger_choice(Choice("reweight", "asked for"), failed, STRONGER_DISCRETE, interacting=True).name == "mixed"
    assert stronger_choice(choice, failed, STRONGER_DISCRETE, interacting=True) is None
