"""Coordinates that are texts: stored, printed, exported and drawn, in the order of the model file."""

import json
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from matplotlib.figure import Figure
from numpyro import distributions as dist

from nnft_ppl import Derived, ModelFile, Observable, Theory, family, read, sample
from nnft_ppl.cli.table import result_json
from nnft_ppl.report.panels import panels
from nnft_ppl.results import estimate_rows

PAIRS = ("lr", "ll", "rr")  # not in alphabetical order


def model(first="lr"):
    left, right = jnp.asarray(numpyro.sample("a", dist.Normal(jnp.array([1.0, 2.0]), 0.5).to_event(1)))
    return {"left": lambda x: left + 0 * x[0], "right": lambda x: right + 0 * x[0]}


def observables(first="lr"):
    def pairs(fields):
        left, right = fields["left"](jnp.zeros(1)), fields["right"](jnp.zeros(1))
        return jnp.stack([left * right, left**2, right**2])

    return {
        "two_point": Observable(pairs, ("pair",), {"pair": (first, *PAIRS[1:])}),
        "root": Derived(lambda means: jnp.sqrt(means["two_point"]), like=("two_point",)),
    }


def exact(first="lr"):
    return {"two_point": np.array([2.0, 1.25, 4.25])}


MODEL = ModelFile(model, "pairs", observables=observables, exact=exact)
SETTINGS: dict[str, Any] = {"sampler": "reweight", "num_chains": 2, "num_draws": 200, "checks": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts") / "run"
    sample(Theory(MODEL), out=folder, **SETTINGS)
    return read(folder)


def test_they_are_stored_printed_and_exported(run):
    headings, rows = estimate_rows(run)
    at = [dict(zip(headings, row, strict=True))["at"] for row in rows]
    assert at == [f"pair={one}" for one in PAIRS] * 2
    assert json.loads(result_json(run))["estimates"]["root"]["coords"] == {"pair": list(PAIRS)}
    frame = run.to_dataframe()
    assert frame["pair"].tolist() == [*PAIRS] * 2
    np.testing.assert_array_equal(frame["value"][:3], run.estimates()["two_point"].value)
    assert "pair=ll" in run.estimates()["root"]._repr_html_()


def test_they_are_drawn_in_their_order(run):
    found = {panel.name: panel for panel in panels(run)}
    assert "effective_mass" not in found  # between texts there is no distance
    for panel in found.values():
        panel.draw(figure := Figure())
        figure.draw_without_rendering()
    found["two_point"].draw(figure := Figure())
    axes = figure.axes[-1]
    assert [one.get_text() for one in axes.get_xticklabels()] == list(PAIRS)
    assert found["two_point"].table["pair"].tolist() == list(PAIRS)


def test_texts_that_differ_between_members(tmp_path):
    two = sample(family(MODEL, first=["lr", "a longer one"]), out=tmp_path / "two", **SETTINGS)
    rows = estimate_rows(read(tmp_path / "two"))[1]
    places = [row[1] for row in rows if row[0] == "two_point"]
    assert places[0] == "first=lr, pair=lr"
    assert repr(read(tmp_path / "two").members) == "members: first=lr; first=a longer one"
    assert places[3] == "first=a longer one, pair=a longer one"
    assert two.to_dataframe()["pair"].tolist()[:4] == [*PAIRS, "a longer one"]
