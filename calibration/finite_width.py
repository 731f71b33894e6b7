"""The finite-width table: connected functions of 2, 4 and 6 points of every network with one hidden layer, on draws.

Each is measured by free networks and compared with its closed form or quadrature, which the tests compare with tables
and other rules. Gauss-nets far from the origin have no usable variance; they are left to quadrature. Then the orders
in 1/N of the Edgeworth densities of the cos-net.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate, special

from calibration.rows import Row
from nnft_ppl import load
from nnft_ppl.exact import (
    cosine_connected,
    erf_connected,
    fourier_kan_connected,
    gauss_connected,
    relu_connected,
)
from nnft_ppl.expansion import conditional_cumulant, edgeworth_density, reconstructed_action

DRAWS = 100_000
WIDTH = 3
LARGEST, SMALLEST = 5.0, 6.0
"""Of pulls: of a right answer at most, of a wrong one at least."""


class Network(NamedTuple):
    """A model, what is known of it, and where."""

    name: str
    keywords: dict[str, Any]
    exact: Callable[[np.ndarray], float]
    places: dict[int, Any]
    bias: float = 0.0
    """Variance of the output bias, which adds to the two-point function."""


LINE = {2: [[1, 1], [0.2, 0.2], [-0.2, 0.2], [-1, -0.6], [0.6, -0.2]]}
ERF = LINE | {
    4: [[1, 1, 1, 1], [0.2, 0.2, 0.2, 0.2], [-1, -1, 1, 1], [-1, -0.6, -0.2, 0.2]],
    6: [[1, 1, 1, 1, 1, 1], [-1, -0.6, -0.2, 0.2, 0.6, 1]],
}
WAVES = {
    2: [[0, 0], [0, 1]],
    4: [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2], [-0.3, -0.1, 0.1, 0.3]],
    6: [[0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5]],
}
PLANE = np.array([(0.5, 0.5), (0.5, 1.0), (1.0, 0.5), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
NETWORKS = [
    Network("erf_net", {}, lambda x: erf_connected(x[:, 0], WIDTH, 1.0, 1.0), ERF, 1.0),
    Network(
        "gauss_net",
        {},
        lambda x: gauss_connected(x, WIDTH, 0.5**0.5, 0.05**0.5),
        {2: [[0.3, 0.3], [-0.3, 0.3]], 4: [[0.3] * 4, [-0.3, -0.1, 0.1, 0.3], [0.0, 0.2, 0.4, 0.6]]},
    ),
    Network(
        "relu_net",
        {"dim": 1},
        lambda x: relu_connected(x, WIDTH, 1.0),
        {2: [[1, 1]], 4: [[1, 1, 1, 1], [0.3, 0.5, 0.8, 1]], 6: [[1] * 6]},
    ),
    Network(
        "relu_net",
        {"dim": 2},
        lambda x: relu_connected(x, WIDTH, 1.0),
        {2: PLANE[[[0, 3], [1, 2]]], 4: PLANE[[[0, 1, 2, 3], [4, 4, 5, 5]]]},
    ),
    Network("cos_net", {}, lambda x: cosine_connected(x, WIDTH, 1.0, 1.0, "gaussian"), WAVES),
    Network(
        "kolmogorov_arnold",
        {},
        lambda x: fourier_kan_connected(x[:, 0], WIDTH, 2),
        {2: [[0, 0.5], [0, 1]], 4: [[0, 0, 1, 1], [0, 0.5, 1, 2]], 6: [[0, 0, 1, 1, 2, 2]]},
    ),
]


def rows(fraction: float) -> Iterator[Row]:
    number = int(DRAWS * fraction)
    for network in NETWORKS:
        theory = load(network.name, width=WIDTH, **network.keywords)
        for order, places in network.places.items():
            points = np.reshape(np.asarray(places, float), (len(places), order, -1))
            exact = np.array([network.exact(one) for one in points])
            if order == 2:
                exact = exact + network.bias
            found = conditional_cumulant(theory, points, number, seed=order)
            what = f"{network.name}{f' of {points.shape[2]} inputs' if points.shape[2] > 1 else ''}, {order} points"
            # What does not fluctuate is compared up to rounding.
            error = found.error + 1e-12
            yield Row(f"{what}: largest of {len(exact)} pulls", _worst(found.value - exact, error), 0, LARGEST)
            if order > 2:
                wrong = _worst(found.value - WIDTH * exact, error)
                yield Row(f"{what}: the same with one power less of 1/N", wrong, SMALLEST, np.inf)
    yield from _edgeworth()


def _worst(difference: np.ndarray, error: np.ndarray) -> float:
    return float(np.max(np.abs(difference) / error))


def _edgeworth() -> Iterator[Row]:
    """The orders in 1/N of what Edgeworth's densities of the cos-net miss at one point; with a wrong sign, too."""
    widths, field, variance = np.array([8, 16, 32, 64, 128]), np.linspace(-4, 4, 401)[:, None], 0.5
    k = np.linspace(0, 60, 6001)
    gauss = np.exp(-(field[:, 0] ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    missed: dict[str, list[float]] = {"Gaussian": [], "first order": [], "second order": [], "wrong sign": []}
    for width in widths:
        transform = special.ive(0, k**2 / (4 * width)) ** width
        exact = np.asarray(integrate.simpson(np.cos(field * k) * transform, x=k)) / np.pi
        fourth, sixth = np.full((1,) * 4, 3 / (8 * width)), np.zeros((1,) * 6)
        found = {
            "Gaussian": gauss,
            "first order": edgeworth_density(reconstructed_action(np.array([[variance]]), fourth), field),
            "second order": edgeworth_density(reconstructed_action(np.array([[variance]]), fourth, sixth), field),
            "wrong sign": edgeworth_density(reconstructed_action(np.array([[variance]]), -fourth), field),
        }
        for name, density in found.items():
            missed[name].append(float(np.max(np.abs(density - exact))))
    for name, order in {"Gaussian": 1, "first order": 2, "second order": 3, "wrong sign": 1}.items():
        slope = -np.polyfit(np.log(widths), np.log(missed[name]), 1)[0]
        yield Row(f"density of the cos-net, {name}: power of 1/N that is missed", slope, order - 0.15, order + 0.15)
