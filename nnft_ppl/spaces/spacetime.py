"""Given times, at each of which there are the sites of a lattice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from nnft_ppl.spaces.lattice import Lattice
from nnft_ppl.spaces.line import Line
from nnft_ppl.spaces.region import Pairs
from nnft_ppl.spaces.space import Space

MOST_TIMES = 257
"""Times of a picture."""


@final
@dataclass(frozen=True, init=False)
class Spacetime(Space):
    """Points (t_j, x_n) of given times and the sites of a lattice, ∫ dt dx f ≈ Σ_j w_j Σ_n f(t_j, x_n) spacing^dim.

    Times and sites belong to the theory and are never refined; weights along the time are those of the trapezoidal
    rule. Pictures show time and the first axis of the lattice.

    Attributes:
        line: The times.
        lattice: The sites.

    Source: derived here.
    """

    line: Line
    lattice: Lattice
    fixed = True

    def __init__(self, times: Sequence[float] | Float[np.ndarray, " time"], lattice: Lattice) -> None:
        """Check the arguments.

        Args:
            times: Strictly increasing, two at least.
            lattice: The sites.

        Raises:
            TypeError: If the times are no numbers, or the sites no lattice.
            ValueError: If the times do not increase.
        """
        if not isinstance(lattice, Lattice):
            raise TypeError(f"Spacetime: lattice is {type(lattice).__name__}; give a Lattice")
        line = Line(times)
        vars(self).update(line=line, lattice=lattice, dim=1 + lattice.dim, sides=(*line.sides, *lattice.sides))
        vars(self).update(centre=np.array([line.times[0], *lattice.centre]))

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Times and sites with their weights; arguments as for `Space.rules`."""
        return [*self.line.rules(refinement), *self.lattice.rules(refinement)]

    @property
    def periods(self) -> tuple[float | None, ...]:
        """None of the time, and those of the lattice."""
        return (None, *self.lattice.periods)

    @property
    def places(self) -> dict[str, Float[np.ndarray, " point"]]:
        """Times, some of them where there are very many, and sites along the lattice's first axis, each (point,)."""
        times = np.array(self.line.times)
        few = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_TIMES)).round().astype(int))
        return {"time": times[few], "position": self.lattice.axes[0]}

    def pairs(self, separations: Sequence[float]) -> Pairs:
        """Those of the lattice, at the first time; arguments as for `Region.pairs`."""
        own = self.lattice.pairs(separations)
        first = np.full((*own.points.shape[:-1], 1), self.line.times[0])
        return Pairs(self.centre, own.separations, np.concatenate([first, own.points], axis=-1))

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number dim"]:
        """Some of the points, shape (number, dim); arguments as for `Region.random_points`."""
        own = self.line.random_points(generator, number), self.lattice.random_points(generator, number)
        return np.concatenate(own, axis=1)
