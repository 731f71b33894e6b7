"""A circle with uniform points."""

from dataclasses import dataclass
from typing import final

import numpy as np

from nnft_ppl.spaces.space import Space, _integer, _number, _refinement


@final
@dataclass(frozen=True, init=False)
class Circle(Space):
    """The circle of length `period` with the uniform grid t_j = j·period/points, weights period/points.

    Harmonics exp(2πi h t/period) are integrated exactly for |h| < points; a multiple of `points` aliases
    onto a constant, silently. So φ⁴ of a field of K modes, with harmonics up to 4K, needs more than 4K
    points. The centre is period/2.

    Attributes:
        modes: Number of modes K of the field, or None; the others as in `Space`.

    Source: derived here (sum of a geometric series).
    """

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
        period = _number("Circle", "period", period, least=0)
        modes = None if modes is None else _integer("Circle", "modes", modes, least=0)
        if points is None:
            points = 64 if modes is None else 4 * modes + 4
        points = _integer("Circle", "points", points, least=1)
        if modes is not None and points <= 4 * modes:
            raise ValueError(
                f"Circle: points = {points} with modes = {modes}: φ⁴ of {modes} modes has harmonics up to "
                f"{4 * modes}; a uniform grid with more than {4 * modes} points is exact, fewer alias silently."
            )
        points *= _refinement.get()
        self._settle(side=period, dim=1, points=points, midpoint=(period / 2,), modes=modes)

    @property
    def limited(self) -> bool:
        """Whether `modes` was given."""
        return self.modes is not None

    @property
    def period(self) -> float:
        """Length of the circle, the same as `side`."""
        return self.side

    def _rule(self, centre: float) -> tuple[np.ndarray, np.ndarray]:
        del centre  # The grid starts at 0, without the rounding of centre − period/2.
        spacing = self.period / self.points
        return np.arange(self.points) * spacing, np.full(self.points, spacing)
