"""An open line with given times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.spaces.region import Pairs
from nnft_ppl.spaces.space import Space


@final
@dataclass(frozen=True, init=False)
class Line(Space):
    """The open line from the first to the last of given times, ∫ dt f(t) ≈ Σ_j w_j f(t_j).

    The times belong to the theory, as those of a path do: the grid is never refined. Weights are those of the
    trapezoidal rule unless others are given.

    Attributes:
        times: The times t_j, strictly increasing.
        given: The weights that were given, or None.

    Source: derived here (trapezoidal rule).
    """

    times: tuple[float, ...]
    given: tuple[float, ...] | None
    dim = 1
    fixed = True

    def __init__(
        self, times: Sequence[float] | Float[np.ndarray, " time"], weights: Sequence[float] | None = None
    ) -> None:
        """Check the arguments.

        Args:
            times: Strictly increasing times, two at least, shape (time,).
            weights: Weights of a rule of one's own, shape (time,).

        Raises:
            TypeError: If times or weights are not real numbers.
            ValueError: If the times do not increase, or there are not as many weights.
        """
        at = require_finite("Line", "times", times)
        if at.ndim != 1 or len(at) < 2 or np.any(np.diff(at) <= 0):
            raise ValueError(f"Line: times = {at}; give two or more strictly increasing ones")
        if weights is not None and np.shape(weights) != at.shape:
            raise ValueError(f"Line: weights have shape {np.shape(weights)}; give one for each of {len(at)} times")
        given = None if weights is None else tuple(require_finite("Line", "weights", weights).tolist())
        vars(self).update(times=tuple(at.tolist()), given=given)
        vars(self).update(centre=np.array([(at[0] + at[-1]) / 2]), sides=(float(at[-1] - at[0]),))

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The times and their weights; arguments as for `Space.rules`."""
        times = np.array(self.times)
        if self.given is not None:
            return [(times, np.array(self.given))]
        steps = np.diff(times) / 2
        return [(times, np.append(steps, 0) + np.append(0, steps))]

    @property
    def places(self) -> dict[str, Float[np.ndarray, " time"]]:
        """All times, shape (time,)."""
        return {"time": np.array(self.times)}

    def pairs(self, separations: Sequence[float]) -> Pairs:
        """Pairs (t_0, t_j) of the first time and of those nearest to t_0 + r; the one point is the first time.

        Args:
            separations: Distances r; the pairs' own are those between the times.
        """
        times = np.array(self.times)
        ends = sorted({int(np.argmin(np.abs(times - times[0] - r))) for r in separations})
        kept = tuple(float(times[end] - times[0]) for end in ends)
        return Pairs(times[:1], kept, np.array([[times[:1], times[end : end + 1]] for end in ends]))

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number 1"]:
        """Some of the times, shape (number, 1); arguments as for `Region.random_points`."""
        return generator.choice(np.array(self.times), (number, 1))
