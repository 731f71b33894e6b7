"""Flow and descent of networks, against closed forms; and which mistakes are named."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.scipy.special import erf

from nnft_ppl.dynamics import SquaredLoss, gradient_descent, gradient_flow, linear_flow, tangent_kernel
from nnft_ppl.fields import Dense

LOSS = SquaredLoss([-1.0, 0.5], [0.8, -0.4])
TIMES = np.array([0.0, 0.3, 2.0])
INSIDE = jnp.array([[0.7, -1.1, 0.4, 1.9], [0.2, 0.5, -0.8, 0.1]])
START = jnp.array([0.3, -0.9, 1.2, 0.5])


def read_out(amplitude):
    """Four neurons, of which the read-out is trained."""
    return Dense((INSIDE[0][:, None], amplitude[None, :] / 2), (INSIDE[1], None), erf)


def whole(theta):
    """The same with all trained."""
    return Dense((theta["w"][:, None], theta["a"][None, :] / 2), (theta["b"], None), erf)


def two_components(theta):
    """A linear field of two components in the plane."""
    return lambda x: theta["matrix"] @ x + theta["shift"]


WHOLE = {"a": START, "w": INSIDE[0], "b": INSIDE[1]}


@pytest.mark.parametrize(
    ("network", "start", "loss"),
    [
        (read_out, START, LOSS),
        (
            two_components,
            {"matrix": jnp.array([[1.0, 0.5], [-0.3, 0.2]]), "shift": jnp.zeros(2)},
            SquaredLoss([[1.0, 0.0], [0.5, -0.5], [0.0, 0.3]], [[1.0, 0.0], [0.2, 0.4], [0.0, -1.0]]),
        ),
    ],
)
def test_the_equation_and_its_solution(network, start, loss):
    flow, known = (jax.jit(lambda s, f=f: f(network, s, loss, TIMES))(start) for f in (gradient_flow, linear_flow))
    for one, other, first in zip(*map(jax.tree.leaves, (flow, known, start)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
        np.testing.assert_array_equal(one[0], first)
        assert np.max(np.abs(one[2] - first)) > 0.01
    once = linear_flow(network, start, loss, TIMES[2])
    np.testing.assert_allclose(jax.tree.leaves(once)[0], jax.tree.leaves(known)[0][2], atol=1e-14)


def test_in_infinite_time_the_data_are_met():
    found = linear_flow(read_out, START, LOSS, np.inf)
    np.testing.assert_allclose(LOSS.residual(read_out(found)), 0, atol=1e-12)
    # Two values at one point: the mean of them, and no more.
    torn = SquaredLoss([0.5, 0.5], [1.0, 0.0])
    np.testing.assert_allclose(torn.residual(read_out(linear_flow(read_out, START, torn, np.inf))), [-0.5, 0.5])


def test_derivatives_forwards_backwards_and_twice():
    def trained(start):
        return read_out(gradient_flow(read_out, start, LOSS, 1.0, steps=8))(jnp.array([2.0]))

    def known(start):
        return read_out(linear_flow(read_out, start, LOSS, 1.0))(jnp.array([2.0]))

    way = jnp.array([1.0, 0.0, -2.0, 0.5])
    exact = jax.grad(known)(START)
    found, moved = jax.jvp(jax.grad(lambda start: trained(start) ** 2 / 2), (START,), (way,))
    np.testing.assert_allclose(found, known(START) * exact, atol=1e-8)
    np.testing.assert_allclose(moved, exact * (exact @ way), atol=1e-7)


def test_too_few_steps_are_no_answer():
    assert np.isnan(gradient_flow(read_out, START, LOSS, 40.0, steps=1)).all()
    assert np.isfinite(gradient_flow(read_out, START, LOSS, 40.0, steps=1, tolerance=1e9)).all()


def test_the_tangent_kernel_moves_the_field():
    places = np.array([0.2, 2.0])
    kernel = tangent_kernel(whole, WHOLE, places, LOSS.points)
    slope = jax.grad(lambda theta: LOSS(whole(theta)))(WHOLE)
    moved = jax.tree.map(lambda one: -one, slope)
    change = jax.jvp(lambda theta: jax.vmap(whole(theta))(places[:, None]), (WHOLE,), (moved,))[1]
    np.testing.assert_allclose(change, -kernel @ LOSS.residual(whole(WHOLE)), atol=1e-12)
    own = tangent_kernel(whole, WHOLE, places)
    np.testing.assert_allclose(own, own.T, atol=1e-14)
    assert tangent_kernel(two_components, {"matrix": jnp.eye(2), "shift": jnp.ones(2)}, [[1.0, 2.0]]).tolist() == [
        [[[6.0, 0.0]], [[0.0, 6.0]]]
    ]


def test_descent_of_a_constant_kernel():
    rate, counts = 0.2, [0, 3, 10]
    found = jax.jit(lambda start: gradient_descent(read_out, start, LOSS, counts, rate))(START)
    kernel = tangent_kernel(read_out, START, LOSS.points)
    first = LOSS.residual(read_out(START))
    for count, one in zip(counts, found, strict=True):
        left = np.linalg.matrix_power(np.eye(2) - rate * np.asarray(kernel), count)
        np.testing.assert_allclose(LOSS.residual(read_out(one)), left @ first, atol=1e-13)
    small = gradient_descent(whole, WHOLE, LOSS, 2000, 1e-3)
    flow, coarse = gradient_flow(whole, WHOLE, LOSS, 2.0), gradient_descent(whole, WHOLE, LOSS, 4, 0.5)
    np.testing.assert_allclose(small["w"], flow["w"], atol=1e-3)
    assert np.max(np.abs(coarse["w"] - flow["w"])) > 1e-2  # control: steps that are no flow
    adam = gradient_descent(whole, WHOLE, LOSS, 400, optax.adam(0.02))
    assert LOSS(whole(adam)) < 1e-4 < LOSS(whole(WHOLE))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: SquaredLoss([1.0, 2.0], [1.0]), r"shapes \(2,\) and \(1,\); give \(datum, dim\)"),
        (lambda: SquaredLoss([], []), "one value for each datum"),
        (lambda: SquaredLoss([np.inf], [1.0]), "points"),
        (lambda: LOSS(lambda x: x * jnp.ones(2)), r"the field has values of shape \(2,\) and the data of \(\)"),
        (lambda: gradient_flow(read_out, START, LOSS, -1.0), "time = -1.0; give finite numbers >= 0"),
        (lambda: gradient_flow(read_out, START, LOSS, [2.0, 1.0]), "in ascending order"),
        (lambda: gradient_flow(read_out, START, LOSS, np.inf), "give finite numbers"),
        (lambda: gradient_flow(read_out, START, LOSS, "late"), "time is str; give a number"),
        (lambda: gradient_flow(read_out, START, LOSS, 1.0, steps=0), "steps = 0; give an integer >= 1"),
        (lambda: gradient_flow(read_out, START, LOSS, 1.0, tolerance=0.0), "tolerance = 0.0; give a finite number > 0"),
        (lambda: linear_flow(read_out, START, lambda phi: 0.0, 1.0), "loss is function; give a SquaredLoss"),
        (lambda: gradient_descent(read_out, START, LOSS, -1, 0.1), "steps = -1; give an integer >= 0"),
        (lambda: gradient_descent(read_out, START, LOSS, [3, 1], 0.1), "in ascending order"),
        (lambda: gradient_descent(read_out, START, LOSS, 1, 0.0), "optimizer = 0.0; give a finite number > 0"),
        (lambda: gradient_descent(read_out, START, LOSS, 1, "adam"), "optimizer is str"),
        (lambda: tangent_kernel(read_out, START, 1.0), r"points have shape \(\); give \(point, dim\)"),
    ],
)
def test_mistakes_are_named(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        wrong()


@pytest.mark.parametrize(
    "call",
    [
        lambda w: gradient_flow(lambda w: lambda x: w, w, lambda phi: jnp.abs(phi(0.0) - 1) ** 2 / 2, 1.0),
        lambda w: gradient_descent(lambda w: lambda x: w, w, lambda phi: jnp.abs(phi(0.0) - 1) ** 2 / 2, 1, 0.1),
        lambda w: linear_flow(lambda w: lambda x: w.real, w, LOSS, 1.0),
        lambda w: tangent_kernel(lambda w: lambda x: w.real, w, [0.0]),
    ],
)
def test_complex_parameters_are_refused(call):
    with pytest.raises(TypeError, match="a parameter is complex; give its real and imaginary parts"):
        call(2.0 + 1.0j)
    call(jnp.asarray(2.0))
