"""Moves of a model's own: what is no move of its discrete sites is refused before the first draw."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.densities import IntegerNormal, ValueTable
from nnft_ppl.theory import ModelError, ModelFile, refuse_wrong_moves


def model():
    n = numpyro.sample("n", IntegerNormal(0.3, largest=4).expand([2]).to_event(1))
    s = numpyro.sample("s", ValueTable([-0.1, 0.3], np.zeros(2)))
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a * s + jnp.sum(n) * x[0]


def refused(moves):
    refuse_wrong_moves(Theory(replace(ModelFile.of(model), moves=lambda: moves)))


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (3, r"moves\(\) returned 3, not a function"),
        (lambda key, values: {"n": values["n"]}, r"gives \['n'\]; give every discrete site and no other: \['n', 's'\]"),
        (lambda key, values: values | {"a": 0.0}, r"gives \['a', 'n', 's'\]"),
        (lambda key, values: values | {"n": values["n"][0]}, r"gives 'n' the shape \(\); the site has \(2,\)"),
        (lambda key, values: values | {"n": values["n"] + 0.5}, "gives 'n' the value .*5, which is no level"),
        (lambda key, values: values | {"n": values["n"] + 9}, "gives 'n' the value .*, which is no level"),
        (lambda key, values: values | {"s": 0.2}, "gives 's' the value 0.2, which is no level"),
        (lambda key, values: values["m"], "fails: .*m"),
    ],
)
def test_what_is_no_move_is_refused(moves, words):
    with pytest.raises(ModelError, match=words):
        refused(moves)


def test_moves_of_levels_are_taken():
    refused(lambda key, values: {"n": -values["n"], "s": jnp.where(values["s"] > 0, -0.1, 0.3)})
    refused(None)
