import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gammainc

from nnft_ppl.densities.radial import ball_factor, growth_factor, shell_ratio, solve_shell


@pytest.mark.parametrize("dim", [3, 4])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_shell_equation_is_solved(dim, precision):
    decades = 30 if precision == "float64" else 17
    with jax.enable_x64(precision == "float64"):
        y = jnp.asarray(np.append(np.logspace(-decades, decades, 1201), 0.0), precision)
        found = jax.jit(lambda y: solve_shell(dim, y * shell_ratio(dim, y) ** (2 / dim)))(y)
        np.testing.assert_allclose(found, y, rtol=32 * float(jnp.finfo(precision).eps))


@pytest.mark.parametrize("dim", [3, 4])
def test_shell_derivatives_are_implicit(dim):
    def derivatives(q):
        slope = jax.grad(functools.partial(solve_shell, dim))
        return solve_shell(dim, q), *jax.value_and_grad(slope)(q)

    q, step = np.array([1e-3, 0.2, 1.0, 5.0, 40.0]), 1e-5
    value, slope, curve = map(
        np.asarray, jax.jit(jax.vmap(jax.vmap(derivatives)))(jnp.asarray(np.stack([q * (1 - step), q, q * (1 + step)])))
    )
    # Truncation (relative step)^2 = 1e-10 and rounding eps / 1e-5 = 2e-11.
    np.testing.assert_allclose(slope[1], (value[2] - value[0]) / (2 * step * q), rtol=1e-8)
    np.testing.assert_allclose(curve[1], (slope[2] - slope[0]) / (2 * step * q), rtol=1e-8)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 7])
def test_ball_factor_derivatives(dim):
    value = functools.partial(ball_factor, dim)
    slope, curve, third = jax.grad(value), jax.grad(jax.grad(value)), jax.grad(jax.grad(jax.grad(value)))
    seam = dim + 2.0  # |z|² where the series ends
    squared, step = np.array([1e-3, 0.3, 2.0, seam - 1e-3, seam + 1e-3, 3 * seam, 60.0]), 1e-4

    @jax.jit
    @jax.vmap
    def orders(x):
        return jnp.stack([value(x), slope(x), curve(x), third(x)])

    below, here, above = (np.asarray(orders(jnp.asarray(squared * (1 + sign * step)))).T for sign in (-1, 0, 1))
    differences = (above - below)[:3] / (2 * step * squared)
    # Truncation (relative step)² = 1e-8, rounding eps / 1e-4 = 2e-12 of the value, both times the sizes of derivatives.
    np.testing.assert_allclose(here[1:], differences, rtol=3e-7, atol=1e-11)
    np.testing.assert_allclose(here[0] ** dim * squared ** (dim / 2), gammainc(dim / 2, squared / 2), rtol=1e-13)


def test_radial_functions_at_zero_and_at_a_seam():
    @jax.jit
    def at(zero):
        factors = {dim: jax.value_and_grad(functools.partial(ball_factor, dim))(zero) for dim in (1, 2, 3, 4, 7)}
        ratios = {dim: jax.value_and_grad(functools.partial(shell_ratio, dim))(zero) for dim in (1, 2, 3, 4)}
        return factors, ratios, jax.value_and_grad(growth_factor)(zero)

    factors, ratios, growth = at(jnp.zeros(()))
    for dim, (value, slope) in factors.items():
        exact = (2 ** (dim / 2) * math.gamma(dim / 2 + 1)) ** (-1 / dim)
        # ln g = const - s / (d + 2) + ... with s = |z|^2 / 2.
        np.testing.assert_allclose([value, slope], [exact, -exact / (2 * dim + 4)], rtol=1e-13)
    for dim, (value, slope) in ratios.items():
        np.testing.assert_allclose([value, slope], [1, -dim / (dim + 2)], rtol=1e-14)
    np.testing.assert_allclose(growth, [1, 0.5], rtol=1e-15)
    t = np.array([0.1 - 1e-12, 0.1 + 1e-12, -0.1, 3.0])
    np.testing.assert_allclose(growth_factor(jnp.asarray(t)), np.expm1(t) / t, rtol=1e-14)
