r"""The current of two free fields between two charges, on a ring of sites: flat, but for drops at the charges.

    S = ½ Σ_c Σ_t [(φ_c(t+1) − φ_c(t))² + m_c² φ_c(t)²],    J_t = φ_1(t) φ_2(t+1) − φ_2(t) φ_1(t+1)

⟨J_t φ_1(2) φ_2(6)⟩ is a sum of products of propagators; the rotation of the two fields conserves it where their masses
are the same. All is linear in Gaussian numbers, so one draw knows it. Control: two masses.

    nnft run examples/current_on_a_ring.py
    nnft run examples/current_on_a_ring.py --set mass_squared=0.25,0.5

Units: the spacing. Source: derived here.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Derived
from nnft_ppl.fields import LatticeField
from nnft_ppl.observables import at, product
from nnft_ppl.spaces import Lattice

FROM, TO = 2, 6


def propagator(sites, mass_squared):
    """The inverse of m² − Δ."""
    step = np.roll(np.eye(sites), 1, axis=0)
    return np.linalg.inv((mass_squared + 2) * np.eye(sites) - step - step.T)


def model(sites=12, mass_squared=(0.25, 0.25)):
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
