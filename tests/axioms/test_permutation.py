"""Permutation symmetry: the same numbers in every order of arguments."""

import itertools

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from schwinger_draws import concluded

from nnft_ppl import Observable, Theory
from nnft_ppl.axioms import SchwingerAxioms
from nnft_ppl.axioms.judged_draws import JudgedDraws
from nnft_ppl.observables import at, n_point
from nnft_ppl.theory import ModelFile


def model():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([4]).to_event(1))
    return lambda x: a @ jnp.cos(jnp.arange(4) * x[0])


def observables():
    """The second says that it is a product of what it does not multiply."""
    good = n_point([[0.0], [0.3], [1.0]])
    wrong = Observable(lambda phi: phi(jnp.zeros(1)) * phi(jnp.ones(1)), factors=(at([0.0]), at([0.9])))
    return {"three_point": good, "not_its_factors": wrong, "plain": Observable(lambda phi: phi(jnp.zeros(1)))}


def test_observables_that_are_not_the_product_of_their_factors_are_found(key):
    theory = Theory(ModelFile(model, "model", observables=observables))
    found = concluded(SchwingerAxioms(theory), theory, key, 50)["permutation"]
    missed = {one["observable"]: one["missed"] for one in found["rows"]}
    assert missed.keys() == {"field", "three_point", "not_its_factors"}
    assert max(missed["field"], missed["three_point"]) < 1e-12
    assert missed["not_its_factors"] > 0.01
    assert found["verdict"] == "broken"
    assert found["text"].startswith("not_its_factors change with the order of arguments")


def test_a_field_that_remembers_is_found():
    times = itertools.count()

    def remembers():
        a = numpyro.sample("a", dist.Normal(0, 1))

        def phi(x):
            return a * x[0] + 0.01 * next(times)

        return phi

    axioms = SchwingerAxioms(Theory(remembers))
    series = {key: np.asarray(one)[None, None] for key, one in axioms(jnp.ones(1)).items()}
    own = {key.removeprefix("permutation:"): one for key, one in series.items() if key.startswith("permutation:")}
    found = axioms.permutation.conclude(own, JudgedDraws((1, 1)))
    assert found["verdict"] == "broken"
    lost = axioms.permutation.conclude(dict.fromkeys(own, np.full((1, 1), np.nan)), JudgedDraws((1, 1)))
    assert lost["verdict"] == "undecided"
