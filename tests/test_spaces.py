"""Quadrature on boxes and circles, and grid refinement."""

import math
import pickle
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.fields import Dense, FourierSeries, PlaneWaves
from nnft_ppl.spaces import Box, Circle, refined


def _wave_integral(momentum, side, centre):
    """∫ cos(kx) over the interval, in closed form."""
    return 2 * np.sin(momentum * side / 2) * np.cos(momentum * centre) / momentum


class TestBox:
    @pytest.mark.parametrize("bandlimit", [0.3, 3.0, 8.0])
    def test_waves_up_to_the_bandlimit_are_integrated(self, bandlimit):
        space = Box(2.5, 1, bandlimit=bandlimit, centre=0.4)
        assert space.points == math.ceil(bandlimit * 2.5 / 4) + 8
        for momentum in bandlimit * np.array([0.25, 0.5, 1.0]):
            value = space.integrate(np.cos(momentum * space.axes[0]))
            assert abs(value - _wave_integral(momentum, 2.5, 0.4)) < 1e-8

    @pytest.mark.parametrize("bandlimit", [40.0, 160.0])
    def test_threshold_is_where_the_rule_starts_to_work(self, bandlimit):
        side = 2.0

        def worst(points):
            # Over a window of momenta, because the error of one momentum can vanish by accident.
            momenta = bandlimit * np.linspace(0.9, 1.0, 50)
            grid = Box(side, 1, points=points)
            waves = np.cos(momenta * grid.axes[0][:, None])
            return np.max(np.abs(grid.integrate(waves) - _wave_integral(momenta, side, 0.0)))

        least = math.ceil(bandlimit * side / 4)
        assert Box(side, 1, bandlimit=bandlimit).points == least + 8
        assert worst(least + 8) < 3e-3
        assert worst(least + 30) < 1e-11
        assert worst((least + 8) // 2) > 0.1

    def test_polynomials_components_and_average(self):
        space = Box(2.0, 3, points=3, centre=(1.0, 0.0, -1.0))
        x, y, z = np.meshgrid(*space.axes, indexing="ij")
        values = np.stack([x**4 * y**2, z**5, np.ones_like(x)], axis=-1)
        integral = space.integrate(values)
        wanted = [(32 / 5) * (2 / 3) * 2, 2 * 2 * (-(2**6) / 6), 8.0]
        assert np.allclose(integral, wanted, rtol=1e-13)
        assert np.allclose(space.average(values), np.array(wanted) / 8, rtol=1e-13)

    def test_attributes(self):
        space = Box(3, 2, points=5, centre=np.array([1.0, 2.0]))
        assert (space.dim, space.side, space.shape, space.volume) == (2, 3.0, (5, 5), 9.0)
        assert np.array_equal(space.centre, [1.0, 2.0])
        assert {axis.dtype for axis in space.axes} == {np.dtype(np.float64)}
        assert np.allclose([axis.mean() for axis in space.axes], [1.0, 2.0], rtol=1e-14)
        assert all(abs(weight.sum() - 3) < 1e-14 for weight in space.weights)
        assert Box(1.0, 1).points == 32
        with pytest.raises(ValueError, match="read-only"):
            space.axes[0][0] = 7.0

    def test_compares_by_value(self):
        space = Box(3, 2, points=5)
        assert space == Box(3.0, 2, 5)
        assert hash(space) == hash(Box(3.0, 2, 5))
        assert space != Box(3.0, 2, 6)
        assert space != Circle(3.0, points=5)
        assert pickle.loads(pickle.dumps(space)) == space


class TestCircle:
    def test_quartic_is_exact_above_four_k_points_and_aliases_below(self):
        modes, period = 3, 2.0
        field = FourierSeries(period, jnp.array(0.0), jnp.array([0.0, 0.0, 1.0]), jnp.zeros(3))

        def average(space):
            return float(space.average(space.evaluate(field) ** 4))

        exact = Circle(period, modes=modes, points=4 * modes + 1)
        # The average of cos⁴ is 3/8; its harmonic 4K has amplitude 1/8 and lands on the constant at 4K points.
        assert abs(average(exact) - 3 / 8) < 1e-15
        assert abs(average(Circle(period, modes=modes)) - 3 / 8) < 1e-15
        assert abs(average(Circle(period, points=4 * modes)) - 4 / 8) < 1e-15

    def test_attributes(self):
        space = Circle(6.0, modes=2)
        assert (space.dim, space.side, space.period, space.shape, space.volume) == (1, 6.0, 6.0, (12,), 6.0)
        assert np.array_equal(space.centre, [3.0])
        assert np.array_equal(space.axes[0], np.arange(12) * 0.5)
        assert np.array_equal(space.weights[0], np.full(12, 0.5))
        assert Circle(1.0).points == 64
        assert Circle(1.0, modes=5).points == 24


# Wrong types are given on purpose.
ANY_BOX, ANY_CIRCLE, ANY_REFINED = cast("tuple[Any, Any, Any]", (Box, Circle, refined))
BAD = [
    (lambda: ANY_BOX(0.0, 1), ValueError, "side = 0.0; give a finite number > 0"),
    (lambda: ANY_BOX(-1.0, 1), ValueError, "side = -1.0"),
    (lambda: ANY_BOX(math.inf, 1), ValueError, "side = inf"),
    (lambda: ANY_BOX("2", 1), TypeError, "side is str; give a Python number"),
    (lambda: jax.jit(lambda side: ANY_BOX(side, 1).volume)(1.0), TypeError, "side is .*Tracer"),
    (lambda: ANY_BOX(1.0, 0), ValueError, "dim = 0; give an integer >= 1"),
    (lambda: ANY_BOX(1.0, 1.0), TypeError, "dim = 1.0; give an integer"),
    (lambda: ANY_BOX(1.0, True), TypeError, "dim = True"),
    (lambda: ANY_BOX(1.0, 1, points=4.0), TypeError, "points = 4.0"),
    (lambda: ANY_BOX(1.0, 1, points=0), ValueError, "points = 0"),
    (lambda: ANY_BOX(1.0, 1, bandlimit=-2.0), ValueError, "bandlimit = -2.0"),
    (lambda: ANY_BOX(10.0, 1, points=24, bandlimit=10), ValueError, r"points = 24 .* = 25, so give points >= 25"),
    (lambda: ANY_BOX(1.0, 2, centre=(0.0,)), ValueError, "centre has 1 entries for dim = 2"),
    (lambda: ANY_BOX(1.0, 2, centre=(0.0, math.nan)), ValueError, "centre = nan"),
    (lambda: ANY_CIRCLE(-1.0), ValueError, "period = -1.0"),
    (lambda: ANY_CIRCLE(1.0, modes=-1), ValueError, "modes = -1"),
    (lambda: ANY_CIRCLE(1.0, modes=2.5), TypeError, "modes = 2.5"),
    (lambda: ANY_CIRCLE(1.0, modes=4, points=16), ValueError, "points = 16, .* aliases silently; give points > 16"),
    (lambda: ANY_CIRCLE(1.0, points=0), ValueError, "points = 0"),
    (lambda: ANY_BOX(1.0, 2, points=3).integrate(np.zeros((3, 4))), ValueError, r"shape \(3, 4\) .* \(3, 3\)"),
    (lambda: ANY_BOX(1.0, 2, points=3).average(np.zeros(3)), ValueError, r"shape \(3,\)"),
    (lambda: ANY_BOX(1.0, 1).evaluate(3.0), TypeError, "give a callable"),
    (lambda: ANY_BOX(1.0, 2).evaluate(PlaneWaves(np.ones((1, 2)), np.ones((1, 1)))), ValueError, "2 axes"),
    (lambda: ANY_REFINED(2.0).__enter__(), TypeError, "factor = 2.0"),
    (lambda: ANY_REFINED(0).__enter__(), ValueError, "factor = 0"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_on_grid_of_another_shape_is_refused():
    class Wrong:
        def __call__(self, x):
            return x[0]

        def on_grid(self, axes):
            return jnp.zeros((3, len(axes[0])))

    with pytest.raises(ValueError, match=r"on_grid of Wrong gave shape \(3, 4\)"):
        Box(1.0, 1, points=4).evaluate(Wrong())


class TestRefined:
    def test_multiplies_nests_and_restores(self):
        before = Box(1.0, 2, points=5)
        with refined(2):
            assert Box(1.0, 2, points=5).shape == (10, 10)
            assert Circle(1.0, modes=3).points == 32
            with refined(3):
                assert Box(1.0, 1).points == 192
            assert Box(1.0, 1).points == 64
            assert before.points == 5
        assert Box(1.0, 2, points=5) == before

    def test_restores_after_an_error(self):
        with pytest.raises(RuntimeError, match="stop"), refined(4):
            raise RuntimeError("stop")
        assert Circle(1.0).points == 64

    def test_refusal_judges_the_points_asked_for(self):
        with refined(2), pytest.raises(ValueError, match="points = 24"):
            Box(10.0, 1, points=24, bandlimit=10)

    def test_shows_an_unresolved_integrand(self):
        def model(width):
            space = Box(2.0, 1, points=16)
            return float(space.integrate(space.evaluate(lambda x: jnp.exp(-((x[0] / width) ** 2)))))

        with refined(2):
            smooth, sharp = model(0.5), model(0.01)
        assert abs(model(0.5) - smooth) < 1e-9
        assert abs(model(0.01) - sharp) > 1e-2 * sharp


class TestEvaluate:
    def test_pointwise_and_components(self):
        space = Box(2.0, 2, points=4)
        values = space.evaluate(lambda x: jnp.stack([x[0], x[1], x[0] * x[1]]))
        x, y = np.meshgrid(*space.axes, indexing="ij")
        assert np.array_equal(values, np.stack([x, y, x * y], axis=-1))

    @pytest.mark.parametrize("wide", [False, True])
    @pytest.mark.parametrize("space", [Box(2.0, 1, points=9), Circle(2.0, modes=1)], ids=["box", "circle"])
    def test_stays_in_float32(self, space, wide):
        with jax.enable_x64(wide):
            one = jnp.ones(1, jnp.float32)
            fields = [
                PlaneWaves(one, one[:, None], one),
                FourierSeries(2.0, one[0], one, one),
                Dense((one[:, None], one[:, None]), (one, None), jnp.tanh),
            ]
            for field in fields:
                values, integral = jax.jit(lambda f: (space.evaluate(f), space.integrate(space.evaluate(f))))(field)
                assert values.dtype == integral.dtype == jnp.float32
                wanted = jax.jit(jax.vmap(field))(np.float32(space.axes[0][:, None]))
                assert np.allclose(values, wanted, atol=1e-6)

    def test_vmap_jit_grad_with_the_field_built_inside(self, key):
        space = Box(3.0, 2, points=12)
        generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        amplitude, phase = generator.normal(size=(2, 5, 7))
        momentum = generator.normal(size=(5, 7, 2))

        def quartic(amplitude, momentum, phase):
            return space.integrate(space.evaluate(PlaneWaves(amplitude, momentum, phase)) ** 4)

        both = jax.jit(jax.vmap(jax.value_and_grad(quartic)))(amplitude, momentum, phase)
        one = jax.jit(jax.value_and_grad(quartic))
        for i in range(5):
            single = one(amplitude[i], momentum[i], phase[i])
            assert np.allclose(both[0][i], single[0], rtol=1e-11)
            assert np.allclose(both[1][i], single[1], rtol=1e-10, atol=1e-10 * single[0])
        # φ⁴ is homogeneous of degree four in the amplitude.
        assert np.allclose(np.sum(amplitude * both[1], axis=1), 4 * both[0], rtol=1e-10)

    def test_space_is_a_static_argument(self):
        area = jax.jit(lambda space, scale: space.integrate(jnp.full(space.shape, scale)), static_argnums=0)
        assert abs(area(Box(3.0, 2, points=4), 2.0) - 18) < 1e-13
        assert abs(area(Circle(3.0), 2.0) - 6) < 1e-13
