"""Plane waves: the two forms, the factorised path, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import PlaneWaves
from nnft_ppl.spaces import Box

NEURONS = 13


def _parameters(key, dim, dtype=np.float64, batch=()):
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    shapes = [(NEURONS,), (NEURONS, dim), (NEURONS,)]
    return tuple(generator.normal(size=batch + shape).astype(dtype) for shape in shapes)


def test_value_is_the_sum_of_cosines(key):
    amplitude, momentum, phase = _parameters(key, 3)
    weight = np.linspace(0.5, 1.5, NEURONS)
    x = np.array([0.3, -1.2, 0.7])
    wanted = np.sum(weight * amplitude * np.cos(momentum @ x + phase))
    field = PlaneWaves(amplitude, momentum, phase, weight)
    assert np.allclose(field(x), wanted, rtol=1e-12)
    assert np.allclose(field.neurons(x), weight * amplitude * np.cos(momentum @ x + phase), rtol=1e-12)
    doubled, single = PlaneWaves(amplitude, momentum, phase, 2.0), PlaneWaves(amplitude, momentum, phase)
    assert np.allclose(doubled(x), 2 * single(x), rtol=1e-12)


def test_pair_form_is_cosine_and_sine(key):
    amplitude, momentum, phase = _parameters(key, 2)
    pair = np.stack([amplitude * np.cos(phase), -amplitude * np.sin(phase)], axis=-1)
    x = np.array([0.4, 2.0])
    first, second = PlaneWaves(amplitude, momentum, phase, 0.3), PlaneWaves(pair, momentum, weight=0.3)
    assert np.allclose(first(x), second(x), rtol=1e-12)
    waves = np.stack([np.cos(momentum @ x), np.sin(momentum @ x)], axis=-1)
    assert np.allclose(second(x), 0.3 * np.sum(pair * waves), rtol=1e-12)
    assert first.dim == 2


CASES = [(dim, dtype) for dim in (1, 2, 3, 4) for dtype in (jnp.float32, jnp.float64)]


@pytest.mark.parametrize(("dim", "dtype"), [*CASES, (5, jnp.float64)])
def test_grid_agrees_with_points(key, dim, dtype):
    parameters = _parameters(key, dim, dtype)
    # Unequal axes show a transposition; numpy float64 axes must not widen a float32 field.
    axes = tuple(np.linspace(-1.0, 1.0 + 0.1 * j, 3 + j if j < 3 else 2) for j in range(dim))
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dim)
    test = np.cos(np.arange(len(grid))).astype(dtype)

    def fast(*parameters):
        values = PlaneWaves(*parameters).on_grid(axes)
        return jnp.sum(values.ravel() * test), values

    def slow(*parameters):
        values = jax.vmap(PlaneWaves(*parameters))(jnp.asarray(grid, dtype))
        return jnp.sum(values * test), values.reshape([len(axis) for axis in axes])

    @jax.jit
    def both(*parameters):
        return [jax.grad(path, (0, 1, 2), has_aux=True)(*parameters) for path in (fast, slow)]

    (gradient_fast, values_fast), (gradient_slow, values_slow) = both(*parameters)
    tolerance = 200 * float(jnp.finfo(dtype).eps)
    assert values_fast.dtype == dtype
    assert values_fast.shape == tuple(len(axis) for axis in axes)
    assert np.max(np.abs(values_fast - values_slow)) < tolerance * np.sqrt(NEURONS)
    for one, other in zip(gradient_fast, gradient_slow, strict=True):
        assert one.dtype == dtype
        assert np.max(np.abs(one - other)) < tolerance * np.sqrt(len(grid))


def _equations(jaxpr):
    """All equations, those of compiled functions inside included."""
    for equation in jaxpr.eqns:
        yield equation
        if equation.primitive.name == "jit":
            yield from _equations(equation.params["jaxpr"])


def test_every_product_asks_for_full_precision(key):
    field = PlaneWaves(*_parameters(key, 2))
    highest = (jax.lax.Precision.HIGHEST,) * 2
    for function, argument in [(field, jnp.zeros(2)), (field.on_grid, (jnp.zeros(3), jnp.zeros(4)))]:
        equations = _equations(jax.make_jaxpr(function)(argument).jaxpr)
        products = [equation for equation in equations if equation.primitive.name == "dot_general"]
        asked = [equation.params["precision"] for equation in products]
        assert asked == [highest] * len(asked)
        assert len(asked) >= 2


def test_is_a_pytree_that_vmap_can_batch(key):
    parameters = _parameters(key, 2, batch=(4,))
    fields = jax.jit(jax.vmap(PlaneWaves))(*parameters)
    assert len(jax.tree.leaves(fields)) == 3
    space = Box(2.0, 2, points=5)
    values = jax.jit(jax.vmap(space.evaluate))(fields)
    single = space.evaluate(PlaneWaves(*(parameter[2] for parameter in parameters)))
    assert np.allclose(values[2], single, rtol=1e-12, atol=1e-12)


ONE, PAIR, COLUMN = np.ones(3), np.ones((3, 2)), np.ones((3, 1))
BAD = [
    (lambda: PlaneWaves(ONE, ONE, ONE), ValueError, r"momentum has shape \(3,\); give .* momentum\[:, None\]"),
    (lambda: PlaneWaves(ONE, np.ones((2, 3, 1)), ONE), ValueError, r"\(2, 3, 1\).*jax.vmap"),
    (lambda: PlaneWaves(ONE, np.ones((3, 0)), ONE), ValueError, "dim >= 1"),
    (lambda: PlaneWaves(np.ones(4), COLUMN, np.ones(4)), ValueError, r"amplitude has shape \(4,\).*3 neurons"),
    (lambda: PlaneWaves(ONE, COLUMN), ValueError, "came without phase"),
    (lambda: PlaneWaves(PAIR, COLUMN, np.ones(2)), ValueError, r"phase has shape \(2,\); give .* or \(3, 2\)"),
    (lambda: PlaneWaves(np.ones((3, 3)), COLUMN), ValueError, "came without phase"),
    (lambda: PlaneWaves(ONE, COLUMN, np.ones(2)), ValueError, r"phase has shape \(2,\)"),
    (lambda: PlaneWaves(PAIR, COLUMN, weight=np.ones(2)), ValueError, r"weight has shape \(2,\)"),
    (lambda: PlaneWaves(ONE * 1j, COLUMN, ONE), TypeError, "complex"),
    (lambda: PlaneWaves(PAIR, COLUMN)(np.zeros((5, 1))), ValueError, r"x has shape \(5, 1\).*jax.vmap"),
    (lambda: PlaneWaves(PAIR, COLUMN).on_grid((ONE, ONE)), ValueError, "2 axes .* 1 dimensions"),
    (lambda: PlaneWaves(PAIR, COLUMN).on_grid((COLUMN,)), ValueError, "axes have shapes .*; give 1-d ones"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
