"""Feed-forward networks as fields."""

from itertools import pairwise
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import Dense
from nnft_ppl.spaces import Box


def _layers(key, sizes, dtype=np.float64, batch=()):
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    weights = tuple(generator.normal(size=(*batch, out, into)).astype(dtype) for into, out in pairwise(sizes))
    biases = tuple(generator.normal(size=(*batch, out)).astype(dtype) for out in sizes[1:])
    return weights, biases


def test_value_is_the_nested_formula(key):
    (first, second, third), (one, _, three) = _layers(key, (2, 4, 3, 1))
    x = np.array([0.3, -0.8])
    wanted = third @ np.tanh(second @ np.tanh(first @ x + one)) + three
    field = Dense((first, second, third), (one, None, three), jnp.tanh)
    value = field(jnp.asarray(x))
    assert value.shape == ()
    assert np.allclose(value, wanted[0], rtol=1e-13)
    assert field.neurons(x).shape == (3,)
    assert np.allclose(np.sum(field.neurons(x)) + three[0], wanted[0], rtol=1e-13)


def test_one_layer_is_affine_without_activation(key):
    weights, biases = _layers(key, (3, 2))
    x = np.array([1.0, 2.0, -1.0])
    field = Dense(weights, biases, jnp.tanh)
    assert np.allclose(field(x), weights[0] @ x + biases[0], rtol=1e-13)
    assert field.dim == 3
    assert np.allclose(np.sum(field.neurons(x), axis=0) + biases[0], field(x), rtol=1e-13)


def test_components_come_last_on_a_grid(key):
    weights, biases = _layers(key, (2, 4, 3))
    space = Box(2.0, 2, points=5)
    field = Dense(weights, biases, jnp.tanh)
    values = space.evaluate(field)
    assert values.shape == (5, 5, 3)
    point = jnp.array([space.axes[0][1], space.axes[1][4]])
    assert np.allclose(values[1, 4], field(point), rtol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_jit_vmap_and_grad_with_the_field_built_inside(key, dtype):
    space = Box(2.0, 1, points=7)
    weights, biases = _layers(key, (1, 4, 1), dtype, (3,))

    def square(weights, biases):
        return space.integrate(space.evaluate(Dense(weights, biases, jnp.tanh)) ** 2)

    values, gradient = jax.jit(jax.vmap(jax.value_and_grad(square, argnums=1)))(weights, biases)
    assert values.dtype == gradient[1].dtype == dtype
    for i in range(3):
        first, second = (np.asarray(weight[i], np.float64) for weight in weights)
        bias, last = (np.asarray(bias[i], np.float64) for bias in biases)
        field = second @ np.tanh(first @ space.axes[0][None, :] + bias[:, None]) + last[:, None]
        wanted = np.sum(space.weights[0] * field[0] ** 2)
        assert np.allclose(values[i], wanted, rtol=50 * jnp.finfo(dtype).eps)
        # ∂/∂b_L ∫φ² = 2 ∫φ for the bias of the last layer.
        slope = np.sum(2 * space.weights[0] * field[0])
        scale = np.sum(2 * space.weights[0] * np.abs(field[0]))
        assert abs(gradient[1][i, 0] - slope) < 50 * jnp.finfo(dtype).eps * scale


ROW, SQUARE = np.ones((1, 2)), np.ones((2, 2))
# Wrong types are given on purpose.
ANY_DENSE = cast("Any", Dense)
BAD = [
    (lambda: ANY_DENSE((ROW,), (None,), "tanh"), TypeError, "activation is 'tanh'"),
    (lambda: ANY_DENSE(ROW, (None,), jnp.tanh), TypeError, "weights is ndarray; give a tuple"),
    (lambda: ANY_DENSE((ROW,), None, jnp.tanh), TypeError, "biases is NoneType"),
    (lambda: ANY_DENSE((), (), jnp.tanh), ValueError, "at least one layer"),
    (lambda: ANY_DENSE((SQUARE, ROW), (None,), jnp.tanh), ValueError, "2 weights and 1 biases"),
    (
        lambda: ANY_DENSE((SQUARE, np.ones(2)), (None, None), jnp.tanh),
        ValueError,
        r"layer 2 has weights of shape \(2,\)",
    ),
    (lambda: ANY_DENSE((SQUARE, np.ones((1, 3))), (None, None), jnp.tanh), ValueError, r"layer 2 .*layer 1 hands on 2"),
    (lambda: ANY_DENSE((SQUARE, ROW), (None, np.ones(2)), jnp.tanh), ValueError, r"layer 2 has a bias of shape \(2,\)"),
    (lambda: ANY_DENSE((ROW,), (None,), jnp.tanh)(np.ones(3)), ValueError, r"x has shape \(3,\).*\(2,\)"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
