"""Fourier series on a circle, its averages, and the scales of the free field."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import FourierSeries, free_scales
from nnft_ppl.spaces import Circle

PERIOD, MODES = 3.0, 6


def _coefficients(key, dtype: Any = np.float64):
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return tuple(generator.normal(size=shape).astype(dtype) for shape in [(), MODES, MODES])


def test_value_is_the_series(key):
    constant, cosine, sine = _coefficients(key)
    field = FourierSeries(PERIOD, constant, cosine, sine)
    angle = 2 * np.pi * np.arange(1, MODES + 1) / PERIOD * 0.7
    wanted = constant + np.sum(cosine * np.cos(angle) + sine * np.sin(angle))
    assert np.allclose(field(jnp.array([0.7])), wanted, rtol=1e-12, atol=1e-12)
    assert np.allclose(field(0.7), wanted, rtol=1e-12, atol=1e-12)
    assert np.allclose(field(0.7 - PERIOD), wanted, rtol=1e-12)
    assert (field.dim, field.modes) == (1, MODES)


def test_without_modes_it_is_the_constant():
    field = FourierSeries(PERIOD, 1.5, jnp.zeros(0), jnp.zeros(0))
    assert np.array_equal(field.on_grid((np.arange(3.0),)), [1.5, 1.5, 1.5])
    assert field(jnp.array([0.4])) == 1.5


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_grid_agrees_with_points(key, dtype, kind):
    coefficients = _coefficients(key, dtype)
    times = Circle(PERIOD, modes=MODES).axes[0]
    test = np.cos(np.arange(len(times))).astype(dtype)

    def fast(*coefficients):
        values = FourierSeries(PERIOD, *coefficients).on_grid((kind(times),))
        return values @ test, values

    def slow(*coefficients):
        values = jax.vmap(FourierSeries(PERIOD, *coefficients))(jnp.asarray(times[:, None], dtype))
        return values @ test, values

    @jax.jit
    def both(*coefficients):
        return [jax.grad(path, (0, 1, 2), has_aux=True)(*coefficients) for path in (fast, slow)]

    (gradient_fast, values_fast), (gradient_slow, values_slow) = both(*coefficients)
    # The phase is up to 2πK, so its own rounding is that many epsilons.
    tolerance = 10 * 2 * np.pi * MODES * float(jnp.finfo(dtype).eps)
    assert values_fast.dtype == dtype
    assert np.max(np.abs(values_fast - values_slow)) < tolerance
    for one, other in zip(gradient_fast, gradient_slow, strict=True):
        assert one.dtype == dtype
        assert np.max(np.abs(one - other)) < tolerance


def test_a_numpy_axis_leaves_no_cosine_in_the_compiled_function(key):
    field = FourierSeries(PERIOD, *_coefficients(key))

    def primitives(function, argument):
        return {equation.primitive.name for equation in jax.make_jaxpr(function)(argument).eqns}

    constant = primitives(Circle(PERIOD, modes=MODES).evaluate, field)
    assert "dot_general" in constant
    assert constant.isdisjoint({"cos", "sin"})
    assert {"cos", "sin"} <= primitives(lambda axis: field.on_grid((axis,)), jnp.arange(3.0))


def test_translation_average_is_the_average_over_the_circle(key):
    field = FourierSeries(PERIOD, *_coefficients(key))
    space = Circle(PERIOD, modes=MODES)
    separation = np.array([[0.0, 0.3], [1.1, 2.9]])

    times = jnp.asarray(space.axes[0])
    many = jax.vmap(field)
    brute = jax.jit(jax.vmap(lambda t: space.average(many(times) * many(times + t))))
    wanted = brute(separation.ravel()).reshape(2, 2)
    assert np.allclose(field.translation_average(separation), wanted, rtol=1e-12, atol=1e-12)
    assert np.allclose(field.translation_average(jnp.asarray(separation)), wanted, rtol=1e-12, atol=1e-12)
    single = FourierSeries(PERIOD, *_coefficients(key, np.float32)).translation_average(separation)
    assert single.dtype == jnp.float32


def test_free_scales_give_the_truncated_propagator(key):
    mass, draws = 1.7, 4000
    constant_scale, mode_scale = free_scales(PERIOD, mass, MODES)
    momentum = 2 * np.pi * np.arange(-MODES, MODES + 1) / PERIOD
    separation = np.array([0.0, 0.4, 1.5])
    wanted = np.sum(np.cos(momentum * separation[:, None]) / (momentum**2 + mass**2), axis=1) / PERIOD

    # In closed form, from the variances of the coefficients.
    omega = momentum[MODES + 1 :]
    variance = constant_scale**2 + np.sum(mode_scale**2 * np.cos(omega * separation[:, None]), axis=1)
    assert np.allclose(variance, wanted, rtol=1e-14)

    # And from draws of the field at two points, not averaged over the circle.
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    constant, cosine, sine = (generator.normal(size=(draws, *shape)) for shape in [(), (MODES,), (MODES,)])

    def products(scale):
        def product(constant, cosine, sine):
            field = FourierSeries(PERIOD, constant_scale * constant, scale * cosine, scale * sine)
            return field(0.2) * jax.vmap(field)(jnp.asarray(0.2 + separation))

        return np.asarray(jax.jit(jax.vmap(product))(constant, cosine, sine))

    def sigmas(values):
        return np.max(np.abs(values.mean(axis=0) - wanted) / (values.std(axis=0) / np.sqrt(draws)))

    assert sigmas(products(mode_scale)) < 5
    assert sigmas(products(np.sqrt(2) * mode_scale)) > 6


def test_free_scales_follow_an_array_mass():
    constant, modes = jax.jit(lambda mass: free_scales(PERIOD, mass, 3))(jnp.float32(1.7))
    wanted = free_scales(PERIOD, 1.7, 3)
    assert constant.dtype == modes.dtype == jnp.float32
    assert np.allclose(constant, wanted[0], rtol=1e-6)
    assert np.allclose(modes, wanted[1], rtol=1e-6)
    slope = jax.grad(lambda mass: free_scales(PERIOD, mass, 3)[0])(2.0)
    assert np.allclose(slope, -1 / (4 * np.sqrt(PERIOD)))


ONE = np.ones(3)
# Wrong types are given on purpose.
ANY_SERIES, ANY_SCALES = cast("tuple[Any, Any]", (FourierSeries, free_scales))
BAD = [
    (lambda: ANY_SERIES(0.0, 0.0, ONE, ONE), ValueError, "period = 0.0; give a finite number > 0"),
    (lambda: ANY_SERIES(jnp.ones(()), 0.0, ONE, ONE), TypeError, "period is .*Python number"),
    (lambda: ANY_SERIES(1.0, ONE, ONE, ONE), ValueError, r"constant has shape \(3,\)"),
    (lambda: ANY_SERIES(1.0, 0.0, ONE, np.ones(2)), ValueError, r"cosine has shape \(3,\) and sine \(2,\)"),
    (lambda: ANY_SERIES(1.0, 0.0, 1.0, 1.0), ValueError, r"\(modes,\)"),
    (lambda: ANY_SERIES(1.0, 1j, ONE, ONE), TypeError, "complex"),
    (lambda: ANY_SERIES(1.0, 0.0, ONE, ONE)(ONE), ValueError, r"x has shape \(3,\).*jax.vmap"),
    (lambda: ANY_SERIES(1.0, 0.0, ONE, ONE).on_grid((ONE, ONE)), ValueError, "give one axis of shape"),
    (lambda: ANY_SCALES(1.0, -1.0, 2), ValueError, "mass = -1.0"),
    (lambda: ANY_SCALES(-1.0, 1.0, 2), ValueError, "period = -1.0"),
    (lambda: ANY_SCALES(1.0, 1.0, 2.0), TypeError, "modes = 2.0; give an integer"),
    (lambda: ANY_SCALES(1.0, 1.0, -1), ValueError, "modes = -1"),
    (lambda: ANY_SCALES(1.0, "m", 1), TypeError, "mass is str"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
