"""Where fields are looked at: the points of pictures, of default observables, and of tries."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Shaped

from nnft_ppl.spaces.on_axes import on_axes

PICTURE_POINTS = {1: 257, 2: 65}
"""Points per axis of a picture, by dimension."""
SLICE_POINTS = 49
"""The same in higher dimensions, where two axes run through the centre and the others rest there."""


class Pairs(NamedTuple):
    """Where a field is measured by default, φ(x)² at `point` and φ(x) φ(y) at `points` with |x − y| = r.

    Source: derived here.
    """

    point: Float[np.ndarray, "dim"]
    """One point, for the field squared."""
    separations: tuple[float, ...]
    """Distances r of the pairs."""
    points: Float[np.ndarray, "pair 2 dim"]
    """The two points of every pair."""


class Region:
    """Where fields are looked at: |x_j − centre_j| ≤ sides_j/2 along each axis j, unless a class says otherwise.

    Attributes:
        dim: Number of coordinates of a point.
        centre: Middle of the box, shape (dim,).
        sides: Its edge along each axis, dim numbers in units of length; all `side` where only that is given.
        side: The longest of `sides`.
        pure: Names of the coordinates of `places` that are pure numbers, such as angles, and no lengths.

    Source: derived here.
    """

    dim: int
    centre: Float[np.ndarray, " dim"]
    pure: tuple[str, ...] = ()

    if TYPE_CHECKING:  # either follows from the other
        sides: tuple[float, ...]
        side: float
    else:

        @cached_property
        def sides(self) -> tuple[float, ...]:
            """Edges of the box in which fields are looked at, one per axis."""
            if type(self).side is Region.side and "side" not in vars(self):
                raise TypeError(f"{type(self).__name__}: it does not say where to look; give it `centre` and `sides`")
            return (float(self.side),) * self.dim

        @cached_property
        def side(self) -> float:
            """The longest edge, a number."""
            return max(self.sides)

    @property
    def periods(self) -> tuple[float | None, ...]:
        """Period of each coordinate of a point, None where it has none."""
        return (None,) * self.dim

    @property
    def places(self) -> dict[str, Float[np.ndarray, " points"]]:
        """The points of a picture: name of an axis -> coordinates, shape (points,), along one axis or along two.

        Axes past the second rest at the centre.
        """
        points = PICTURE_POINTS.get(self.dim, SLICE_POINTS)
        return {
            f"x{axis}": self.centre[axis] + np.linspace(-self.sides[axis] / 2, self.sides[axis] / 2, points)
            for axis in range(min(self.dim, 2))
        }

    def look(self, phi: Callable[[Array], Array]) -> Shaped[Array, "..."]:
        """Values of a field at `places`.

        Args:
            phi: Callable from a point of shape (dim,) to a scalar or to components.

        Returns:
            Values, shape (points along the first axis, and along the second, if any) and the components.
        """
        axes = list(self.places.values())
        rest = [np.array([middle]) for middle in self.centre[len(axes) :]]
        values = on_axes(phi, [*axes, *rest])
        return values.reshape(*(len(axis) for axis in axes), *values.shape[self.dim :])

    def pairs(self, separations: Sequence[float]) -> Pairs:
        """Pairs (x_c − r e_1/2, x_c + r e_1/2) on the first axis, symmetric about the centre x_c.

        Args:
            separations: Distances r; they are capped at half the side.
        """
        kept = sorted({min(r, self.sides[0] / 2) for r in separations})
        offset = np.array(kept)[:, None] / 2 * np.eye(self.dim)[0]
        return Pairs(self.centre, tuple(kept), np.stack([self.centre - offset, self.centre + offset], axis=1))

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number dim"]:
        """Some points of the region, at which fields are tried.

        Args:
            generator: Where chance comes from.
            number: How many points.

        Returns:
            Points, shape (number, dim), uniform in the box of edges `sides`.
        """
        return self.centre + np.array(self.sides) * generator.uniform(-0.5, 0.5, (number, self.dim))


class Unbounded(Region):
    """All of R^dim, looked at in a cube about the origin: what a theory without a space has.

    Pictures show the cube |x_j| ≤ 2; fields are tried in |x_j| ≤ 1; separations are at most 2.

    Source: derived here.
    """

    def __init__(self, dim: int) -> None:
        """Take the dimension of the points.

        Args:
            dim: Number of coordinates.
        """
        self.dim, self.centre = dim, np.zeros(dim)
        vars(self).update(sides=(4.0,) * dim)

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number dim"]:
        """Points in the cube of edge 2, shape (number, dim); arguments as for `Region.random_points`."""
        return generator.uniform(-1, 1, (number, self.dim))
