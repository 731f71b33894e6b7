"""Two free fields on a ring of sites: the current between two charges is flat, and drops across them."""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from statements import judged, stated, worst_pulls
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived
from nnft_ppl.fields import LatticeField
from nnft_ppl.observables import at, product
from nnft_ppl.spaces import Lattice

FROM, TO = 2, 6


def propagator(sites, mass_squared):
    """The inverse of m² − Δ."""
    step = np.roll(np.eye(sites), 1, axis=0)
    return np.linalg.inv((mass_squared + 2) * np.eye(sites) - step - step.T)


def charged_ring(sites=12, mass_squared=(0.25, 0.25)):
    laws = [dist.MultivariateNormal(jnp.zeros(sites), propagator(sites, one)) for one in mass_squared]
    values = {name: numpyro.sample(name, law) for name, law in zip(("one", "two"), laws, strict=True)}
    return {name: LatticeField(own, Lattice(sites)) for name, own in values.items()}


def space(sites):
    return Lattice(sites)


def observables(sites):
    """J_t = φ_1(t) φ_2(t+1) − φ_2(t) φ_1(t+1) between φ_1(2) and φ_2(6)."""
    t = np.arange(float(sites))[:, None]
    charges, label = (
        (at([FROM], "one"), at([TO], "two")),
        {"dims": ("time",), "coords": {"time": tuple(t[:, 0].tolist())}},
    )
    return {
        "there": product(at(t, "one"), at(t + 1, "two"), *charges, **label).in_units("1", time="1"),
        "back": product(at(t, "two"), at(t + 1, "one"), *charges, **label).in_units("1", time="1"),
        "current": Derived(lambda mean: mean["there"] - mean["back"], like=("there",)).in_units("1", time="1"),
    }


def exact(sites, mass_squared):
    one, two = (propagator(sites, one) for one in mass_squared)
    following = np.roll(np.arange(sites), -1)
    there, back = one[:, FROM] * two[following, TO], two[:, TO] * one[following, FROM]
    return {"there": there, "back": back, "current": there - back}


RING = stated(charged_ring, observables, exact, space=space, also=(propagator,))


def test_the_current_is_flat_between_the_charges(seed):
    run = judged(RING, seed)
    current = run.estimates()["current"]
    time = current.coordinates["time"]
    between = (time >= FROM) & (time < TO)
    np.testing.assert_allclose(current.value, np.where(between, 0.134642, -0.018247), atol=5e-7)
    assert np.max(current.error) < 1e-12  # the average over both fields is taken by hand
    raw = {name: run.exact[name] for name in ("there", "back")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: two masses, between which no charge is conserved.
    other = exact(12, (0.25, 0.5))
    np.testing.assert_allclose(other["current"][between], [0.05612, 0.06876, 0.08417, 0.10350], atol=5e-6)
    assert min(worst_pulls(run, other).values()) > REJECTED
    assert worst_pulls(run, {"there": other["there"]}, "raw")["there"] > REJECTED
