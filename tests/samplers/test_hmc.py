"""HMC while costly parameters rest: what rests, exact moments, and bugs of its own kind."""

import importlib
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load
from nnft_ppl.samplers import Settings, hmc, run_blocks
from nnft_ppl.samplers.hoisting import resting_share
from nnft_ppl.samplers.pcn import refresh_some
from nnft_ppl.samplers.tuning import coordinate_scales, next_step
from nnft_ppl.statistics import estimate
from nnft_ppl.target import Target

# `nnft_ppl.samplers.hmc` is the function.
split_parameters = importlib.import_module("nnft_ppl.samplers.hmc").split_parameters

X = np.linspace(-6, 6, 121)
SPACING = X[1] - X[0]
GOAL = np.cos(2 * X)
GROUPS = {"momentum": slice(0, 1), "amplitude": slice(1, 2)}


def action(z):
    """One wave near another: 0.1 ∫ [(1 + a/4) cos(3 b x) − cos(2 x)]² dx; the momentum b feels it most."""
    momentum, amplitude = z[0:1], z[1:2]
    return 0.1 * SPACING * jnp.sum(((1 + amplitude / 4) * jnp.cos(3 * momentum * X) - GOAL) ** 2)


def target():
    return Target(
        action,
        lambda z: jnp.zeros(()),
        lambda key: jax.random.normal(key, (2,)),
        lambda z: {"squares": z**2, "mixed": jnp.cos(z[0]) * z[1] ** 2},
        2,
        GROUPS,
    )


def exact():
    """The moments by quadrature over both parameters."""
    nodes = np.linspace(-8, 8, 2001)
    wave = np.cos(3 * nodes[:, None] * X)
    square, overlap, goal = (wave**2).sum(1), (wave * GOAL).sum(1), (GOAL**2).sum()
    momentum, amplitude = nodes[:, None], nodes[None, :]
    size = 1 + amplitude / 4
    cost = 0.1 * SPACING * (size**2 * square[:, None] - 2 * size * overlap[:, None] + goal)
    density = np.exp(-(momentum**2 + amplitude**2) / 2 - cost)
    density /= density.sum()
    squares = np.array([(density * momentum**2).sum(), (density * amplitude**2).sum()])
    return {"squares": squares, "mixed": (density * np.cos(momentum) * amplitude**2).sum()}


def pulls(key, **options):
    settings = Settings(key, 4, 5000, 300, 0)
    blocks = list(run_blocks(partial(hmc, **options), target(), settings))
    assert "sweep_acceptance_rate" in blocks[0].stats  # the momentum did rest
    series = {name: np.concatenate([block.measured[name] for block in blocks], 1) for name in exact()}
    return max(worst_pull(one, exact()[name]) for name, one in estimate(series).items())


def test_exact_moments_while_the_momentum_rests(key):
    assert pulls(key) < ACCEPTED


def too_wide(key, position, share):
    """Fresh draws from a normal of standard deviation 1.2: not reversible in the free theory."""
    fresh = refresh_some(key, position, share)
    return jnp.where(fresh == position, position, 1.2 * fresh)


def test_fresh_draws_of_the_wrong_law_are_rejected(key):
    assert pulls(key, refresh=too_wide) > REJECTED


def test_momenta_rest_in_a_box_and_nothing_on_the_circle(key):
    for name, moving in (("phi4", {"amplitude", "phase"}), ("phi4_circle", {"constant", "cosine", "sine"})):
        one = load(name, **({"width": 32} if name == "phi4" else {})).target()
        positions = jax.vmap(one.free_draw)(jax.random.split(key, 32))
        forces = jax.jit(jax.vmap(jax.grad(one.potential)))(positions)
        split = split_parameters(one, coordinate_scales(np.asarray(forces)[:, None], one.groups))
        moves = {
            group
            for group, place in one.groups.items()
            if any(moves and part.start <= place.start < part.stop for part, moves in split.parts)
        }
        assert moves == moving


def test_a_parameter_that_feels_nothing_does_not_bring_the_others_to_rest():
    """Its scale is huge, and none of the action's cost moves with it."""
    groups = GROUPS | {"unused": slice(2, 3)}
    idle = replace(target(), dimension=3, groups=groups)
    moving = [part for part, moves in split_parameters(idle, np.array([1.0, 5.0, 1e6])).parts if moves]
    assert moving == [slice(1, 2), slice(2, 3)]
    assert split_parameters(idle, np.array([1.0, 1.0, 1e6])).draws == 1


@pytest.mark.parametrize("action", [action, jax.jit(action), lambda z: jax.jit(jnp.add)(jax.jit(action)(z), 0.0)])
def test_what_rests_is_most_of_the_cost(action):
    share = resting_share(action, 2, GROUPS, {"momentum"})
    assert share > 0.7
    assert resting_share(action, 2, GROUPS, {"amplitude"}) < 0.1
    assert resting_share(action, 2, GROUPS, set()) < 0.1


def test_split_keeps_the_order(rng):
    split = split_parameters(target(), np.array([1.0, 5.0]))
    position = jnp.asarray(rng.normal(size=2))
    parts = [split.take(position, moving=moves) for moves in (True, False)]
    np.testing.assert_array_equal(split.merge(*parts), position)
    assert parts[0] == position[1]


def test_scales_follow_coordinates_that_differ_and_groups_that_do_not(rng):
    groups = {"mode": slice(0, 20), "neuron": slice(20, 220)}
    size = np.concatenate([np.linspace(1, 10, 20), np.full(200, 2.0)])
    scales = coordinate_scales(rng.normal(size=(8, 30, 220)) * size, groups)
    np.testing.assert_allclose(scales[:20], 10 / size[:20], rtol=0.25)
    assert np.ptp(scales[20:]) < 0.2 * np.mean(scales[20:])
    np.testing.assert_allclose(np.mean(scales[20:]), 5, rtol=0.15)
    np.testing.assert_array_equal(coordinate_scales(np.zeros((4, 3, 5)), {"all": slice(0, 5)}), np.ones(5))


@pytest.mark.parametrize("start", [0.02, 0.3, 0.9])
def test_step_size_is_found(start):
    """On the acceptance erfc((ε/0.4)²) of a second-order integrator, in a few corrections."""
    from scipy.special import erfc, erfcinv

    step = start
    for _ in range(12):
        step = next_step(step, float(erfc((step / 0.4) ** 2)), 0.8, 1.0)
    assert step == pytest.approx(0.4 * np.sqrt(erfcinv(0.8)), rel=1e-3)


def test_the_potential_is_known_from_the_state(key):
    target = load("phi4", width=4, dim=1, side=2.0, cutoff=2.0, coupling=6.0).target()
    hmc = importlib.import_module("nnft_ppl.samplers.hmc")
    position = target.free_draw(key)
    state = hmc.blackjax_hmc.init(position, target.log_density)
    np.testing.assert_allclose(hmc.potential_of(state), target.potential(position), rtol=1e-9)
