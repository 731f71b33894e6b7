"""Connected functions of 2k points of two networks at three widths, in one family: they fall as N^{1−k}."""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from jax.scipy.special import erf
from numpyro import distributions as dist
from statements import judged, stated
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Ensemble, slope
from nnft_ppl.exact import cosine_connected, erf_connected
from nnft_ppl.observables import at, connected

WIDTHS = [1, 2, 4]
POINTS = np.array([[-1.0, -1.0, 0.2, 0.2, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
ORDERS = {"two_point": 2, "four_point": 4, "six_point": 6}
COSINE, ERF = 0, 1


def networks(width=1):
    """A network of cosines with random phases and one of erf, as two components."""
    with numpyro.plate("neuron", width):
        weight = numpyro.sample("weight", dist.Normal(0, 1).expand([2]).to_event(1))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        bias = numpyro.sample("bias", dist.Normal(0, 1))
        output = numpyro.sample("output", dist.Normal(0, width**-0.5).expand([2]).to_event(1))
    return lambda x: jnp.stack([
        output[:, COSINE] @ jnp.cos(weight[:, COSINE] * x[0] + phase),
        output[:, ERF] @ erf(weight[:, ERF] * x[0] + bias),
    ])  # fmt: skip


def observables():
    """Of each set of six points the last two, the last four, and all; connected."""
    insertions = [at(x[:, None]) for x in POINTS.T]
    label = {"dims": ("configuration", "network"), "coords": {"configuration": (0, 1)}, "even": True}
    return {name: connected(*insertions[-number:], **label).in_units("1") for name, number in ORDERS.items()}


def exact(width):
    """N^{1−k} times the cumulants of one neuron."""
    return {
        name: np.array([
            [cosine_connected(x[-number:], width, 1.0, 1.0, "gaussian"), erf_connected(x[-number:], width, 1.0, 1.0)]
            for x in POINTS
        ])
        for name, number in ORDERS.items()
    }  # fmt: skip


NETWORKS = stated(networks, observables, exact)


@pytest.fixture(scope="module")
def run() -> Ensemble:
    return judged(NETWORKS, seed=5, num_draws=2000, width=WIDTHS)


def test_connected_functions_fall_as_powers_of_the_width(run):
    exponents = run.estimates({f"{name}.slope": slope(name, "width") for name in ORDERS})
    for name, number in ORDERS.items():
        found = exponents[f"{name}.slope"]
        exponent, error = found.value[0], found.error[0]
        assert np.all(np.abs(exponent - (1 - number / 2)) < ACCEPTED * error), str(found)
        # The control: the law of the order below.
        assert np.all(np.abs(exponent - (2 - number / 2)) > REJECTED * error)
    assert run.estimates()["six_point"].value.shape == (len(WIDTHS), 2, 2)
    assert run.unit("six_point") == "1"


def test_what_vanishes_has_no_exponent(run):
    """The six-point function of cosines at one point is zero at every width."""
    found = run.estimates({"slope": slope("six_point", "width")})["slope"]
    assert np.isnan(found.value[1, COSINE])
    assert "zero within 5 errors at every width: it has no exponent" in found.words((1, COSINE))
