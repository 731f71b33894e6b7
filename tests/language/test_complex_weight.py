"""A Gaussian with a complex factor: averages are ratios with the phase, until the average phase is lost."""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from statements import judged, stated
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Observable, Theory, sample
from nnft_ppl.statistics import estimate

SLOPE = 0.3


def angle(average_phase):
    """θ with ⟨e^{iθw}⟩ = e^{−θ²/2}."""
    return float(np.sqrt(-2 * np.log(average_phase)))


def twisted(theta=1.0):
    """Density e^{−w²/2} e^{iθw}."""
    w = numpyro.sample("w", dist.Normal(0, 1))
    numpyro.factor("twist", 1j * theta * w)
    return lambda x: w + 0 * x[0]


def observables():
    return {"cosine": Observable(lambda phi: jnp.cos(SLOPE * phi(jnp.zeros(1)))).in_units("1")}


def exact(theta):
    """⟨cos sw⟩ = e^{−s²/2} cosh(sθ)."""
    return {"cosine": np.exp(-(SLOPE**2) / 2) * np.cosh(SLOPE * theta)}


TWISTED = stated(twisted, observables, exact)


def test_an_average_phase_of_a_twentieth_is_enough_for_forty_thousand_draws(seed):
    run = judged(TWISTED, seed, num_draws=10_000, theta=angle(0.05))
    found = run.estimates()["cosine"]
    assert abs(found.value.real - run.exact["cosine"]) < ACCEPTED * found.error.real
    assert abs(found.value.imag) < ACCEPTED * found.error.imag
    phase = next(one for one in run.verdicts if one.check == "phase")
    assert phase.status == "good"
    assert phase.text.startswith("average phase 0.0")
    # The control: the phase ignored.
    ignored = estimate({"cosine": run.data["observables"]["cosine"].values}, independent=True)["cosine"]
    assert abs(ignored.value - run.exact["cosine"]) > REJECTED * ignored.error


def test_an_average_phase_of_a_thousandth_is_not(seed):
    theory = Theory(TWISTED, theta=angle(0.001))
    run = sample(theory, "reweight", num_draws=10_000, seed=seed, checks=False)
    assert run.provenance.verdict == "failed"
    (failed,) = (one for one in run.verdicts if one.status == "failed")
    assert failed.check == "phase"
    assert failed.text.startswith("sign problem: average phase 0.0")
    assert "which may be zero" in failed.text
    assert np.isnan(run.estimates()["cosine"].error)
