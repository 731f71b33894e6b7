"""Levels for which rounding leaves no room, or that nobody seeks; and which sampler is chosen where levels act."""

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from pilots import choice_of

from nnft_ppl import Theory, load, sample
from nnft_ppl.densities import ValueTable
from nnft_ppl.samplers import Settings
from nnft_ppl.theory import ModelError, refuse_unresolved_levels

REFUSED = {
    "light": (ValueTable([0.0, 1.0, 2.0], np.array([0.0, -34.0, 0.0])), "such as 1, too light beside others"),
    "far": (dist.Poisson(2e7), "reaches levels above 16777216"),
}


def of(fn):
    def model():
        n = numpyro.sample("n", fn)
        return lambda x: n * x[0]

    return Theory(model)


@pytest.mark.parametrize("name", REFUSED)
def test_laws_that_rounding_would_change(name):
    fn, words = REFUSED[name]
    with pytest.raises(ModelError, match=words):
        refuse_unresolved_levels(of(fn))


def test_laws_that_it_does_not():
    refuse_unresolved_levels(of(ValueTable([0.0, 1.0, 2.0], np.array([0.0, -5.0, 0.0]))))


def test_levels_that_no_free_draw_has_are_not_reweighted(seed):
    """Spin waves alone, as all free draws are at this stiffness, are 31 errors off."""
    theory = load("villain_torus", beta=0.75)
    run = sample(theory, num_chains=2, num_draws=300, num_warmup=100, seed=seed, checks=False)
    assert run.provenance.sampler.name == "mixed"
    stiffness = run.estimates()["stiffness"]
    assert stiffness.error > 0
    assert abs(stiffness.value - theory.exact["stiffness"]) < 5 * stiffness.error


def test_poor_free_draws_of_what_no_level_changes(key):
    """The action holds a continuous site far out, whatever the level: hmc cannot move it, so that mixed does."""

    def model():
        sign = numpyro.sample("sign", ValueTable([-1.0, 1.0], np.zeros(2)))
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("far", -50.0 * (a - 4) ** 2)
        return lambda x: sign * a + 0 * x[0]

    assert choice_of(Theory(model), Settings(key, 2, 100, 50, 0))[0].name == "mixed"


def test_levels_within_others(seed):
    """n is 2 or 10 with equal weights, and k uniform up to n: windows of k depend on n."""

    def model():
        n = numpyro.sample("n", ValueTable([2.0, 10.0], np.array([0.0, -4.0])))
        k = numpyro.sample("k", dist.DiscreteUniform(0, n.astype(int)))
        numpyro.factor("more", 4.0 * (n == 10))
        return lambda x: k + 0.0 * x[0]

    theory = Theory(model)
    assert theory.target().discrete.varying == {"k"}
    run = sample(theory, "mixed", num_chains=4, num_draws=8000, num_warmup=50, seed=seed, checks=False)
    squared = run.estimates()["phi_squared"]
    assert abs(squared.value - (5 / 3 + 35) / 2) < 5 * squared.error
    assert abs(squared.value - 5 / 3) > 8 * squared.error
    assert jnp.isfinite(squared.error)
