r"""Reflections of time, Θ: t → 2c − t, about the middle of a space along its first coordinate.

Functionals live on one side of the mirror, at times τ = t − c > 0; a circle has a second mirror half its length away.
On a lattice a mirror goes through sites or through the links between them: only then are images of sites sites.

Source: K. Osterwalder, R. Schrader, Commun. Math. Phys. 31 (1973) 83; on lattices K. Osterwalder, E. Seiler,
Ann. Phys. 110 (1978) 440.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.spaces import Lattice, Region, Space

TOLERANCE = 1e-6
"""How far a time may be from one that is there, in units of the shortest step."""


class AxiomError(ValueError):
    """An axiom that cannot be looked at as asked; the text says why."""


class TimesError(AxiomError):
    """Times that were asked for, and cannot be looked at."""


@dataclass(frozen=True)
class Reflection:
    """A reflection of time about a mirror.

    Attributes:
        kind: `plane`, or on a lattice `site` or `link`.
        centre: A point of the mirror, the middle of the space along other axes.
        half: Times τ behind the mirror are below this, in units of length.
        period: Of the time axis, or None.
        start: Where a period begins.
        times: The times τ that there are; None where every one between 0 and `half` is.
    """

    kind: str
    centre: tuple[float, ...]
    half: float
    period: float | None = None
    start: float = 0.0
    times: tuple[float, ...] | None = None

    def points(self, times: Float[ArrayLike, " time"]) -> tuple[Float[np.ndarray, "time dim"], ...]:
        """The points behind the mirror, and their images in it, both of shape (time, dim).

        Args:
            times: Times τ from the mirror.
        """
        behind = np.asarray(times, float)
        first, *rest = self.centre
        found = []
        for side in (behind, -behind):
            along = first + side
            if self.period is not None:
                along = self.start + np.mod(np.round(along - self.start, 12), self.period)
            found.append(np.column_stack([along, *(np.full(len(behind), middle) for middle in rest)]))
        return found[0], found[1]

    def check(self, times: Sequence[float]) -> Float[np.ndarray, " time"]:
        """Times as they were asked for, in order, shape (time,).

        Args:
            times: Times τ from the mirror, in units of length.

        Raises:
            TimesError: If there are none, one is not behind the mirror, occurs twice, or is not there.
        """
        try:
            found = np.sort(np.atleast_1d(require_finite("times", "times", times)))
        except (TypeError, ValueError) as error:
            raise TimesError(f"times = {times!r}: give finite numbers ({error})") from error
        if not found.size:
            raise TimesError("times are empty: give times behind the mirror, such as 0.25,0.5")
        if self.times is not None:
            return self._among(found)
        if found[0] <= 0:
            raise TimesError(f"times: {found[0]:g} is not behind the mirror; give times above 0")
        if found[-1] >= self.half:
            end = "reaches the mirror on the other side" if self.period else "lies outside the space"
            raise TimesError(f"times: {found[-1]:g} {end}; give times below {self.half:g}")
        if np.any(np.diff(found) < TOLERANCE * found[-1]):
            raise TimesError(f"times: {_twice(found):g} is there twice; give different times")
        return found

    def _among(self, found: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
        known = np.array(self.times)
        numbers = np.argmin(np.abs(known - found[:, None]), axis=1)
        step = float(np.min(np.diff(known))) if len(known) > 1 else 1.0
        off = np.abs(known[numbers] - found) > TOLERANCE * step
        if off.any():
            shown = ", ".join(f"{one:g}" for one in known[:6]) + (", …" if len(known) > 6 else "")
            raise TimesError(
                f"times: {found[off][0]:g} behind the mirror at {self.centre[0]:g} is none of the {len(known)} times "
                f"whose images are there, too; give some of {shown}"
            )
        if len(set(numbers.tolist())) < len(numbers):
            raise TimesError(f"times: {_twice(known[numbers]):g} is there twice; give different times")
        return known[numbers]


def _twice(times: Float[np.ndarray, " time"]) -> float:
    return float(times[int(np.argmin(np.diff(times)))])


def reflections(region: Region) -> tuple[Reflection, ...]:
    """The reflections of time that a space has: one, or of a lattice those that map sites onto sites.

    Args:
        region: Where fields are looked at: a `Circle`, `Torus`, `Line`, `Box`, `Lattice`, `Unbounded` space, or one of
            one's own with points as coordinates.

    Raises:
        AxiomError: If it has no time axis, or its reflection maps points off it.

    Example:
        >>> from nnft_ppl.spaces import Circle
        >>> reflections(Circle(4.0))
        (Reflection(kind='plane', centre=(2.0,), half=2.0, period=4.0, start=0.0, times=None),)
    """
    if isinstance(region, Space) and region.names:
        raise AxiomError(
            f"a {type(region).__name__} has no time axis, along which fields could be reflected; give a Circle, Line, "
            "Torus, Box or Lattice"
        )
    if isinstance(region, Lattice):
        return _of_lattice(region)
    centre = tuple(float(middle) for middle in region.centre)
    if isinstance(region, Space) and region.fixed:
        return (_of_given_times(region.axes[0], centre),)
    period = region.periods[0]
    half = float(period or region.sides[0]) / 2
    return (Reflection("plane", centre, half, period, centre[0] - half),)


def _of_lattice(lattice: Lattice) -> tuple[Reflection, ...]:
    """Mirrors through a site and through a link; an open lattice has its middle alone."""
    count, step = lattice.sites[0], lattice.spacing
    rest = tuple(float(middle) for middle in lattice.centre[1:])
    found = []
    if lattice.periodic:
        period = step * count
        # Sites 0 … count/2 and their images, the mirrors' own sites included; links 1/2 … .
        mirrors = {"site": (lattice.first[0], np.arange(count // 2 + 1)),
                   "link": (lattice.first[0] - step / 2, np.arange(count // 2) + 0.5)}  # fmt: skip
    else:
        period = None
        kind = "site" if count % 2 else "link"
        steps = np.arange((count + 1) // 2) if count % 2 else np.arange(count // 2) + 0.5
        mirrors = {kind: (lattice.first[0] + step * (count - 1) / 2, steps)}
    for kind, (mirror, steps) in mirrors.items():
        times = tuple((step * steps).tolist())
        if len(times) > (kind == "site"):
            found.append(Reflection(kind, (float(mirror), *rest), step * count / 2, period, lattice.first[0], times))
    if not found:
        raise AxiomError(f"the lattice has {count} sites along its time axis, none of them behind a mirror")
    return tuple(found)


def _of_given_times(axis: Float[np.ndarray, " time"], centre: tuple[float, ...]) -> Reflection:
    """About the middle of times that belong to the theory: those whose images are there, too."""
    behind = axis - centre[0]
    step = float(np.min(np.diff(axis))) if len(axis) > 1 else 1.0
    mirrored = np.min(np.abs(behind[:, None] + behind), axis=1) < TOLERANCE * step
    times = np.sort(np.where(np.abs(behind) < TOLERANCE * step, 0.0, behind)[mirrored & (behind > -TOLERANCE * step)])
    if len(times) == 1 and len(axis) > 2:
        raise AxiomError(
            f"the reflection about {centre[0]:g}, the middle of the space, maps all of its {len(axis)} times but the "
            "ends off them; give times that are symmetric about their middle"
        )
    half = float(axis[-1] - axis[0]) / 2
    return Reflection("site" if times[0] == 0 else "link", centre, half, times=tuple(times.tolist()))
