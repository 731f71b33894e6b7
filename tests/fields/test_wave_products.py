"""Products of waves on a torus: values, norms, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import WaveProducts
from nnft_ppl.spaces import Torus


def test_values_are_those_of_the_waves(rng):
    coefficients = rng.normal(size=(5, 3))
    field, (x, y) = WaveProducts(coefficients), (0.7, -1.9)
    along_x = np.array([np.cos(2 * x), np.cos(x), 0.5**0.5, np.sin(x), np.sin(2 * x)]) / np.sqrt(np.pi)
    along_y = np.array([np.cos(y), 0.5**0.5, np.sin(y)]) / np.sqrt(np.pi)
    assert field(jnp.array([x, y])) == pytest.approx(along_x @ coefficients @ along_y, rel=1e-12)
    assert field(jnp.array([x + 2 * np.pi, y])) == pytest.approx(float(field(jnp.array([x, y]))), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_grid_agrees_with_points_and_waves_are_normal(rng, dtype):
    coefficients = rng.normal(size=(5, 5)).astype(dtype)
    field, torus = WaveProducts(coefficients), Torus((2 * np.pi, 2 * np.pi), modes=2)
    grid = field.on_grid(torus.axes)
    points = np.stack(np.meshgrid(*torus.axes, indexing="ij"), axis=-1).reshape(-1, 2).astype(dtype)
    tolerance = 100 * float(np.finfo(dtype).eps)
    assert grid.dtype == dtype
    np.testing.assert_allclose(jax.vmap(field)(jnp.asarray(points)), grid.ravel(), atol=tolerance)
    assert float(torus.integrate(grid**2)) == pytest.approx(float(np.sum(coefficients**2)), rel=tolerance)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: WaveProducts(np.ones(3)), ValueError, "coefficients have shape .3,."),
        (lambda: WaveProducts(np.ones((3, 4))), ValueError, "give .2K.1, 2K'.1."),
        (lambda: WaveProducts(np.ones((3, 3), complex)), TypeError, "give real ones"),
        (lambda: WaveProducts(np.ones((3, 3)))(jnp.zeros(3)), ValueError, "give one point of shape .2,."),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
