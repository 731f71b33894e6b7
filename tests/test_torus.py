"""The torus: quadrature, Fourier transforms both ways, averages over translations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import FourierSeries, half_modes
from nnft_ppl.spaces import Circle, Torus, refined

SIDES, MODES = (2.0, 3.0), 2


def series(rng, sides=SIDES, modes=MODES, dtype=np.float64):
    number = len(half_modes(modes, len(sides)))
    return FourierSeries(sides, dtype(rng.normal()), *rng.normal(size=(2, number)).astype(dtype))


def test_it_is_the_circle_in_one_dimension(rng):
    torus, circle = Torus(3.0, modes=2), Circle(3.0, modes=2)
    assert np.array_equal(torus.axes[0], circle.axes[0])
    assert (torus.dim, torus.sides, torus.periods, torus.volume) == (1, (3.0,), circle.periods, 3.0)
    phi = FourierSeries(3.0, 0.3, *rng.normal(size=(2, 2)))
    assert torus.integrate(torus.evaluate(phi) ** 4) == circle.integrate(circle.evaluate(phi) ** 4)
    assert np.array_equal(torus.pairs([0, 1, 9]).points, circle.pairs([0, 1, 9]).points)


def test_quartic_is_exact_above_four_k_points_and_aliases_below(rng):
    phi = series(rng)

    def average(**points):
        torus = Torus(SIDES, **points)
        return float(torus.average(torus.evaluate(phi) ** 4))

    exact = average(points=40)
    assert abs(average(modes=MODES, points=4 * MODES + 1) / exact - 1) < 1e-13
    assert abs(average(modes=MODES) / exact - 1) < 1e-13
    assert abs(average(points=2 * MODES + 2) / exact - 1) > 1e-4
    assert Torus(SIDES, MODES).volume == 6.0
    assert Torus(2.0, dim=3).shape == (32, 32, 32)
    with refined(2):
        assert Torus(SIDES, MODES).shape == (24, 24)


def test_modes_are_the_coefficients_and_come_back(rng):
    phi, torus = series(rng), Torus(SIDES, MODES)
    values = torus.evaluate(phi)
    modes = torus.modes_of(values)
    assert np.allclose(torus.values_of(modes), values, atol=1e-13)
    for (i, j), cosine, sine in zip(half_modes(MODES, 2), phi.cosine, phi.sine, strict=True):
        assert abs(modes[i, j] - (cosine - 1j * sine) / 2) < 1e-13
        assert abs(torus.momenta[1][j] - 2 * np.pi * j / 3.0) < 1e-14
    assert abs(modes[0, 0] - phi.constant) < 1e-13
    # By the definition: V⁻¹ ∫ φ e^{−ik·x}, components behind.
    x, y = np.meshgrid(*torus.axes, indexing="ij")
    wave = np.exp(-1j * (torus.momenta[0][1] * x + torus.momenta[1][-2] * y))
    both = torus.modes_of(jnp.stack([values, values**2], axis=-1))
    assert np.allclose(both[1, -2], [torus.average(values * wave), torus.average(values**2 * wave)], atol=1e-13)


def test_translation_average_agrees_with_the_field_and_with_brute_force(rng):
    phi, torus = series(rng), Torus(SIDES, MODES)
    values = torus.evaluate(phi)
    apart = np.array([[[0.0, 0.0], [0.13, 0.0]], [[1.0, 1.5], [-0.4, 5.0]]])
    by_modes = phi.translation_average(apart)
    assert by_modes.shape == (2, 2)
    assert np.allclose(torus.translation_average(values, apart), by_modes, atol=1e-12)
    on_grid = torus.translation_average(values)
    assert on_grid.dtype == jnp.float64
    brute = [torus.average(values * jnp.roll(values, (-i, -j), (0, 1))) for i, j in [(0, 0), (1, 0), (3, 7)]]
    assert np.allclose([on_grid[0, 0], on_grid[1, 0], on_grid[3, 7]], brute, atol=1e-12)
    # Complex fields, unequal ones, and the control: conjugating would give something else.
    z, w = values * 1j + values**2, values - 2j
    found = torus.translation_average(z, np.array([torus.axes[0][1], 0.0]), w)
    wanted = torus.average(z * jnp.roll(w, -1, 0))
    assert abs(found - wanted) < 1e-11 < abs(found - torus.average(jnp.conj(z) * jnp.roll(w, -1, 0)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_series_on_a_grid_agrees_with_points(rng, dtype):
    """Two and three dimensions, any axes, traced or not, values and gradients."""
    for sides in (SIDES, (2.0, 3.0, 1.5)):
        phi = series(rng, sides, 1, dtype)
        axes = tuple(np.linspace(0.1, 1.0 + 0.2 * j, 3 + j).astype(dtype) for j in range(len(sides)))
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(sides))
        test = np.cos(np.arange(len(grid))).astype(dtype)

        def paths(phi, axes=axes, grid=grid):
            slow = jax.vmap(phi)(jnp.asarray(grid))
            traced = phi.on_grid(tuple(jnp.asarray(axis) for axis in axes))
            return phi.on_grid(axes).ravel(), traced.ravel(), slow

        values = jax.jit(paths)(phi)
        slopes = [jax.jit(jax.grad(lambda phi, k=k, test=test: jnp.sum(paths(phi)[k] * test)))(phi) for k in (0, 2)]
        tolerance = 400 * float(jnp.finfo(dtype).eps)
        assert {one.dtype for one in values} == {np.dtype(dtype)}
        assert np.max(np.abs(values[0] - values[2])) < tolerance
        assert np.max(np.abs(values[1] - values[2])) < tolerance
        for fast, slow in zip(*(jax.tree.leaves(slope) for slope in slopes), strict=True):
            assert np.max(np.abs(fast - slow)) < tolerance


def test_half_modes_are_one_of_each_pair():
    assert half_modes(3, 1).tolist() == [[1], [2], [3]]
    for modes, dim in [(1, 2), (2, 3)]:
        half = half_modes(modes, dim)
        both = {tuple(n) for n in half.tolist()} | {tuple(n) for n in (-half).tolist()}
        assert len(both) == 2 * len(half) == (2 * modes + 1) ** dim - 1
        assert np.abs(half).max() == modes


BAD = [
    (lambda: Torus([]), ValueError, "sides has 0 entries"),
    (lambda: Torus((1.0, 2.0), dim=3), ValueError, "sides has 2 entries for dim = 3"),
    (lambda: Torus((1.0, -2.0)), ValueError, "sides = -2.0; give a finite number > 0"),
    (lambda: Torus(1.0, dim=0), ValueError, "dim = 0"),
    (lambda: Torus(1.0, modes=2, points=8), ValueError, "points = 8, .* aliases silently; give points > 8"),
    (lambda: Torus(1.0, modes=1.5), TypeError, "modes = 1.5"),
    (lambda: Torus(1.0, points=4).modes_of(np.zeros(3)), ValueError, r"values have shape \(3,\)"),
    (lambda: Torus(1.0, points=4).translation_average(np.zeros(4), np.zeros(2)), ValueError, r"\(\*shape, 1\)"),
    (
        lambda: Torus(1.0, modes=1).evaluate(FourierSeries(1.0, 0.0, *np.ones((2, 2)))),
        ValueError,
        "the field has modes up to 2, and the grid is made for 1",
    ),
    (lambda: FourierSeries((1.0, 1.0), 0.0, np.ones(3), np.ones(3)), ValueError, r"3 modes on a torus of 2 .*half_mo"),
    (
        lambda: FourierSeries((1.0, 1.0), 0.0, np.ones(4), np.ones(4))(0.1),
        ValueError,
        r"give one point of shape \(2,\)",
    ),
    (lambda: FourierSeries((1.0, 1.0), 0.0, *np.ones((2, 4))).translation_average(1.0), ValueError, "vectors"),
    (lambda: FourierSeries((1.0, 1.0), 0.0, *np.ones((2, 4))).period, AttributeError, "`sides`, no period"),
    (lambda: FourierSeries((1.0, 1.0), 0.0, *np.ones((2, 4))).on_grid((np.ones(2),)), ValueError, "give 2 axes"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
