"""Networks that run and learn: frequencies, what they keep, where they are unstable, and which mistakes are named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.dynamics import (
    LearningNetwork,
    Rollout,
    State,
    continuous_rollout,
    reversal_defect,
    rollout,
    symplectic_defect,
)
from nnft_ppl.exact import lattice_frequency, lattice_potential, step_frequency
from nnft_ppl.spaces import Lattice, Spacetime

MASS, WAVE = 0.5, 2 * np.pi * 5 / 64
W = float(lattice_frequency([WAVE], mass=MASS))
RING = Lattice(64)


def add(phi, beta):
    return phi + beta


def loss(phi, beta):
    return jnp.sum((jnp.roll(phi, -1) - phi) ** 2 + MASS**2 * phi**2) / 2


def network(**keywords):
    return LearningNetwork(add, loss, **keywords)


def wave():
    return State(jnp.cos(WAVE * jnp.arange(64)), jnp.zeros(64))


def energies(run, time_step):
    """E and E_s at every time."""
    force = run.phi @ lattice_potential(64, 1.0, MASS)
    plain = jnp.sum(run.beta**2 + run.phi * force, axis=1) / 2
    return np.asarray(plain), np.asarray(plain + time_step / 2 * jnp.sum(run.beta * force, axis=1))


@pytest.mark.parametrize(
    ("time_step", "known", "swing"),
    [(0.1, 0.6973912508, 3.6e-2), (0.2, 0.6978161296, 7.5e-2), (0.4, 0.6995297637, 0.16)],
)
def test_the_frequency_of_steps_and_the_energy_that_they_keep(time_step, known, swing):
    assert pytest.approx(W, abs=1e-10) == 0.6972499346
    assert pytest.approx(step_frequency(W, time_step), abs=1e-10) == known
    run = rollout(network(), wave(), 200, RING, time_step=time_step)
    amplitude = run.phi[:, 0]
    found = np.arccos((amplitude[3] + amplitude[1]) / (2 * amplitude[2])) / time_step
    assert pytest.approx(found, abs=1e-10) == known
    plain, shadow = energies(run, time_step)
    np.testing.assert_allclose(shadow / shadow[0], 1, atol=1e-13)
    assert pytest.approx(np.max(np.abs(plain / plain[0] - 1)), rel=0.02) == swing  # control: E itself is not kept


def test_the_shadow_energy_does_not_drift_and_that_of_the_partial_derivative_grows():
    long = rollout(network(), wave(), 10_000, RING, time_step=0.1, every=50)
    shadow = energies(long, 0.1)[1]
    assert np.max(np.abs(shadow / shadow[0] - 1)) <= 1e-13
    late = rollout(network(derivative="partial"), wave(), 1000, RING, time_step=0.1, every=100)
    size = np.sqrt(energies(late, 0.1)[0])
    assert size[-1] / size[0] == pytest.approx((1 + 0.01 * W**2) ** 500, rel=1e-9)
    assert size[-1] / size[0] == pytest.approx(11.3, abs=0.05)


def test_the_continuum_is_reached_at_second_order():
    exact = np.sqrt(1 + MASS**2)
    found = np.array([lattice_frequency([1.0], a, MASS) - exact for a in (0.4, 0.2, 0.1, 0.05)])
    np.testing.assert_allclose(found, [-5.947e-3, -1.4897e-3, -3.7262e-4, -9.3166e-5], rtol=2e-4)
    np.testing.assert_allclose(found[:-1] / found[1:], 4, rtol=3e-3)


def test_unit_steps_on_a_unit_lattice_are_unstable():
    with pytest.raises(ValueError, match=r"steps of 1 are unstable at the frequency 2.06155; give steps < 0.970143"):
        step_frequency(np.sqrt(MASS**2 + 4), 1.0)
    zigzag = State(1e-3 * (-1.0) ** jnp.arange(64), jnp.zeros(64))
    assert np.max(np.abs(rollout(network(), zigzag, 60, RING, time_step=1.0).phi[-1])) > 1e3
    assert np.max(np.abs(rollout(network(), zigzag, 60, RING, time_step=0.97).phi[-1])) < 0.1  # below the bound


def quartic(phi, beta):
    return jnp.sum((jnp.roll(phi, -1) - phi) ** 2 + phi**4) / 2


def rubbing(phi, beta):
    return quartic(phi, beta) + 0.2 * jnp.sum(beta**2)


WEIGHT = 0.3 * np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("made", "good"),
    [
        (LearningNetwork(add, quartic), True),
        (LearningNetwork(add, quartic, derivative="partial"), False),
        (LearningNetwork(add, rubbing), False),
        (LearningNetwork(lambda phi, beta: jnp.tanh(phi) + beta, quartic), False),
    ],
)
def test_mechanics_of_any_network(made, good, key):
    state = State(*jax.random.normal(key, (2, 3)))

    def step(at):
        return made.step(at, 0.3)

    look = jax.jit(lambda at: (symplectic_defect(step, at, made.momentum), reversal_defect(step, at)))
    defects = [float(one) for one in look(state)]
    assert (max(defects) < 1e-13) == good
    assert good or min(defects) > 1e-3


def test_a_symmetric_step_is_reversed_by_the_sign_of_its_momentum(key):
    made, state = LearningNetwork(add, quartic), State(*jax.random.normal(key, (2, 3)))

    def leapfrog(at):
        half = State(at.phi, at.beta - 0.1 * made.slope(at))
        phi = half.phi + 0.2 * half.beta
        return State(phi, half.beta - 0.1 * made.slope(State(phi, half.beta)))

    def flip(at):
        return State(at.phi, -at.beta)

    assert reversal_defect(leapfrog, state, flip) < 1e-14
    assert reversal_defect(lambda at: made.step(at, 0.2), state, flip) > 1e-3  # not that of ours
    assert symplectic_defect(leapfrog, state) < 1e-14


def test_weights_in_steps_change_volumes_by_their_square(key):
    made = LearningNetwork(lambda phi, beta: phi + WEIGHT @ phi + beta, lambda phi, beta: beta @ WEIGHT @ beta / 2)
    state = State(*jax.random.normal(key, (2, 3)))
    for time_step in (0.1, 0.2):
        slopes = jax.jacfwd(lambda x, t=time_step: jnp.concatenate(made.step(State(x[:3], x[3:]), t)))(
            jnp.concatenate(state)
        )
        learned = np.eye(3) - time_step**2 * WEIGHT @ WEIGHT  # the rest of K² + M only shifts the force
        assert np.linalg.det(slopes) == pytest.approx(np.linalg.det(np.eye(3) + time_step * WEIGHT) * np.linalg.det(
            np.eye(3) - time_step * WEIGHT), abs=1e-12)  # fmt: skip
        assert np.linalg.det(slopes) == pytest.approx(np.linalg.det(learned), abs=1e-12)


def test_a_rollout_is_a_field_on_times_and_sites():
    run = rollout(network(), wave(), 20, RING, time_step=0.1, every=2)
    space = run.space
    assert isinstance(space, Spacetime)
    assert (space.shape, space.dim, run.dim) == ((11, 64), 2, 2)
    np.testing.assert_array_equal(space.evaluate(run), run.phi)
    assert float(run(np.array([0.4, 3.0]))) == float(run.phi[2, 3])
    assert float(run(jnp.array([0.4, 66.0]))) == float(run.phi[2, 2])  # once round
    assert np.isnan(jax.vmap(run)(jnp.array([[0.5, 3.0]]))[0])
    np.testing.assert_array_equal(
        run.on_grid((np.array([0.2, 1.0]), np.array([5.0]))), run.phi[jnp.array([1, 5])][:, 5:6]
    )
    np.testing.assert_array_equal(run.at(-1).phi, run.phi[-1])
    assert space.integrate(jnp.ones(space.shape)) == pytest.approx(2.0 * 64)
    assert (space.periods, list(space.places)) == ((None, 64.0), ["time", "position"])
    assert space.pairs([0.0, 2.0]).points.shape == (2, 2, 2)


def test_continuous_time_and_two_dimensions():
    def rings(phi, beta):
        return sum(jnp.sum((jnp.roll(phi, -1, axis) - phi) ** 2) for axis in (0, 1)) / 2 + jnp.sum(phi**2) / 2

    lattice = Lattice((4, 6))
    start = State(jnp.tile(jnp.cos(np.pi * jnp.arange(6) / 3), (4, 1)), jnp.zeros((4, 6)))
    run = continuous_rollout(LearningNetwork(add, rings), start, [0.7, 2.0], lattice)
    frequency = np.sqrt(1 + lattice_frequency([0.0, np.pi / 3]) ** 2)
    for time, values in zip(run.times, run.phi, strict=True):
        np.testing.assert_allclose(values, np.cos(frequency * time) * start.phi, atol=1e-9)
    assert run([2.0, 1.0, 3.0]).shape == ()
    assert np.isnan(continuous_rollout(LearningNetwork(add, rings), start, [50.0], lattice, steps=3).phi[-1]).all()


def test_the_error_of_continuous_time_is_in_units_of_the_state():
    """Small fields are not right because they are small: where steps are too few they are refused, too."""
    spring = LearningNetwork(add, lambda phi, beta: jnp.sum(phi**2) / 2)
    sizes = jnp.array([1.0, 1e-9, 1e9])
    starts = State(*(jnp.tile(one, (3, 1)).T for one in (sizes, 0 * sizes)))
    kicked = State(starts.beta, starts.phi)

    def late(steps, last):
        run = lambda start: continuous_rollout(spring, start, [last], Lattice(3), steps=steps).phi[-1, 0]  # noqa: E731
        return jax.jit(jax.vmap(run))

    assert np.isnan(late(32, 100.0)(starts)).all()
    fine = late(60, 20.0)
    np.testing.assert_allclose(fine(starts) / sizes, np.cos(20.0), atol=1e-8)
    np.testing.assert_allclose(fine(kicked) / sizes, np.sin(20.0), atol=1e-8)


def test_an_unstable_rollout_warns():
    zigzag = State((-1.0) ** jnp.arange(64), jnp.zeros(64))
    with pytest.warns(UserWarning, match=r"not finite after 800 steps of 3; .* give a smaller time_step"):
        rollout(network(), zigzag, 800, RING, time_step=3.0)


def test_integers_are_a_state_as_well():
    def step(at):
        return State(at.phi + at.beta, at.beta - at.phi - at.beta)

    assert symplectic_defect(step, State(jnp.array([1, 2]), jnp.array([0, 1]))) < 1e-12
    assert reversal_defect(step, State([1, 2], [0, 1])) < 1e-12


GOOD = State(jnp.zeros(4), jnp.zeros(4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LearningNetwork(add, jnp.linalg.det), r"loss is no function of two arrays; .* a loss that does"),
        (lambda: LearningNetwork(3, loss), "activation is int; give a function of phi and beta"),
        (lambda: LearningNetwork(add, loss, derivative="old"), "derivative = 'old'; give one of 'total', 'partial'"),
        (lambda: LearningNetwork(add, add).step(GOOD), "loss gives .* it must give one real number"),
        (
            lambda: LearningNetwork(lambda phi, beta: phi[:2], loss).step(GOOD),
            r"activation gives shape \(2,\) for a state of shape \(4,\)",
        ),
        (lambda: network().step(State(jnp.zeros(4), jnp.zeros(3))), r"phi has shape \(4,\) and beta \(3,\); give one"),
        (lambda: network().step(State(1j * jnp.zeros(4), jnp.zeros(4))), "the state is complex"),
        (lambda: rollout(network(), GOOD, 4, RING), r"phi at the start has shape \(4,\) and the lattice \(64,\) sites"),
        (lambda: rollout(network(), GOOD, 4, Lattice(4), every=3), "every = 3 and steps = 4; give a divisor"),
        (lambda: rollout(network(), GOOD, 4, Lattice(4), time_step=0.0), "rollout: time_step = 0.0; give a finite"),
        (lambda: continuous_rollout(network(), GOOD, [0.0, 1.0], Lattice(4)), "strictly increasing ones above 0"),
        (lambda: Rollout(jnp.zeros((3, 4)), Lattice(5), [0.0, 1.0, 2.0]), r"phi has shape \(3, 4\) for 3 times and"),
        (lambda: Rollout(jnp.zeros((2, 4)), Lattice(4), [0.0, 1.0])([0.0]), "x has shape .1,.; give one point"),
        (lambda: Rollout(jnp.zeros((2, 4)), Lattice(4), [0.0, 1.0]).at(0), "it has no biases beta"),
        (lambda: Rollout(jnp.zeros((2, 4)), Lattice(4), [0.0, 1.0])(np.array([0.5, 1.0])), "is none of its 2 times"),
        (lambda: Rollout(jnp.zeros((2, 4)), Lattice(4), [0.0, 1.0]).at(2), "number = 2; give an integer from -2 to 1"),
        (lambda: rollout(network(), jnp.zeros(4), 4, Lattice(4)), r"rollout: the state is .* give State\(phi, beta\)"),
        (lambda: network().step((jnp.zeros(4), jnp.zeros(4))), r"the state is tuple; give State\(phi, beta\)"),
        (lambda: network().step(State("a", jnp.zeros(4))), "phi or beta of the state is no array of numbers"),
        (lambda: symplectic_defect(lambda at: at.phi, GOOD), r"the step gives .*; let it return State\(phi, beta\)"),
        (lambda: continuous_rollout(network(), GOOD, [2.0, 1.0], Lattice(4)), "give finite, strictly increasing ones"),
        (lambda: Spacetime([0.0, 1.0], 4), "Spacetime: lattice is int; give a Lattice"),
        (lambda: symplectic_defect(lambda at: State(at.phi[:1], at.beta), GOOD), "a step must keep them"),
    ],
)  # fmt: skip
def test_mistakes_are_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
