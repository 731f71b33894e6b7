"""Sine and cosine in one pass, against NumPy's in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields.sine_cosine import sine_cosine


@pytest.mark.parametrize(
    ("dtype", "largest", "units"),
    [(np.float32, 50.0, 2), (np.float32, 1e4, 3), (np.float64, 50.0, 4), (np.float64, 1e8, 4)],
)
def test_values_to_a_few_units_in_the_last_place(rng, dtype, largest, units):
    angle = rng.uniform(-largest, largest, 20_000).astype(dtype)
    quarters = (np.arange(-40, 41) * np.pi / 4).astype(dtype)  # where the polynomials change
    angle = np.concatenate([angle, quarters])
    sine, cosine = jax.jit(sine_cosine)(jnp.asarray(angle))
    assert sine.dtype == cosine.dtype == dtype
    exact = angle.astype(np.longdouble)
    tolerance = units * np.finfo(dtype).eps
    assert np.max(np.abs(np.asarray(sine) - np.sin(exact))) < tolerance
    assert np.max(np.abs(np.asarray(cosine) - np.cos(exact))) < tolerance


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_angles_stay_bounded_and_undefined_ones_undefined(dtype):
    sine, cosine = sine_cosine(jnp.asarray([1e9, 1e18, 1e30, -1e25, np.inf, np.nan], dtype))
    for values in (sine, cosine):
        assert np.all(np.abs(values[:4]) <= 1 + 1e-2)
        assert np.all(np.isnan(values[4:]))


def test_derivatives(rng):
    angle = jnp.asarray(rng.uniform(-30, 30, 100))
    (sine, cosine), (d_sine, d_cosine) = jax.jvp(sine_cosine, (angle,), (2 * jnp.ones(100),))
    np.testing.assert_array_equal(d_sine, 2 * cosine)
    np.testing.assert_array_equal(d_cosine, -2 * sine)
    second = jax.vmap(jax.grad(jax.grad(lambda x: sine_cosine(x)[0])))(angle)
    np.testing.assert_array_equal(second, -sine)
