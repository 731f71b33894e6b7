"""The bank on draws that are right, and on draws that are wrong in ways that samplers go wrong."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy.special import ndtr, ndtri

from nnft_ppl import Observable, Theory, load, sample
from nnft_ppl.checks import FinishedDraws, IdentityBank, MeasureProgram, MeasureStream
from nnft_ppl.draws import Kind
from nnft_ppl.identities import Bank, BankError, ReferenceField, VectorFieldError
from nnft_ppl.samplers import Settings, hmc, run_blocks
from nnft_ppl.samplers.gaussian_flow import rotation_integrator
from nnft_ppl.theory import ModelFile

FAULTY, RIGHT = 1e-8, 1e-4
"""p-values: of a planted fault at most, of right draws at least (once in ten thousand seeds)."""
DRAWS = 4000
"""Draws per chain, four chains: more than 10⁴ effective ones."""


def positions(target, key, num_draws=DRAWS, **options) -> np.ndarray:
    settings = Settings(key, num_chains=4, num_draws=num_draws, num_warmup=200, keep_every=1)
    blocks = [block.positions for block in run_blocks(partial(hmc, **options), target, settings)]
    return np.concatenate([block for block in blocks if block is not None], axis=1)


def outcome(theory: Theory, draws: np.ndarray, *fields: ReferenceField, log_weights=None) -> dict:
    bank = IdentityBank(fields)
    program = MeasureProgram(theory, [bank], len(draws))
    assert program.lost == {}
    stream = MeasureStream(program)
    stream.add(draws, 0, 1)
    kind = Kind.CHAINS if log_weights is None else Kind.FREE
    finished = FinishedDraws(theory, kind, {}, {}, log_weights=log_weights, measured=stream.finish()[bank.name])
    return dict(bank.judge(finished).findings)


@pytest.fixture(scope="module")
def circle() -> Theory:
    return load("phi4_circle")


@pytest.fixture(scope="module")
def circle_draws(circle: Theory) -> np.ndarray:
    return positions(circle.target(), jax.random.key(11))


def test_right_draws_pass(circle, circle_draws):
    found = outcome(circle, circle_draws)
    assert found["p_value"] > RIGHT
    assert found["verdict"] == "good"
    # No more and no less than one identity for each: three sites, a constant has nothing to rotate.
    assert found["dof"] == len(found["rows"]) == 19


def test_a_wrong_coupling_shows_with_the_power_that_is_printed(circle, circle_draws):
    other = load("phi4_circle", coupling=9.0)
    found = outcome(other, circle_draws)
    assert found["p_value"] < FAULTY
    own = outcome(circle, circle_draws)
    assert own["power_reached"] > 0.7 * own["power_bound"]
    # Not only foretold: T² of draws against λ × 1.25 is past what 70 % of the bound would give.
    near = outcome(load("phi4_circle", coupling=6.0 * 1.25), circle_draws)
    assert np.sqrt(max(near["t2"] - near["dof"], 0.0)) > 0.7 * np.log(1.25) * own["power_bound"]


def test_a_hot_sampler_shows(circle, key):
    """Draws of exp(−(|z|²/2 + S)/1.02)."""
    target = circle.target()
    warm = jnp.sqrt(1.02)
    hot = replace(target, action=lambda z: target.action(warm * z) / 1.02)
    assert outcome(circle, np.asarray(warm) * positions(hot, key))["p_value"] < FAULTY


def half_kick_left_out(log_density, kinetic_energy):
    whole = rotation_integrator(log_density, kinetic_energy)

    def one_step(state, step_size):
        moved = whole(state, step_size)
        force = moved.logdensity_grad + moved.position
        return moved._replace(momentum=moved.momentum - 0.5 * step_size * force)

    return one_step


def test_a_half_kick_left_out_shows(circle, key):
    draws = positions(circle.target(), key, 2 * DRAWS, integrator=half_kick_left_out)
    assert outcome(circle, draws)["p_value"] < FAULTY


def test_coefficients_five_per_cent_off_show(circle, circle_draws):
    wrong = circle_draws.copy()
    wrong[..., circle.groups["cosine"]] *= 1.05
    assert outcome(circle, wrong)["p_value"] < FAULTY


def waves(width=8, mass=1.0, cutoff=6.0, coupling=6.0):
    """Written with nothing of ours: momenta uniform on an interval."""
    with numpyro.plate("neuron", width):
        a = numpyro.sample("amplitude", dist.Normal(0, 1))
        b = numpyro.sample("momentum", dist.Uniform(-cutoff, cutoff))
        c = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))
    size = jnp.sqrt(2 * cutoff / (jnp.pi * width * (b**2 + mass**2)))
    x, weight = np.polynomial.legendre.leggauss(24)
    phi_x = jnp.cos(2 * x[:, None] * b + c) @ (size * a)
    numpyro.factor("quartic", -coupling / 24 * jnp.sum(2 * weight * phi_x**4))
    return lambda x: jnp.sum(size * a * jnp.cos(b * x[0] + c))


def test_momenta_of_the_wrong_ball_show(key):
    """Weighted free draws of the theory with Λ = 5.7, brought to the coordinates of the one with Λ = 6."""
    right, wrong = Theory(waves), Theory(waves, cutoff=5.7)
    momentum = right.groups["momentum"]
    keys = jax.random.split(key, 4 * DRAWS)
    drawn = np.asarray(jax.jit(jax.vmap(wrong.free_draw))(keys)).reshape(4, DRAWS, -1)
    weights = -np.asarray(jax.jit(jax.vmap(jax.vmap(wrong.action)))(drawn))
    moved = drawn.copy()
    moved[..., momentum] = ndtri(0.5 + 5.7 / 6 * (ndtr(drawn[..., momentum]) - 0.5))
    assert outcome(wrong, drawn, log_weights=weights)["p_value"] > RIGHT
    assert outcome(right, moved, log_weights=weights)["p_value"] < FAULTY


def many_sites():
    total = [numpyro.sample(f"layer{k}", dist.Normal(0, 1).expand([k + 2]).to_event(1)) for k in range(7)]
    numpyro.factor("quartic", -sum(jnp.sum(one**4) for one in total) / 8)
    return lambda x: jnp.tanh(sum(jnp.sum(one) for one in total)) * x[0]


def test_small_sites_are_taken_together():
    bank = Bank(Theory(many_sites))
    names = {row.vector_field.partition(".")[2] for row in bank.rows}
    assert names == {"layer2", "layer3", "layer4", "layer5", "layer6", "others"}


def test_fields_of_ones_own(circle, circle_draws):
    cubic = ReferenceField("cubic", lambda z: z**3 / (1 + z**2))
    found = outcome(circle, circle_draws[:, ::4], cubic)
    (row,) = [row for row in found["rows"] if row["vector_field"] == "cubic"]
    assert 0 < abs(row["z"]) < 5
    with pytest.raises(VectorFieldError, match=r"returned shape \(\); z has shape \(81,\)"):
        IdentityBank((ReferenceField("sum", jnp.sum),)).measurement(circle)


def test_the_real_part_of_a_complex_observable_is_taken_and_named():
    def observables():
        return {"wave": Observable(lambda phi: jnp.exp(1j * phi(jnp.zeros(1))))}

    bank = Bank(Theory(replace(ModelFile.of(waves), observables=observables), width=2))
    assert bank.observable == "wave"
    assert bank.rows[-1].observable == "tanh(Re wave)"


def test_a_stream_does_not_depend_on_its_blocks(circle, circle_draws):
    program = MeasureProgram(circle, [IdentityBank()], 4)
    whole, parts = MeasureStream(program, every=3), MeasureStream(program, every=3)
    whole.add(circle_draws[:, :300], 0, 1)
    for first in range(0, 300, 70):
        parts.add(circle_draws[:, first : min(first + 70, 300)], first, 1)
    one, other = (stream.finish()["schwinger_dyson"] for stream in (whole, parts))
    assert one["draw"].values.tolist() == list(range(0, 300, 3))
    np.testing.assert_allclose(one["residual"], other["residual"], rtol=1e-9, atol=1e-9)


def looping():
    """An action that has a value but no derivative in reverse."""
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    halved = jax.lax.while_loop(lambda x: jnp.abs(x) > 1, lambda x: x / 2, a[0])
    numpyro.factor("halved", -(halved**2))
    return lambda x: a[0] + a[1] * x[0]


def test_an_action_without_derivatives_can_still_be_sampled(seed):
    theory = Theory(looping)
    with pytest.raises(BankError, match="cannot be differentiated"):
        Bank(theory)
    run = sample(theory, "reweight", num_draws=500, seed=seed)
    (verdict,) = [one for one in run.verdicts if one.check == "schwinger_dyson"]
    assert verdict.status == "unavailable"
    assert "cannot be differentiated twice" in verdict.text
    assert all("cannot be differentiated" in text for text in run.provenance.improved.reasons.values())
    assert run.estimates_of("improved") == {}


def kinked():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    # The slope of the root at zero is infinite, and infinity times zero no number.
    return lambda x: jnp.sqrt((a[0] - a[0]) ** 2) + jnp.sum(a) * x[0]


def test_rows_that_are_not_finite_are_left_out(seed):
    run = sample(Theory(kinked), "reweight", num_draws=500, seed=seed)
    rows = run.findings["schwinger_dyson"]["rows"]
    unknown = [row for row in rows if row["z"] is None]
    assert 0 < len(unknown) < len(rows)
    assert all(row["observable"] != "1" for row in unknown)
    (verdict,) = [one for one in run.verdicts if one.check == "schwinger_dyson"]
    assert verdict.status == "good"
    assert f"{len(unknown)} more are left out, not finite" in verdict.text
