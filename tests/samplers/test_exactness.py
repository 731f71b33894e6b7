"""Every sampler against exact moments, and kernels with planted bugs, which the same test must reject."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from blackjax.mcmc.integrators import IntegratorState, isokinetic_velocity_verlet
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load, sample
from nnft_ppl.runs import FieldError
from nnft_ppl.samplers import SamplerError, Settings, energy_conserving, hmc

DRAWS = {"energy-conserving": 4000, "hmc": 4000, "mclmc": 6000, "nuts": 2000, "stock-hmc": 6000, "stock-nuts": 2000}
"""The other samplers have files of their own, and hmc and reweight meet the full circle in tests/models."""


@pytest.fixture(scope="module")
def theory():
    """The radial density: non-Gaussian in every direction, with exact moments."""
    return load("deformed_rotation")


def largest_pull(theory, sampler, num_draws, seed):
    """Over all observables; infinite where the sampler broke down or mixes too badly for the test's gate."""
    try:
        run = sample(theory, sampler, num_draws=num_draws, seed=seed, keep="none", checks=False)
        return max(worst_pull(one, theory.exact[name], min_ess=1000) for name, one in run.estimates().items())
    except (SamplerError, FieldError, AssertionError):
        return np.inf


@pytest.mark.parametrize("name", DRAWS)
def test_reproduces_the_quartic_oscillator(name, seed):
    circle = load("phi4_circle", modes=8)
    run = sample(circle, name, num_draws=DRAWS[name], seed=seed, keep="none", checks=False)
    found = run.estimates()["two_point"]
    assert worst_pull(found, circle.exact["two_point"], min_ess=1000) < ACCEPTED
    assert worst_pull(found, load("phi4_circle", modes=8, coupling=9.0).exact["two_point"]) > REJECTED


def wrong_sign(target, settings):
    return hmc(replace(target, action=lambda z: -target.action(z)), settings)


def hot(target, settings):
    """Temperature 1.1: every part of the log density divided by 1.1."""
    return hmc(
        replace(
            target,
            action=lambda z: target.action(z) / 1.1,
            reference=lambda z: target.reference(z) / 1.1 - jnp.sum(z**2) / 2 * (1 - 1 / 1.1),
        ),
        settings,
    )


def missing_half_kick(log_density, kinetic_energy):
    with_gradient = jax.value_and_grad(log_density)

    def one_step(state, step_size):
        z, p, _, gradient = state
        p = p + 0.5 * step_size * (gradient + z)
        z, p = z * jnp.cos(step_size) + p * jnp.sin(step_size), p * jnp.cos(step_size) - z * jnp.sin(step_size)
        value, gradient = with_gradient(z)
        return IntegratorState(z, p, value, gradient)

    return one_step


def without_half_kick(target, settings):
    return hmc(target, settings, integrator=missing_half_kick)


def without_kinetic_energy(target, settings):
    """A test of the density alone: the energy that trajectories conserve is not all there."""

    def integrator(logdensity_fn, inverse_mass_matrix):
        right = isokinetic_velocity_verlet(logdensity_fn, inverse_mass_matrix)

        def one_step(state, step_size):
            state, change = right(state, step_size)
            return state, 0 * change

        return one_step

    return energy_conserving(target, settings, integrator)


@pytest.mark.parametrize(
    "planted", [wrong_sign, hot, without_half_kick, without_kinetic_energy], ids=lambda planted: planted.__name__
)
def test_planted_bugs_are_rejected(theory, planted, seed):
    assert largest_pull(theory, planted, DRAWS["hmc"], seed) > REJECTED


@pytest.mark.parametrize(
    ("dimension", "num_warmup", "message"),
    [(1, 100, "a theory of one parameter has none: use --sampler hmc"), (4, 0, "warmup must be at least 1")],
)
def test_what_conserves_energy_needs_a_direction_and_a_step(theory, dimension, num_warmup, message, key):
    told = Settings(key, num_chains=2, num_draws=10, num_warmup=num_warmup, keep_every=0)
    with pytest.raises(ValueError, match=message):
        energy_conserving(replace(theory.target(), dimension=dimension), told)


def test_reference_terms_are_sampled(seed):
    """A site without a transport (Gamma) under a linear action: ⟨x⟩ of Gamma(3, 1 + c) is exact."""
    import numpyro
    import numpyro.distributions as dist

    from nnft_ppl import Theory

    def tilted():
        x = numpyro.sample("x", dist.Gamma(3.0, 1.0))
        numpyro.factor("tilt", -0.5 * x)
        return lambda point: x * jnp.ones(()) + 0 * point[0]

    run = sample(Theory(tilted), "hmc", num_draws=4000, seed=seed)
    mean = run.data["posterior"]["x"].values
    from nnft_ppl.statistics import estimate

    one = estimate({"x": mean})["x"]
    assert worst_pull(one, np.array(3.0 / 1.5)) < ACCEPTED
    assert worst_pull(one, np.array(3.0)) > REJECTED  # the free mean


def test_plain_numpyro_agrees(seed):
    """`numpyro.infer.MCMC(NUTS(model))` on the shipped model file, unchanged, gives the same correlator."""
    from numpyro.infer import MCMC, NUTS

    from nnft_ppl.fields import FourierSeries, free_scales
    from nnft_ppl.statistics import estimate, weighted_agreement

    theory = load("phi4_circle", modes=8)
    mcmc = MCMC(
        NUTS(theory.file.model),
        num_warmup=300,
        num_samples=1500,
        num_chains=2,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.key(seed), **theory.keywords)
    scale, scales = free_scales(4.0, 1.0, 8)
    observable = theory.observables["two_point"]

    def measured(draw):
        return observable(FourierSeries(4.0, scale * draw["constant"], scales * draw["cosine"], scales * draw["sine"]))

    draws = mcmc.get_samples(group_by_chain=True)
    theirs = estimate({"two_point": np.asarray(jax.vmap(jax.vmap(measured))(draws))})["two_point"]
    ours = sample(theory, "hmc", num_draws=4000, seed=seed, keep="none", checks=False).estimates()["two_point"]
    assert np.abs(weighted_agreement(theirs, ours)).max() < ACCEPTED
    free = sample(
        load("phi4_circle", modes=8, coupling=0.0), "reweight", num_draws=4000, keep="none", checks=False
    ).estimates()
    assert np.abs(weighted_agreement(theirs, free["two_point"])).max() > REJECTED


@pytest.mark.parametrize("name", ["free_scalar", "phi4", "deformed_rotation"])
def test_numpyro_runs_shipped_models_unchanged(name, seed):
    """NumPyro's own NUTS on the bare model function: every draw has a finite density, and it moves."""
    from numpyro.infer import MCMC, NUTS

    small = {"deformed_rotation": {}}.get(name, {"width": 3, "dim": 2, "side": 2.0, "alpha": 0})
    theory = load(name, **small)
    mcmc = MCMC(NUTS(theory.file.model), num_warmup=30, num_samples=30, progress_bar=False)
    mcmc.run(jax.random.key(seed), **theory.keywords, extra_fields=("potential_energy",))
    assert np.all(np.isfinite(mcmc.get_extra_fields()["potential_energy"]))
    draws = mcmc.get_samples()
    assert {site.name for site in theory.sites} <= set(draws)
    assert all(np.ptp(value, axis=0).min() > 0 for value in draws.values())
