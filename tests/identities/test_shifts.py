"""Shifts of integers: identities that hold to rounding by summation, and see what is wrong."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from test_bank import FAULTY, RIGHT, outcome

from nnft_ppl import Theory, load, sample
from nnft_ppl.densities import IntegerNormal, ValueTable, discrete_law
from nnft_ppl.identities import BankError, ReferenceField, VectorFieldError
from nnft_ppl.identities.bank import Bank
from nnft_ppl.identities.rows import _shifts
from nnft_ppl.identities.shifts import Shifts
from nnft_ppl.target import Discrete, Target

DRAWS = 5000
"""Draws per chain, four chains."""


def table(log_weights, low=0) -> Target:
    """Integers n with weights e^{log_weights}, one after the other from `low`."""
    weights = jnp.asarray(log_weights)

    def potential(y):
        place = jnp.round(y[0]).astype(int) - low
        inside = (place >= 0) & (place < len(weights))
        return jnp.where(inside, -weights[jnp.clip(place, 0, len(weights) - 1)], jnp.inf)

    nothing: dict = {"observables": {}}
    discrete = Discrete({"n": ()}, potential, lambda y: nothing, lambda z: z, lambda key, y: y, lambda y: (y, y))
    return Target(potential, potential, lambda key: jnp.zeros(1), lambda z: nothing, 1, {"n": slice(0, 1)}, discrete)


def test_sums_vanish_with_edges_and_all(rng):
    """Over a table with two ends, whatever the weights; with the wrong weights they do not."""
    logs = 1.3 * rng.normal(size=7)
    shifts = Shifts(table(logs, low=-3), lambda y: jnp.sin(y[0]) + 2 * (y[0] == 1))
    points = jnp.arange(-3.0, 4.0)[:, None]
    found = jax.jit(jax.vmap(lambda y: shifts(jax.random.key(0), y)))(points)
    values = np.sin(points[:, 0]) + 2 * (points[:, 0] == 1)
    change = np.sum(found.rate * (found.value - values[:, None]), axis=1)
    rows = np.column_stack([np.asarray(found.residual).reshape(7, 2), change])
    shares = np.exp(logs) / np.sum(np.exp(logs))
    np.testing.assert_allclose(shares @ rows, 0, atol=1e-14)
    assert np.all(np.abs(shares @ rows / np.sqrt(shares @ rows**2)) < 1e-13)
    other = np.exp(1.1 * logs) / np.sum(np.exp(1.1 * logs))
    assert np.all(np.abs(other @ rows) > 1e-3)


def draws(inertia, seed) -> np.ndarray:
    """z of windings of that inertia, as the circle at inertia 1 places them, beside free coordinates."""
    theory, rng = load("particle_on_circle"), np.random.default_rng(seed)
    law, stiffness = discrete_law(IntegerNormal(4 * np.pi**2 / 20)), 4 * np.pi**2 * inertia / 20
    numbers = np.arange(-6, 7)
    weights = np.exp(-0.5 * stiffness * numbers**2)
    windings = rng.choice(numbers, p=weights / weights.sum(), size=(4, DRAWS))
    positions = rng.normal(size=(4, DRAWS, theory.dimension))
    place = theory.groups["winding"].start
    positions[..., place] = jax.jit(law.in_cell)(windings, rng.uniform(size=windings.shape))
    return positions


def test_windings_of_another_inertia_show():
    """10 % off; right ones pass. The row of ln π is nearly as good as any: 10 errors of 20 000 independent draws."""
    theory = load("particle_on_circle")
    right, wrong = (outcome(theory, draws(inertia, 7)) for inertia in (1.0, 1.1))
    assert right["p_value"] > RIGHT
    assert wrong["p_value"] < FAULTY
    rows = {(row["vector_field"], row["observable"]): abs(row["z"]) for row in wrong["rows"]}
    assert rows["shift.winding", "ln density"] > 6
    assert rows["shift.winding", "level"] < 5  # odd: it cannot
    names = [row["vector_field"] for row in right["rows"]]
    assert names.count("shift.winding") == 3
    assert "dilatation.start" in names
    assert not [name for name in names if name.endswith("winding") and name != "shift.winding"]


def test_no_vector_field_moves_a_level():
    theory = load("particle_on_circle")
    with pytest.raises((VectorFieldError, BankError), match="moves 'winding', a discrete site, in whose coordinates"):
        Bank(theory, [ReferenceField("all", lambda z: z)])


def test_shifts_that_never_happen_decide_nothing():
    """A level that is left once in 10⁹ draws has the same residual on every draw, and nothing to balance it."""
    shifts = SimpleNamespace(names=("rare", "often"), site=np.array([0, 0, 1, 1]))
    rng = np.random.default_rng(1)
    measured = {
        "shift_residual": np.stack([np.full((4, 100, 2), -3e-9), rng.normal(size=(4, 100, 2))], axis=2),
        "shift_rate": np.stack([np.full((4, 100), 1e-9)] * 2 + [np.full((4, 100), 0.3)] * 2, axis=-1),
        "value": np.ones((4, 100)),
        "shift_value": np.ones((4, 100, 4)),
    }
    for scale, rows in ((None, 2), ((0.0, 1.0), 3)):
        names, changes = _shifts(shifts, measured.__getitem__, scale, "tanh(O)", np.ones((4, 100)))
        assert [name.vector_field for name in names] == ["shift.often"] * rows
        assert changes.shape == (4, 100, rows)
    # Of weighted draws as many count as they are worth: 240 shifts on 400 draws are 12 on 20.
    names, _ = _shifts(shifts, measured.__getitem__, None, "tanh(O)", np.full((4, 100), 20 / 400))
    assert not names


def test_shifts_on_draws_without_weight_are_left_out(seed):
    """For a > 0 the level is free to change, and no weight is left; for a < 0 it never does."""

    def model():
        n = numpyro.sample("n", ValueTable([0.0, 1.0], np.zeros(2)))
        a = numpyro.sample("a", dist.Normal(0, 1))
        side = jnp.tanh(8 * a)
        numpyro.factor("held", -15 * (1 + side) - 20 * (1 - side) * n)
        return lambda x: n + a + 0 * x[0]

    run = sample(Theory(model), "reweight", num_chains=2, num_draws=500, seed=seed)
    fields = {row["vector_field"] for row in run.findings["schwinger_dyson"]["rows"]}
    assert fields
    assert "shift.n" not in fields
