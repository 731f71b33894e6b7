"""The unit sphere with an exact quadrature."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Array, Float, Shaped

from nnft_ppl.arguments import require_count
from nnft_ppl.spaces.box import gauss_legendre
from nnft_ppl.spaces.circle import uniform_rule
from nnft_ppl.spaces.on_axes import at_points
from nnft_ppl.spaces.region import Pairs
from nnft_ppl.spaces.space import Space


@final
@dataclass(frozen=True, init=False)
class Sphere(Space):
    """The unit sphere in R³, of unit vectors, with Gauss–Legendre heights times uniform azimuths.

    With n heights and 2n azimuths ∫ dΩ f(x) is exact for polynomials up to degree 2n − 1, the spherical harmonics of
    those l. φ⁴ of a field of degree L, a polynomial of degree 4L, needs n > 2L. The grid's coordinates are the height
    z = cos θ and the azimuth; pictures show both, without distorting areas.

    Attributes:
        degree: Highest degree L of the field's harmonics, or None.
        points: Number of heights n, refinement included.

    Source: derived here (Gauss–Legendre quadrature, sums of geometric series).
    """

    degree: int | None
    points: int
    dim = 3
    centre = np.zeros(3)
    sides = (2.0, 2.0, 2.0)
    names = ("height", "azimuth")
    pure = ("height", "azimuth")

    def __init__(self, degree: int | None = None, points: int | None = None) -> None:
        """Check the arguments and settle the number of points.

        Args:
            degree: Highest degree L of the field, of which up to the fourth power is integrated.
            points: Number of heights n; by default 2L + 1, or 32 without degree.

        Raises:
            TypeError: If `degree` or `points` is not an integer.
            ValueError: If a number is out of range, or `points` is not above 2L.
        """
        degree = None if degree is None else require_count("Sphere", "degree", degree, least=0)
        if points is None:
            points = 32 if degree is None else 2 * degree + 1
        points = require_count("Sphere", "points", points)
        if degree is not None and points <= 2 * degree:
            raise ValueError(
                f"Sphere: points = {points} heights, by which φ⁴ of degree {4 * degree} is not integrated exactly; "
                f"give points > {2 * degree}"
            )
        vars(self).update(degree=degree, points=points * self.refinement)

    @property
    def limited(self) -> bool:
        """Whether `degree` was given."""
        return self.degree is not None

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Heights and azimuths with their weights; arguments as for `Space.rules`."""
        points = self.points // self.refinement * refinement
        return [gauss_legendre(points), uniform_rule(2 * np.pi, 2 * points)]

    def embed(self, coordinates: Sequence[Float[np.ndarray, "*shape"]]) -> Float[np.ndarray, "*shape 3"]:
        """Unit vectors (√(1−z²) cos α, √(1−z²) sin α, z) of heights z and azimuths α, shape (*shape, 3).

        Args:
            coordinates: Heights and azimuths, two arrays of one shape.
        """
        height, azimuth = coordinates
        radius = np.sqrt((1 - height) * (1 + height))
        return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=-1)

    def values_on(self, phi: Callable[[Array], Array], axes: Sequence[np.ndarray]) -> Shaped[Array, "..."]:
        """Values of a field on another grid of the space's coordinates; arguments as for `Space.values_on`."""
        on_sphere = getattr(phi, "on_sphere", None)
        if on_sphere is not None:
            return on_sphere(*axes)
        return at_points(phi, self.embed(np.meshgrid(*axes, indexing="ij")))

    @property
    def places(self) -> dict[str, Float[np.ndarray, " points"]]:
        """Azimuths from −π to π, shape (97,), and heights from −1 to 1, shape (49,); areas are right."""
        return {"azimuth": np.linspace(-np.pi, np.pi, 97), "height": np.linspace(-1, 1, 49)}

    def look(self, phi: Callable[[Array], Array]) -> Shaped[Array, "..."]:
        """Values of a field at `places`, shape (azimuth, height) and the components; arguments as for `Region.look`."""
        azimuth, height = self.places.values()
        return self.values_on(phi, (height, azimuth)).swapaxes(0, 1)

    def pairs(self, separations: Sequence[float]) -> Pairs:
        """Pairs that lie an angle r apart on the great circle of zero azimuth, symmetric about the equator.

        Args:
            separations: Angles r, capped at π.
        """
        kept = tuple(sorted({min(float(r), np.pi) for r in separations}))
        heights = np.sin(np.array([[-r / 2, r / 2] for r in kept]))
        return Pairs(np.array([1.0, 0.0, 0.0]), kept, self.embed([heights, np.zeros_like(heights)]))

    def random_points(self, generator: np.random.Generator, number: int) -> Float[np.ndarray, "number 3"]:
        """Uniform points of the sphere, shape (number, 3); arguments as for `Region.random_points`."""
        return self.embed([generator.uniform(-1, 1, number), generator.uniform(-np.pi, np.pi, number)])
