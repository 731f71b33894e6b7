"""A circle with uniform points."""

from dataclasses import dataclass
from typing import final

import numpy as np

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.spaces.space import Space


def uniform_rule(period: float, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points j·period/points and their weights, both of shape (points,)."""
    spacing = period / points
    # The grid starts at 0, without the rounding of centre − period/2.
    return np.arange(points) * spacing, np.full(points, spacing)


@final
@dataclass(frozen=True, init=False)
class Circle(Space):
    """The circle of length `period` with the uniform grid t_j = j·period/points, weights period/points.

    Harmonics exp(2πi h t/period) are integrated exactly for |h| < points; a multiple of `points` aliases
    onto a constant, silently. So φ⁴ of a field of K modes, with harmonics up to 4K, needs more than 4K
    points. The centre is period/2.

    Attributes:
        period: Length of the circle.
        points: Number of points, refinement included.
        modes: Number of modes K of the field, or None.

    Source: derived here (sum of a geometric series).
    """

    period: float
    points: int
    modes: int | None

    def __init__(self, period: float, modes: int | None = None, points: int | None = None) -> None:
        """Check the arguments and settle the number of points.

        Args:
            period: Length of the circle, positive.
            modes: Number of modes K of the field, of which up to the fourth power is integrated.
            points: Number of points; by default 4K + 4, or 64 without modes.

        Raises:
            TypeError: If an argument is not a number, or `modes` or `points` not an integer.
            ValueError: If a number is out of range, or `points` is not above 4K.
        """
        period = require_positive("Circle", "period", period)
        modes = None if modes is None else require_count("Circle", "modes", modes, least=0)
        if points is None:
            points = 64 if modes is None else 4 * modes + 4
        points = require_count("Circle", "points", points)
        if modes is not None and points <= 4 * modes:
            raise ValueError(
                f"Circle: points = {points}, on which φ⁴ of {modes} modes, with harmonics up to {4 * modes}, aliases "
                f"silently; give points > {4 * modes}, where a uniform grid is exact"
            )
        points *= self.refinement
        vars(self).update(period=period, points=points, modes=modes)
        vars(self).update(dim=1, side=period, centre=np.array([period / 2]))

    @property
    def limited(self) -> bool:
        """Whether `modes` was given."""
        return self.modes is not None

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The uniform grid and its weights; arguments as for `Space.rules`."""
        return [uniform_rule(self.period, self.points // self.refinement * refinement)]

    @property
    def periods(self) -> tuple[float]:
        """The circle's length."""
        return (self.period,)

    @property
    def volume(self) -> float:
        """Length of the circle."""
        return self.period
