r"""Few points for the integral of φ², where the space's own are made for φ⁴: equal shares of the measure of each axis.

A field with momenta up to Λ is known from its values a distance π/Λ apart. Along an axis of measure μ, given by the
points and weights of the space, the m coarse points are those at which (j + ½)/m of the measure lies below, each of
weight μ/m: the midpoint rule where the measure is uniform.

Source: derived in docs/theory/reference.md.
"""

import math

import numpy as np

from nnft_ppl.spaces import Space

SHARE, PERIODIC_SHARE = 0.3, 0.5
"""Points of a coarse axis as a share of the space's own, where nothing is known of momenta: those resolve a fourth
power, which takes π/2 times as many on Gauss–Legendre nodes. A period is filled evenly to begin with."""
FEWEST = 8
"""Axes with no more points keep them all."""


def coarse_rules(space: Space) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points and weights along each axis, as `Space.rules` gives them, but few.

    Args:
        space: Where the action acts. Points that belong to the theory, as a lattice's do, are all kept.
    """
    rules = list(zip(space.axes, space.weights, strict=True))
    if space.fixed:
        return rules
    bandlimit = getattr(space, "bandlimit", None)
    share = PERIODIC_SHARE if any(period is not None for period in space.periods) else SHARE
    return [_coarse(points, weights, bandlimit, share) for points, weights in rules]


def _coarse(
    points: np.ndarray, weights: np.ndarray, bandlimit: float | None, share: float
) -> tuple[np.ndarray, np.ndarray]:
    number = math.ceil(share * len(points))
    if bandlimit is not None:  # that of a fourth power
        number = math.ceil(bandlimit / 4 * float(np.ptp(points)) / math.pi)
    number = max(number, FEWEST)
    if number >= len(points):
        return points, weights
    order = np.argsort(points)
    points, weights = points[order], weights[order]
    total = float(np.sum(weights))
    below = np.cumsum(weights) - weights / 2  # half of a point's own weight lies below it
    levels = (np.arange(number) + 0.5) / number * total
    return np.interp(levels, below, points), np.full(number, total / number)
