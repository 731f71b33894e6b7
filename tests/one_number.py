"""A theory of one number, runs of which take no time, and what tells two of its runs apart."""

import json
from pathlib import Path
from typing import Any

import xarray as xr
from quick_samplers import chains

from nnft_ppl import Ensemble, Theory, load

MODEL = """
import jax.numpy as jnp
import numpyro
from numpyro import distributions as dist
from nnft_ppl import Observable, ratio


def model(coupling=0.1):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("quartic", -coupling * a**4)
    return lambda x: a + 0 * x[0]


def observables():
    return {
        "moments": Observable(lambda phi: phi(jnp.zeros(1)) ** jnp.array([2, 4]), ("power",), {"power": (2, 4)}),
        "first": Observable(lambda phi: phi(jnp.zeros(1))),
        "squared": Observable(lambda phi: phi(jnp.zeros(1)) ** 2),
        "one": Observable(lambda phi: 1.0 + 0 * phi(jnp.zeros(1))),
        "quotient": ratio("squared", "one"),
    }
"""
RUN: dict[str, Any] = {"sampler": chains, "num_chains": 2, "num_draws": 40, "seed": 1, "checks": False}


def number_in(folder: Path) -> Theory:
    """The theory, of a file in a folder."""
    path = folder / "number.py"
    path.write_text(MODEL, encoding="utf-8")
    return load(str(path))


def same(one: Ensemble, other: Ensemble) -> None:
    """Refuse a difference in any bit of any number, or in any word but those on time."""
    assert list(one.data.children) == list(other.data.children)
    for name, group in one.data.children.items():
        xr.testing.assert_identical(group.to_dataset(), other.data[name].to_dataset())
        assert list(group.dataset.data_vars) == list(other.data[name].dataset.data_vars)
    first, second = (json.loads(each.data.attrs["provenance"]) for each in (one, other))
    for about in (first, second):
        del about["wall_s"], about["started"]
    assert first == second
