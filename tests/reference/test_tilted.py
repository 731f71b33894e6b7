"""A theory on a Gaussian reference is the same theory: averages, ln Z and the curve; planted faults are not."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load
from nnft_ppl.identities import Improvement
from nnft_ppl.reference import Gaussian, Reference, tilted, with_proposal
from nnft_ppl.reference.gaussian import Dense
from nnft_ppl.runs.targets import Targets
from nnft_ppl.runs.tempering import curve_of_free_draws
from nnft_ppl.samplers import SAMPLERS, Settings, run_blocks
from nnft_ppl.statistics import estimate, kish, log_mean_weight

CHAINS = ("elliptical-slice", "energy-conserving", "hmc", "pcn")
DRAWS = 4000


@pytest.fixture(scope="module")
def circle():
    """(theory, a reference that is not the best one)."""
    theory = load("phi4_circle", modes=8)
    return theory, Reference(Gaussian(theory, tuple(site.label for site in theory.sites)), (4.0,))


def two_point(theory, target, name, seed, draws=DRAWS):
    """The estimate of a sampler that is given a target."""
    settings = Settings(jax.random.key(seed), 4, draws, 300, 0)
    blocks = list(run_blocks(SAMPLERS[name], target, settings))
    series = np.concatenate([block.measured["observables"]["two_point"] for block in blocks], 1)
    weights = None
    if blocks[0].kind.weighted:
        weights = np.concatenate([block.stats["log_weight"] for block in blocks], 1)
    return estimate({"two_point": series}, None, weights, independent=blocks[0].kind.independent)["two_point"]


@pytest.mark.parametrize("name", CHAINS)
def test_chains_on_a_reference(circle, name, seed):
    theory, reference = circle
    found = two_point(theory, tilted(theory.target(), reference), name, seed)
    assert worst_pull(found, theory.exact["two_point"], min_ess=400) < ACCEPTED


def test_independent_draws_of_a_reference(circle, seed):
    theory, reference = circle
    found = two_point(theory, with_proposal(theory.target(), reference), "reweight", seed, 4 * DRAWS)
    assert worst_pull(found, theory.exact["two_point"], min_ess=400) < ACCEPTED


def test_a_quadratic_part_of_the_wrong_sign_is_rejected(circle, seed):
    theory, reference = circle

    def action(position):
        placed, difference = reference.moved(position)
        return theory.action(placed) - difference

    wrong = replace(tilted(theory.target(), reference), action=action)
    assert worst_pull(two_point(theory, wrong, "hmc", seed), theory.exact["two_point"]) > REJECTED


@pytest.fixture(scope="module")
def box():
    """(theory whose features depend on its momenta, a reference)."""
    theory = load("phi4", width=4, dim=1, side=2.0, cutoff=3.0, coupling=600.0)
    return theory, Reference(Gaussian(theory, ("amplitude",)), (20.0,))


def weighed(target, seed):
    """ln Z and ⟨φ²⟩ of independent draws, with errors, and what they are made of."""
    settings = Settings(jax.random.key(seed), 4, 40_000, 0, 0)
    blocks = list(run_blocks(SAMPLERS["reweight"], target, settings))
    stats = {name: np.concatenate([block.stats[name] for block in blocks], 1) for name in blocks[0].stats}
    series = np.concatenate([block.measured["observables"]["phi_squared"] for block in blocks], 1)
    found = estimate({"phi_squared": series}, None, stats["log_weight"], independent=True)["phi_squared"]
    value, error = log_mean_weight(stats["log_weight"])
    return np.array([value, float(found.value)]), np.array([error, float(found.error)]), stats, series


@pytest.fixture(scope="module")
def bare(box):
    return weighed(box[0].target(), 1)


def pulls(one, other):
    return np.abs(one[0] - other[0]) / np.hypot(one[1], other[1])


def test_weights_average_and_partition_function_are_those_of_free_draws(box, bare, seed):
    theory, reference = box
    found = weighed(with_proposal(theory.target(), reference), seed)
    assert np.max(pulls(found, bare)) < ACCEPTED
    assert kish(found[2]["log_weight"]) > 1.2 * kish(bare[2]["log_weight"])


def test_a_dropped_determinant_is_rejected(box, bare, seed, monkeypatch):
    theory, reference = box
    monkeypatch.setattr(Dense, "log_det", property(lambda self: jnp.zeros(())))
    found = weighed(with_proposal(theory.target(), reference), seed)
    assert np.all(pulls(found, bare) > REJECTED)


def test_weights_are_bounded_by_those_of_free_draws(box, seed):
    """A twentieth of the draws are free ones: no weight is more than twenty times e^{−S}, whatever the reference."""
    theory, reference = box
    *_, stats, _ = weighed(with_proposal(theory.target(), reference), seed)
    assert np.max(-stats["log_proposal"]) <= np.log(20) + 1e-9


def test_the_curve_is_that_of_free_draws(box, bare, seed):
    theory, reference = box
    curves = []
    for *_, stats, series in (bare, weighed(with_proposal(theory.target(), reference), seed)):
        log_proposal = stats.get("log_proposal")
        curves.append(curve_of_free_draws({"phi_squared": series}, stats["log_weight"], {}, log_proposal))
    for name in ("log_z", "phi_squared"):
        one, other = ((curve[name].values, curve[f"{name}.error"].values) for curve in curves)
        joint = np.hypot(one[1], other[1])
        assert np.max(np.abs(one[0] - other[0])[joint > 0] / joint[joint > 0]) < ACCEPTED


def test_improved_estimators_average_over_the_tilted_amplitudes(box, seed):
    """The same mean as the raw observable, draw by draw less noise than without a reference."""
    theory, reference = box
    improvement, errors = Improvement(theory), []
    for targets in (Targets.of(theory, improvement), Targets.of(theory, improvement, reference)):
        settings = Settings(jax.random.key(seed), 4, 5000, 0, 0)
        target = with_proposal(targets.bare, reference)
        blocks = list(run_blocks(SAMPLERS["reweight"], target, settings))
        logs = np.concatenate([block.stats["log_weight"] for block in blocks], 1)
        names = ("two_point", "phi_squared", "mean_squared")
        raw, better = (
            estimate(
                {name: np.concatenate([block.measured[group][name] for block in blocks], 1) for name in names},
                None,
                logs,
                independent=True,
            )
            for group in ("observables", "improved")
        )
        for name in names:
            joint = np.hypot(raw[name].error, better[name].error)
            assert np.max(np.abs(raw[name].value - better[name].value) / joint) < ACCEPTED
        errors.append({name: np.max(better[name].error) for name in names})
    assert all(errors[1][name] < 0.8 * errors[0][name] for name in ("two_point", "mean_squared"))


def test_positions_are_kept_in_the_theory_s_coordinates(circle, seed):
    theory, reference = circle
    for name, target in {
        "hmc": tilted(theory.target(), reference),
        "reweight": with_proposal(theory.target(), reference),
    }.items():
        settings = Settings(jax.random.key(seed), 2, 30, 50, 1)
        (block, *_) = run_blocks(SAMPLERS[name], target, settings)
        measured = jax.vmap(jax.vmap(theory.measure))(jnp.asarray(block.positions))["observables"]["two_point"]
        np.testing.assert_allclose(measured, block.measured["observables"]["two_point"], rtol=1e-9)
