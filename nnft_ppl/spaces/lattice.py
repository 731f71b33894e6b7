"""Sites of a hypercubic lattice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_count, require_number, require_positive
from nnft_ppl.spaces.region import Pairs, Region
from nnft_ppl.spaces.space import Space


@final
@dataclass(frozen=True, init=False)
class Lattice(Space):
    """The sites x_n = first + spacing·n, 0 ≤ n_j < shape_j, of a lattice: ∫ dx f is Σ_n f(x_n) spacing^dim.

    The sites belong to the theory: the grid is never refined, and pictures and default observables are at sites.

    Attributes:
        sites: Number of sites along each axis.
        periodic: Whether opposite ends are neighbours.
        spacing: Distance of neighbouring sites, in units of length.
        first: The first site.

    Source: derived here.
    """

    sites: tuple[int, ...]
    periodic: bool
    spacing: float
    first: tuple[float, ...]
    fixed = True

    def __init__(
        self,
        shape: int | Sequence[int],
        periodic: bool = True,  # noqa: FBT001, FBT002
        spacing: float = 1.0,
        *,
        first: Sequence[float] | None = None,
    ) -> None:
        """Check the arguments.

        Args:
            shape: Number of sites along each axis; one number for a chain.
            periodic: Whether opposite ends are neighbours.
            spacing: Distance of neighbouring sites, positive.
            first: Coordinates of the first site, the origin by default.

        Raises:
            TypeError: If an argument is not a number, or the shape no whole numbers.
            ValueError: If a number is out of range, or `first` has not one entry per axis.
        """
        counts = tuple(shape) if isinstance(shape, Sequence | np.ndarray) else (shape,)
        if not counts:
            raise ValueError("Lattice: shape is empty; give the number of sites along each axis")
        counts = tuple(require_count("Lattice", "shape", count) for count in counts)
        corner = (0.0,) * len(counts) if first is None else tuple(first)
        if len(corner) != len(counts):
            raise ValueError(f"Lattice: first has {len(corner)} entries for {len(counts)} axes; give one each")
        corner = tuple(require_number("Lattice", "first", entry) for entry in corner)
        spacing = require_positive("Lattice", "spacing", spacing)
        vars(self).update(sites=counts, periodic=bool(periodic), spacing=spacing, first=corner)
        lengths = [spacing * (count if periodic else max(count - 1, 1)) for count in counts]
        vars(self).update(dim=len(counts), sides=tuple(lengths), centre=self._site(self._middle))

    @property
    def _middle(self) -> list[int]:
        """The site that is looked at: the first of a periodic lattice, whose sites are all alike, or the middle one."""
        return [0 if self.periodic else (count - 1) // 2 for count in self.sites]

    def _site(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        return np.array(self.first) + self.spacing * np.array(numbers)

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The sites along each axis, each of weight `spacing`; arguments as for `Space.rules`."""
        return [
            (start + self.spacing * np.arange(count), np.full(count, self.spacing))
            for start, count in zip(self.first, self.sites, strict=True)
        ]

    @property
    def periods(self) -> tuple[float | None, ...]:
        """The length of each axis of a periodic lattice."""
        return self.sides if self.periodic else (None,) * self.dim

    @property
    def places(self) -> dict[str, Float[np.ndarray, " site"]]:
        """The sites along the first two axes, shape (site,) each."""
        return dict(zip(("x0", "x1"), self.axes, strict=False))

    def pairs(self, separations: Sequence[float]) -> Pairs:
        """Pairs (x, x + r) of sites along the first axis: separations are rounded to whole spacings.

        Args:
            separations: Distances r, capped at half a periodic axis, and at the end of an open one.
        """
        count, (start, *_) = self.sites[0], self._middle
        most = count // 2 if self.periodic else count - 1 - start
        whole = sorted({min(int(np.floor(r / self.spacing + 0.25)), most) for r in separations})
        offset = self.spacing * np.array([[0, steps] for steps in whole])[..., None] * np.eye(self.dim)[0]
        return Pairs(self.centre, tuple(self.spacing * steps for steps in whole), self.centre + offset)

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number dim"]:
        """Some of the sites, shape (number, dim); arguments as for `Region.random_points`."""
        return self._site(generator.integers(0, self.sites, (number, self.dim)))


def sites_in(region: Region) -> Lattice | Region:
    """Where a field is looked at that has no values but at sites: the region's own sites, or whole numbers in it.

    Args:
        region: Where other fields would be looked at.

    Returns:
        The region itself where its points belong to the theory; a periodic lattice of its grid, where that is uniform;
        an open one of the whole numbers in it else.
    """
    if isinstance(region, Space):
        if region.fixed:
            return region
        steps = np.concatenate([np.diff(axis) for axis in region.axes])
        even = [np.ptp(each) < 1e-9 * np.max(np.abs(each)) for each in (steps, *region.weights) if len(each)]
        if len(region.axes) == region.dim and len(steps) and all(even):
            return Lattice(region.shape, spacing=float(steps[0]), first=[float(axis[0]) for axis in region.axes])
    lowest = np.ceil(region.centre - np.array(region.sides) / 2)
    counts = np.floor(region.centre + np.array(region.sides) / 2) - lowest + 1
    return Lattice([max(int(count), 1) for count in counts], periodic=False, first=lowest.tolist())
