"""Jumps, kinks and gradients that are not a function's own: seen, and what needs them left out by name."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpyro import distributions as dist
from scipy import integrate
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Observable, Theory, load, sample
from nnft_ppl.checks import FinishedDraws, IdentityBank, MeasureProgram, MeasureStream
from nnft_ppl.checks.improved import ImprovedAgainstRaw
from nnft_ppl.draws import Kind
from nnft_ppl.identities import Improvement
from nnft_ppl.identities.jumps import random_step, search
from nnft_ppl.identities.linear_sites import linear_sites
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.statistics import TSquared, estimate
from nnft_ppl.theory import ModelFile

SEEN = {
    "smooth": (lambda z: jnp.sum(z**4) / 8 + jnp.cos(3 * z[0]), ""),
    "constant": (lambda z: 5.0 + 0 * z[0], ""),
    "steep": (lambda z: jax.nn.softplus(10 * z[0]), ""),
    "small step": (lambda z: 0.05 * (z[0] ** 2 > 1), "jump"),
    "step below a quartic": (lambda z: 0.08 * (z[0] > 1) + jnp.sum(z**4), "jump"),
    "rounded": (lambda z: jnp.round(z[0]) ** 2, "jump"),
    "finely rounded": (lambda z: jnp.floor(100 * z[0]) / 100, "jump"),
    "without gradient": (lambda z: 0.05 * jax.lax.stop_gradient(z[0]) ** 2 + jnp.sum(z**2), "jump"),
    "wall": (lambda z: jnp.where(z[0] + z[1] > 1.5, jnp.inf, 0.0), "jump"),
    "absolute": (lambda z: jnp.abs(z[0]), "kink"),
    "rectified": (lambda z: 0.3 * jax.nn.relu(z[0]) + z[1] ** 2, "kink"),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_a_search_from_draws_sees(name, key):
    function, expected = SEEN[name]

    def one(key):
        key_start, key_step = jax.random.split(key)
        return search(function, jax.random.normal(key_start, (3,)), random_step(key_step, jnp.ones(3)))

    found = jax.jit(jax.vmap(one))(jax.random.split(key, 600))
    seen = {name for name, any_seen in found._asdict().items() if jnp.any(any_seen)}
    assert seen == ({expected} if expected else set())


def amplitude(term=lambda a: 0.0 * a, field=lambda a, x: a + 0 * x[0]):
    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("action", -term(a))
        return lambda x: field(a, x)

    return Theory(model)


@jax.custom_jvp
def straight_through(x):
    return jnp.round(x)


straight_through.defjvp(lambda primals, tangents: (straight_through(*primals), tangents[0]))


@pytest.mark.parametrize(
    ("term", "smooth"),
    [
        (lambda a: a**4 + jnp.exp(-(a**2)) + jnp.logaddexp(a, -a), True),
        (lambda a: jax.lax.scan(lambda c, _: (jnp.sin(c), None), a, None, 3)[0], True),
        (lambda a: jnp.where(jnp.arange(3) > 1, a, 0.0).sum(), True),  # what is chosen does not depend on a
        (lambda a: 0.1 * (a > 0.5), False),
        (jnp.abs, False),
        (jnp.floor, False),
        (straight_through, False),
        (jax.lax.stop_gradient, False),
        (lambda a: jnp.asarray([1.0, 2.0])[(a > 0).astype(int)], False),
        (lambda a: jax.lax.cond(a > 0, lambda: 1.0, lambda: 0.0), False),
    ],
)
def test_smooth_as_it_is_written(term, smooth):
    assert smoothness(amplitude(term)).potential == (frozenset() if smooth else {"a"})


def test_shipped_theories_are_smooth_as_they_are_written():
    for name in ("phi4", "phi4_circle", "deformed_rotation", "free_scalar"):
        found = smoothness(load(name))
        assert not found.potential | found.fields | frozenset().union(*found.observables.values())


def rectified(x):
    return jax.nn.relu(x)


def saturating(x):
    return jnp.tanh(x)


def network(width=2, activation=rectified):
    w = numpyro.sample("w", dist.Normal(0, 1).expand([width]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 1).expand([width]).to_event(1))
    a = numpyro.sample("a", dist.Normal(0, width**-0.5).expand([width]).to_event(1))
    return lambda x: a @ activation(w * x[0] + b)


@pytest.mark.parametrize(
    ("theory", "sites"),
    [
        (Theory(network, width=1), ("a",)),
        (Theory(network, width=2), ("a",)),
        (Theory(network, width=3), ("a",)),
        (Theory(network, activation=lambda x: x), ("w", "b")),
        (Theory(network, activation=lambda x: x**3 / (1e4 + x**2) + x), ("a",)),  # nearly linear at size one
        (amplitude(field=lambda a, x: jnp.clip(a, -3, 3) + x[0]), ()),
        (amplitude(field=lambda a, x: 20 * jnp.tanh(a / 20) + x[0]), ()),
        (amplitude(field=lambda a, x: a * x[0] ** 2), ("a",)),
        (load("phi4", width=16), ("amplitude",)),
        (load("deformed_rotation"), ("weight",)),
    ],
    ids=str,
)
def test_linear_means_linear_everywhere(theory, sites):
    assert linear_sites(theory) == sites


STEPS = {
    "step": (lambda a: 0.08 * (a**2 > 1), [-1.0, 1.0]),
    "rounded": (lambda a: jnp.round(a) ** 2, [-1.5, -0.5, 0.5, 1.5]),
    "without gradient": (lambda a: 0.3 * jax.lax.stop_gradient(a) ** 2, [0.0]),
}


@pytest.mark.parametrize("name", STEPS)
def test_an_action_that_jumps_is_not_improved(name, seed):
    term, edges = STEPS[name]

    def weight(a):
        return float(np.exp(-(a**2) / 2 - term(a)))

    exact = integrate.quad(lambda a: a**2 * weight(a), -9, 9, points=edges, limit=400)[0] / integrate.quad(
        weight, -9, 9, points=edges, limit=400
    )[0]  # fmt: skip
    run = sample(amplitude(term), "reweight", num_draws=1000, seed=seed)
    quoted = run.estimates()["phi_squared"]
    assert abs(quoted.value - exact) < ACCEPTED * quoted.error
    # The control: what the improved estimator gives without the jump, S' = 0, is one with no error at all.
    assert name == "step" or abs(quoted.value - 1) > REJECTED * quoted.error
    assert all("the action jumps" in reason for reason in run.provenance.improved.reasons.values())
    (bank,) = [verdict for verdict in run.verdicts if verdict.check == "schwinger_dyson"]
    assert bank.status == "unavailable"
    assert "the action jumps in a, or has a part without gradient" in bank.text
    assert run.provenance.verdict == "good"


def test_an_action_with_a_kink_is_improved():
    found = Improvement(amplitude(jnp.abs))
    assert found.names == ("phi_squared", "two_point")


def test_p_values_are_judged_more_strictly_after_samplers_that_failed(monkeypatch):
    """Going on until a test passes would let a wrong density pass in the end."""
    rows = 5
    lucky = TSquared(40.0, rows, 200, 1.5e-4, np.zeros(rows), np.ones(rows), 500.0, np.eye(rows))
    theory = Theory(free_site)
    monkeypatch.setattr("nnft_ppl.checks.identities.t_squared", lambda *_, **__: lucky)
    monkeypatch.setattr("nnft_ppl.checks.identities.power", lambda *_, **__: (1.0, 1.0))
    bank = IdentityBank()
    stream = MeasureStream(MeasureProgram(theory, [bank], 2))
    stream.add(np.random.default_rng(0).normal(size=(2, 100, 1)), 0, 1)
    draws = FinishedDraws(theory, Kind.CHAINS, {}, {}, measured=stream.finish()[bank.name])
    assert bank.judge(draws).verdict.status == "good"
    assert bank.judge(replace(draws, earlier={"reweight": ()})).verdict.status == "failed"


def free_site():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a + 0 * x[0]


def judged(theory: Theory, draws: np.ndarray, log_weights: np.ndarray | None = None):
    """The bank's outcome, and what it measured, on draws given."""
    bank = IdentityBank()
    program = MeasureProgram(theory, [bank], len(draws))
    assert program.lost == {}
    stream = MeasureStream(program)
    stream.add(draws, 0, 1)
    measured = stream.finish()[bank.name]
    kind = Kind.CHAINS if log_weights is None else Kind.FREE
    finished = FinishedDraws(theory, kind, {}, {}, log_weights=log_weights, measured=measured)
    return bank.judge(finished), measured


def free_draws(theory: Theory, key, number=500) -> np.ndarray:
    keys = jax.random.split(key, 4 * number)
    return np.asarray(jax.jit(jax.vmap(theory.free_draw))(keys)).reshape(4, number, -1)


def rows(outcome) -> set[tuple[str, str]]:
    return {(row["vector_field"], row["observable"]) for row in outcome.findings["rows"]}


def test_a_kink_leaves_the_forces_out(key):
    theory = amplitude(jnp.abs)
    draws = free_draws(theory, key)
    outcome, _ = judged(theory, draws, -np.asarray(jax.vmap(jax.vmap(theory.action))(draws)))
    assert outcome.verdict.status == "good"
    assert "the slope of the action jumps: the forces, which need its derivative, are left out" in outcome.verdict.text
    assert rows(outcome) == {(f"{name}.a", of) for name in ("shift", "dilatation") for of in ("1", "tanh(phi_squared)")}


def test_a_network_of_steps_keeps_what_does_not_need_its_slope(key):
    theory = Theory(network, width=4, activation=lambda x: jnp.heaviside(x - 0.3, 0.5))
    outcome, _ = judged(theory, free_draws(theory, key))
    assert outcome.verdict.status == "good"
    assert "phi_squared jumps, or has a part without gradient: identities with it are left out" in outcome.verdict.text
    assert {of for field, of in rows(outcome) if not field.endswith(".a")} == {"1"}
    assert ("shift.a", "tanh(phi_squared)") in rows(outcome)  # φ is smooth in a
    # The control: a smooth network of the same shape loses nothing.
    smooth = Theory(network, width=4, activation=saturating)
    assert judged(smooth, free_draws(smooth, key))[0].findings["left_out"] == ""


def test_the_observable_is_one_that_varies_and_has_a_derivative(key):
    at = jnp.zeros(1)
    observables = {
        "b_square": Observable(lambda phi: phi(at) ** 2),
        "aa_count": Observable(lambda phi: jnp.sum(jax.vmap(phi)(jnp.linspace(0, 1, 4)[:, None]) > 0)),
        "a_constant": Observable(lambda phi: 1.0 + 0 * phi(at)),
        "c_other": Observable(lambda phi: phi(at)),
    }
    theory = Theory(replace(ModelFile.of(network), observables=lambda: observables), activation=saturating)
    outcome, _ = judged(theory, free_draws(theory, key, 100))
    assert {of for _, of in rows(outcome)} == {"1", "tanh(b_square)"}


def test_an_observable_far_above_its_scale_is_no_second_copy_of_one(key):
    theory = amplitude(field=lambda a, x: 1e4 + a + x[0])
    outcome, _ = judged(theory, free_draws(theory, key))
    errors = {(row["vector_field"], row["observable"]): row["error"] for row in outcome.findings["rows"]}
    # Were the tanh saturated, F = 1, the two rows would be the same.
    assert abs(errors["shift.a", "tanh(phi_squared)"] / errors["shift.a", "1"] - 1) > 0.05
    assert outcome.findings["dof"] == 4


def zero_sum():
    a = numpyro.sample("a", dist.ZeroSumNormal(1.0, (5,)))
    return lambda x: a @ jnp.cos(jnp.arange(5) * x[0])


def test_rounding_is_not_tested(key):
    """The reference term of a `ZeroSumNormal` is constant: forces and rotations are 1e-17."""
    theory = Theory(zero_sum)
    outcome, _ = judged(theory, free_draws(theory, key))
    silent = {row["vector_field"] for row in outcome.findings["rows"] if row["observable"] == "1" and not row["error"]}
    assert silent == {"rotation.a", "force.a"}
    assert outcome.findings["dof"] == len(outcome.findings["rows"]) - 2
    assert outcome.findings["power_reached"] <= outcome.findings["power_bound"]


def test_a_jump_where_only_the_draws_are(key):
    """Free draws never come to a = 30; draws around it see the step, and nothing improved is believed."""
    theory = amplitude(lambda a: 0.5 * (a > 30))
    improvement = Improvement(theory)
    assert improvement.names
    draws = 30 + np.asarray(jax.random.normal(key, (4, 100, 1)))
    with pytest.raises(ValueError, match="the action jumps in a"):
        judged(theory, draws)
    data = xr.DataTree.from_dict({"improved": xr.Dataset({"phi_squared": ("draw", np.ones(3))})})
    improvement.mistrust(data)
    assert "improved" not in data
    assert improvement.names == ()
    assert "the action jumps" in improvement.reasons["phi_squared"]


def test_raw_against_improved_says_what_it_could_see(key):
    """An improved value without error is confirmed only as far as the raw draws go."""
    raw = np.asarray(jax.random.normal(key, (4, 1000))) ** 2

    def verdict(value):
        improved = {"two": np.full_like(raw, value)}
        finished = FinishedDraws(
            load("phi4_circle"), Kind.FREE, estimate(improved, independent=True), {"two": raw}, improved=improved,
            log_weights=np.zeros_like(raw),
        )  # fmt: skip
        return ImprovedAgainstRaw().judge(finished).verdict

    right, wrong = verdict(1.0), verdict(0.8)
    assert right.status == "good"
    assert "the comparison has an error of 0.023 for two" in right.text
    assert "while it is quoted without error" in right.text
    assert wrong.status == "failed"
