"""What is proved of a function holds, and nothing false is proved: bounds at points, convexity on segments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nnft_ppl import load
from nnft_ppl.modes.shape import Shape, shape, shape_of

DIMENSION = 3
MATRIX = np.array([[1.0, 2, 0], [0.5, -1, 1], [3, 0, -2]])
WEIGHTS = np.array([0.2, 0.3, 0.5])
INF = np.inf


def two_level(z):
    """A rearrangement that hides where each coordinate goes."""
    return jnp.concatenate([z[1:], z[:1]]).reshape(1, 3).T[:, 0]


# name -> function, lower bound, upper bound, curvature: what is to be proved, no more and no less
PROVED = {
    "quartic": (lambda z: 0.25 * jnp.sum(z**4), 0, INF, "convex"),
    "products": (lambda z: jnp.sum(0.5 * z * z * z * z), 0, INF, "convex"),
    "halves": (lambda z: jnp.sum((z / 2) ** 2 * (3 * z) ** 2), 0, INF, "convex"),
    "float power": (lambda z: jnp.sum(z**4.0), 0, INF, "convex"),
    "field": (lambda z: WEIGHTS @ (MATRIX @ z + 1) ** 4, 0, INF, "convex"),
    "einsum": (lambda z: jnp.einsum("i,i->", z, z), 0, INF, "convex"),
    "gradient": (lambda z: jnp.sum((jnp.roll(z, 1) - z) ** 2), 0, INF, "convex"),
    "rearranged": (lambda z: jnp.sum((two_level(z) - z[::-1]) ** 2), 0, INF, "convex"),
    "radial": (lambda z: jnp.sum(z**2) ** 2, 0, INF, "convex"),
    "norm": (lambda z: jnp.linalg.norm(z) + jnp.sqrt(1 + jnp.sum(z**2)), 1, INF, "convex"),
    "shifted": (lambda z: jnp.sum(z**2) - 5, -5, INF, "convex"),
    "softplus": (lambda z: jnp.sum(jax.nn.softplus(z)), 0, INF, "convex"),
    "log cosh": (lambda z: jnp.sum(jnp.log(jnp.cosh(z))), 0, INF, "convex"),
    "exponentials": (
        lambda z: jnp.sum(jnp.exp(-z) * jnp.exp(z**2)) + jnp.log(jnp.sum(jnp.exp(z))),
        -INF,
        INF,
        "convex",
    ),
    "spectrum": (lambda z: jnp.sum(jnp.abs(jnp.fft.rfft(z)) ** 2), 0, INF, "convex"),
    "conjugate": (lambda z: jnp.real(jnp.sum((w := jnp.fft.fft(z)) * jnp.conj(w))), 0, INF, "convex"),
    "filtered": (lambda z: jnp.sum(jnp.fft.irfft(jnp.fft.rfft(z) * (1 + 2j), 3) ** 2), 0, INF, "convex"),
    "modulus": (lambda z: jnp.abs(z[0] + 1j * z[1]), 0, INF, "convex"),
    "variance": (jnp.var, 0, INF, "convex"),
    "extremes": (lambda z: jnp.max(jnp.abs(z)) - jnp.min(z), -INF, INF, "convex"),
    "rectified": (lambda z: jnp.sum(jax.nn.relu(z) ** 3), 0, INF, "convex"),
    "checkpoint": (jax.checkpoint(lambda y: jnp.sum(y**2)), 0, INF, "convex"),
    "scanned": (lambda z: jax.lax.fori_loop(0, 3, lambda i, s: s + z[i] ** 2, 0.0), 0, INF, "convex"),
    "mapped": (lambda z: jnp.sum(jax.lax.map(lambda y: y**4, z)), 0, INF, "convex"),
    "indexed": (lambda z: jnp.sum(z[jnp.array([0, 2])] ** 2) + z.at[1].add(2.0)[1] ** 2, 0, INF, "convex"),
    "masked": (lambda z: jnp.sum(jnp.where(jnp.arange(3) < 2, z**2, 0.0)), 0, INF, "convex"),
    "affine": (lambda z: 3 * z[0] - WEIGHTS @ z + jnp.cumsum(z)[1] + 1, -INF, INF, "affine"),
    "constant": (lambda z: jnp.sum(jnp.sqrt(1.0 + jnp.arange(3.0))), 4.146264369941973, 4.146264369941973, "constant"),
    "concave": (lambda z: -jnp.sum(z**2), -INF, 0, "concave"),
    "cosine": (lambda z: WEIGHTS @ (1 - jnp.cos(MATRIX @ z)), 0, 2, "unknown"),
    "huber": (lambda z: jnp.sum(jnp.where(jnp.abs(z) < 1, z**2 / 2, jnp.abs(z) - 0.5)), -1.5, INF, "unknown"),
    "product of squares": (lambda z: (z[0] ** 2) * (z[1] ** 2), 0, INF, "unknown"),
    "student": (lambda z: jnp.sum(jnp.log1p(z**2)), 0, INF, "unknown"),
    "sigmoid": (lambda z: jnp.sum(jnp.tanh(z) + jax.nn.sigmoid(z)), -3, 6, "unknown"),
    "clipped": (lambda z: jnp.sum(jnp.clip(z, -1, 2)), -3, 6, "unknown"),
    "bump": (lambda z: jnp.sum(jnp.exp(-(z**2))), 0, 3, "unknown"),
    "step": (lambda z: 0.08 * jnp.sum(jnp.where(z**2 > 1, 1.0, 0.0)), 0, 0.24, "unknown"),
    "wall": (lambda z: jnp.sum(jnp.where(z > 0, 0.0, jnp.inf)), 0, INF, "unknown"),
    "branch": (lambda z: jax.lax.cond(z[0] > 0, lambda: z[1] ** 2, lambda: z[2] ** 4 + 1), 0, INF, "unknown"),
    "third power": (lambda z: jnp.sum((z**2 - 1) ** 3), -3, INF, "unknown"),
    "well": (lambda z: jnp.sum((z**2 - 1) ** 2), 0, INF, "unknown"),
}
# Nothing is proved of these: neither a lower bound, nor that they are convex
PLANTED = {
    "double well": lambda z: jnp.sum(z**4 - 3 * z**2),
    "false vacuum": lambda z: jnp.sum(-(z**3) + z**4),
    "cubic": lambda z: jnp.sum(z**3),
    "odd product": lambda z: jnp.sum(z * z * z),
    "saddle": lambda z: z[0] * z[1],
    "indefinite": lambda z: z @ (MATRIX @ z),
    "partly negative": lambda z: jnp.array([1.0, -1, 1]) @ z**2,
    "differences": lambda z: jnp.sum(jnp.exp(z)) - jnp.sum(z**2),
    "mixture": lambda z: -jnp.logaddexp(-(z[0] ** 2), -((z[0] - 3) ** 2)) * (1 + z[1]),
    "convex of concave": lambda z: jnp.sum(jnp.exp(z) - z**4),
    "turned": lambda z: jnp.real(jnp.sum((1j * z) ** 2)),
    "wave": lambda z: jnp.real(jnp.sum(jnp.exp(1j * z) * z)),
    "complex root": lambda z: jnp.imag(jnp.sqrt(z[0] + 0j)) - z[1] * jnp.real(jnp.log(z[0].astype(complex))),
    "logarithm": lambda z: jnp.real(jnp.log((z[0] - 1).astype(complex))),
    "imaginary": lambda z: jnp.imag(jnp.sum(jnp.fft.fft(z) ** 2)),
    "running": lambda z: jax.lax.fori_loop(0, 3, lambda i, s: s * z[i], 1.0),
    "chosen place": lambda z: z[jnp.argmax(z)] * z[0],
    "sorted": lambda z: jnp.sort(z)[0] * 2,
    "inverse": lambda z: 1 / z[0],
    "power of either sign": lambda z: z[0] ** jnp.round(z[1]),
    "wrapped": lambda z: jnp.sum(z.astype(jnp.int8) * jnp.int8(3)) * z[0],
}


def check(values: np.ndarray, others: np.ndarray, middle: np.ndarray, proved: Shape) -> None:
    """Demand that bounds hold at points, and that the curvature holds half way between them."""
    room = 1e-9 * (1 + np.nan_to_num(np.abs(values) + np.abs(others) + np.abs(middle), posinf=0))
    assert np.all((values >= proved.lower - room) & (values <= proved.upper + room))
    if proved.curvature in ("convex", "affine", "constant"):
        assert np.all((values + others) / 2 >= middle - room)
    if proved.curvature in ("concave", "affine", "constant"):
        assert np.all((values + others) / 2 <= middle + room)


def middle_of(points: np.ndarray) -> np.ndarray:
    return (points[::2] + points[1::2]) / 2


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(400, DIMENSION)) * rng.choice([0.1, 1, 4], size=(400, 1))


@pytest.mark.parametrize("name", PROVED)
def test_as_much_is_proved_and_it_holds(name: str, points: np.ndarray) -> None:
    function, lower, upper, curvature = PROVED[name]
    proved = shape(function, DIMENSION)
    assert proved.curvature == curvature
    assert (proved.lower, proved.upper) == pytest.approx((lower, upper), rel=1e-12)
    check(*(np.asarray(jax.vmap(function)(x)) for x in (points[::2], points[1::2], middle_of(points))), proved)


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_false_is_proved(name: str) -> None:
    proved = shape(PLANTED[name], DIMENSION)
    assert proved.lower == -INF
    assert proved.curvature in ("unknown", "concave")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=9))
def test_what_is_proved_of_random_expressions_holds(steps: list[tuple[int, int, int]]) -> None:
    """Expressions of two operands at random, evaluated in NumPy's names so that nothing is compiled."""

    def build(z, np=jnp):
        values = [z, np.full(DIMENSION, -0.5), z @ MATRIX, np.asarray(WEIGHTS) + 0 * z]
        for kind, one, two in steps:
            a, b = values[one % len(values)], values[two % len(values)]
            operations = (
                lambda a, b: a + b,
                lambda a, b: a - b,
                lambda a, b: a * b,
                lambda a, b: a * WEIGHTS,
                lambda a, b: -2 * a,
                lambda a, b: a**2,
                lambda a, b: a**3,
                lambda a, b: a * a * b,
                lambda a, b: np.abs(a),
                lambda a, b: np.exp(np.minimum(a, 3)),
                lambda a, b: np.exp(a / 8),
                np.maximum,
                np.minimum,
                lambda a, b: np.tanh(a),
                lambda a, b: np.cos(a) + b,
                lambda a, b: np.where(a > b, a, b),
                lambda a, b: np.where(a > 0, a, b),
                lambda a, b: np.sqrt(1 + a**2),
                lambda a, b: np.log1p(np.exp(a / 8)),
                lambda a, b: a / (1 + b**2),
                lambda a, b: np.sum(a) + 0 * b,
            )
            values.append(operations[kind](a, b))
        return np.sum(values[-1])

    proved = shape(build, DIMENSION)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, DIMENSION)) * rng.choice([0.1, 1, 3], size=(60, 1))
    with np.errstate(all="ignore"):
        sets = points[::2], points[1::2], middle_of(points)
        values, others, middle = (np.array([build(z, np) for z in one]) for one in sets)
    usable = np.isfinite(values + others + middle) & (np.abs(values) + np.abs(others) + np.abs(middle) < 1e10)
    check(values[usable], others[usable], middle[usable], proved)


def test_shipped_models() -> None:
    quartic = load("phi4_circle").target()
    assert shape(quartic.potential, quartic.dimension) == (0, INF, "convex")
    with_gaussian = jax.make_jaxpr(lambda z: quartic.potential(z) + jnp.sum(z**2) / 2)(jnp.zeros(quartic.dimension))
    assert shape_of(with_gaussian) == (0, INF, "convex")
    radial, waves = load("deformed_rotation").target(), load("phi4", width=8, dim=1).target()
    assert shape(radial.potential, radial.dimension) == (0, INF, "convex")
    assert shape(waves.potential, waves.dimension) == (0, INF, "unknown")
    matrix = load("deformed_rotation", quartic="matrix").target()
    assert shape(matrix.potential, matrix.dimension).lower == 0
