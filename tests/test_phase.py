"""Complex factors: the modulus is sampled, averages are ratios with the phase, and a check says whether it is known.

With density e^{−w²/2} and the factor e^{iθw}: ⟨cos(sw)⟩ = (e^{−s(s+2θ)/2} + e^{−s(s−2θ)/2})/2, average phase e^{−θ²/2}.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from statistical import sigmas

from nnft_ppl import Ensemble, Observable, Theory, sample
from nnft_ppl.checks import FinishedDraws
from nnft_ppl.checks.phase import PhaseOfWeights
from nnft_ppl.draws import Kind
from nnft_ppl.runs.auto import Choice
from nnft_ppl.runs.escalation import stronger_choice
from nnft_ppl.statistics import AveragePhase, average_phase_of, contributions, estimate
from nnft_ppl.theory import ModelFile, check_model
from nnft_ppl.theory.soundness import phase_of_weights

DRAWS = 40_000
SLOPE = 0.3
KNOWN, DOUBTED, LOST = (float(np.sqrt(-2 * np.log(phase))) for phase in (0.05, 0.008, 0.001))


def exact_cosine(theta, variance=1.0):
    both = (np.exp(-variance * SLOPE * (SLOPE + sign * 2 * theta) / 2) for sign in (1, -1))
    return sum(both) / 2


@pytest.fixture(scope="module")
def replicas():
    """Estimates of ⟨cos(sw)⟩ from independent sets of draws with average phase 0.05."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(60):
        w = rng.normal(size=(1, DRAWS))
        one = estimate({"cosine": np.cos(SLOPE * w)}, independent=True, phase=KNOWN * w)["cosine"]
        parts = estimate({"n": np.cos(SLOPE * w) * np.cos(KNOWN * w), "d": np.cos(KNOWN * w)}, independent=True)
        size = parts["d"].value
        naive = np.hypot(parts["n"].error / size, parts["n"].value * parts["d"].error / size**2)
        found.append([one.value.real, one.value.imag, one.error.real, one.error.imag, one.ess, naive])
    return np.array(found).T


def test_errors_of_the_ratio_cover(replicas):
    real, imaginary, error, other, ess, naive = replicas
    exact = exact_cosine(KNOWN)
    assert sigmas(((real - exact) / error) ** 2, 1.0) < 5
    assert sigmas((imaginary / other) ** 2, 1.0) < 5
    assert np.mean(np.abs(real - exact) < error) == pytest.approx(0.683, abs=5 * np.sqrt(0.683 * 0.317 / len(real)))
    # Numerator and denominator are correlated: without that the errors are far too large.
    assert sigmas(((real - exact) / naive) ** 2, 1.0) > 6
    # Effective draws are those of the modulus: independent draws all count.
    np.testing.assert_allclose(ess, DRAWS, rtol=1e-6)


def test_without_the_phase_the_value_is_another(rng):
    w = rng.normal(size=(1, DRAWS))
    without = estimate({"cosine": np.cos(SLOPE * w)}, independent=True)["cosine"]
    assert abs(without.value - exact_cosine(KNOWN)) > 100 * without.error


def judged(phase, log_weights=None):
    kind = Kind.FREE
    return PhaseOfWeights().judge(
        FinishedDraws(None, kind, {}, {"one": np.zeros(phase.shape)}, log_weights=log_weights, phase=phase)
    )


def test_an_average_phase_that_is_not_known_fails_in_words(rng):
    w = rng.normal(size=(1, DRAWS))
    known, doubted, lost = (judged(theta * w) for theta in (KNOWN, DOUBTED, LOST))
    assert known.verdict.status == "good"
    assert known.verdict.text.startswith("average phase 0.0")
    assert lost.verdict.status == "failed"
    assert "sign problem: average phase 0.01" in doubted.verdict.text
    assert f"needs about {doubted.findings['draws_needed']:.1g} draws, and has 40000" in doubted.verdict.text
    assert "sign problem: average phase 0.00" in lost.verdict.text
    assert "which may be zero: no average has a value, and more draws need not give one" in lost.verdict.text
    assert abs(known.findings["modulus"] - 0.05) < 5 * known.findings["modulus_error"]
    for theta, has_value in ((DOUBTED, True), (LOST, False)):  # a quotient by what may be zero is no value
        one = estimate({"c": np.cos(w)}, independent=True, phase=theta * w)["c"]
        assert np.isnan(one.error)
        assert np.isnan(one.ess)
        assert np.isfinite(one.value) == has_value
        assert "average phase" in one.doubts[()]


def test_no_other_sampler_mends_a_sign_problem(rng):
    lost = judged(LOST * rng.normal(size=(1, DRAWS))).verdict
    assert stronger_choice(Choice("reweight", "asked for"), [lost], interacting=True) is None


def test_an_imaginary_part_that_is_zero_is_said_to_be():
    assert judged(np.zeros((2, 50))).verdict.status == "warning"
    assert "take its real part" in judged(np.zeros((2, 50))).verdict.text


def test_the_error_of_the_modulus_is_that_along_the_average():
    found = AveragePhase.of(0.6 + 0.8j, 0.01 + 0.02j, 0.5)
    along = np.sqrt((0.6 * 0.01) ** 2 + (0.8 * 0.02) ** 2 + 2 * 0.5 * 0.48 * 0.01 * 0.02)
    np.testing.assert_allclose((found.modulus, found.modulus_error), (1.0, along))
    near = AveragePhase.of(0.01 + 0j, 0.001 + 0.02j, 0.0)  # the other part may be as large
    assert not near.known
    np.testing.assert_allclose(near.draws, (5 * 0.02 / 0.01) ** 2)


def test_weights_and_phases_together(rng):
    """Free draws of unit variance, weights e^{−0.3 w²}: the modulus has variance 1/1.6."""
    w, theta = rng.normal(size=(1, DRAWS)), 1.2
    logs = -0.3 * w**2
    one = estimate({"cosine": np.cos(SLOPE * w)}, None, logs, independent=True, phase=theta * w)["cosine"]
    assert abs(one.value.real - exact_cosine(theta, 1 / 1.6)) < 5 * one.error.real
    assert abs(one.value.real - exact_cosine(theta)) > 6 * one.error.real  # the weights ignored
    phase = average_phase_of(theta * w, logs, independent=True)
    assert abs(phase.modulus - np.exp(-(theta**2) / 3.2)) < 5 * phase.modulus_error
    assert contributions(np.cos(w), logs, theta * w).shape == w.shape


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (np.zeros((1, 3)), r"phase has shape \(1, 3\), and the draws \(1, 8\)"),
        (np.full((1, 8), np.nan), "phase is NaN"),
    ],
)
def test_phases_that_cannot_be(phase, message):
    with pytest.raises(ValueError, match=message):
        estimate({"one": np.ones((1, 8))}, phase=phase)


def twisted(theta=KNOWN):
    w = numpyro.sample("w", dist.Normal(0, 1))
    numpyro.factor("well", -0.3 * w**2)
    numpyro.factor("twist", 1j * theta * w)
    return lambda x: w * (1 + x[0])


def measured():
    return {"cosine": Observable(lambda phi: jnp.cos(SLOPE * phi(jnp.zeros(1))))}


def answer(theta):
    return {"cosine": exact_cosine(theta, 1 / 1.6)}


@pytest.fixture(scope="module")
def run() -> Ensemble:
    theory = Theory(ModelFile(twisted, "twisted", observables=measured, exact=answer), theta=2.2)
    return sample(theory, "reweight", num_draws=5000, seed=11)


def test_a_model_with_a_complex_factor_runs(run):
    assert run.provenance.verdict == "good", run.verdicts
    checks = {one.check: one for one in run.verdicts}
    assert checks["phase"].status == "good"
    assert checks["exact_answers"].status == "good"
    assert checks["schwinger_dyson"].status == "good"
    one = run.estimates()["cosine"]
    assert abs(one.value - exact_cosine(2.2, 1 / 1.6)) < 5 * abs(one.error)
    quenched = estimate({"cosine": run.data["observables"]["cosine"].values}, None, run.log_weights, independent=True)
    assert abs(quenched["cosine"].value - exact_cosine(2.2, 1 / 1.6)) > 6 * quenched["cosine"].error


def test_the_real_action_is_sampled_and_the_phase_stored(run):
    assert set(run.data["action"].data_vars) == {"well", "twist"}
    assert set(run.data["phase"].data_vars) == {"twist"}
    assert not np.any(run.data["action"]["twist"])
    np.testing.assert_array_equal(run.phase, run.data["phase"]["twist"])
    np.testing.assert_allclose(run.phase, 2.2 * run.data["prior"]["w"], rtol=1e-12)


def test_what_a_phase_takes_away_is_said(run):
    assert run.provenance.log_z is None
    assert run.tempering is None
    assert "Z is complex" in run.findings["phase"]["log_z"]
    assert "the action has a phase" in run.provenance.improved.reasons["cosine"]


def turned(theta=2.0, power=1.0):
    w = numpyro.sample("w", dist.Normal(0, 1))
    numpyro.factor("twist", 1j * theta * jnp.abs(w) ** power * jnp.sign(w) if theta else -(w**2))
    return lambda x: w + 0 * x[0]


def test_a_look_at_the_model_tells_that_it_has_a_phase():
    positions = jnp.linspace(-1.0, 1.0, 5)[:, None]
    spread = 2 * np.std(positions)
    good, words = phase_of_weights(Theory(turned), positions)
    assert (good, f"twist (spread {spread:.2g} rad" in words) == (True, True)
    good, words = phase_of_weights(Theory(turned, power=-1.0), positions)
    assert (good, words.endswith("not finite on free draws: twist")) == (False, True)
    texts = [words for _, words in check_model(Theory(turned, theta=0.0), lambda stage: None)]
    assert not [words for words in texts if "phase" in words]
