r"""Motions of a region, x → c + R(x − c) + a about its centre c, and points near the centre to move.

A circle or torus is moved along its axes, mirrored and, where sides are equal, turned by a quarter; a box, a line and
R^dim are moved, turned by any angle and mirrored near their centre, a sphere and a disc turned and mirrored. On a
lattice, and a line of given times, motions lead from sites to sites.

Source: derived here (the Euclidean group, and what a region leaves of it).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.spaces import Disk, Lattice, Line, Region, Sphere

KINDS = ("translations", "rotations", "reflections")
TURN = 0.8
"""An angle far from those of squares, in radians: cos 2α and cos 4α have turned by about a half."""
MOST_PLANES = 3
"""Planes in which points are turned."""
ALONG = (-0.075, -0.03, 0.02, 0.085)
"""The four points along the first axis, in units of its side; their mirror image is another."""
ACROSS = (0.02, -0.03, 0.01, 0.025)
"""The same along further axes, in turn."""
SHIFTS = (0.125, -0.075)
"""Translations in units of the side."""
ON_SITES = (-1, 0, 0, 2)
"""The four points along the first axis, in sites."""
EVEN = 1e-9
"""Rounding of distances that should be equal, in units of the largest."""
NEAR_SITE = 1e-6
"""How far from a site a point on it may be, in units of the spacing."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion g: x → c + R(x − c) + a."""

    kind: str
    """One of `KINDS`."""
    name: str
    """In words."""
    matrix: Float[ndarray, "dim dim"]
    """R, orthogonal."""
    centre: Float[ndarray, " dim"]
    """c."""
    shift: Float[ndarray, " dim"]
    """a, in units of length."""

    def __call__(self, points: Float[ndarray, "*shape dim"]) -> Float[ndarray, "*shape dim"]:
        """The moved points.

        Args:
            points: Any points, shape (*shape, dim).
        """
        return self.centre + (points - self.centre) @ self.matrix.T + self.shift


def translation(shift: Float[ndarray, " dim"]) -> Motion:
    """The translation by a vector.

    Args:
        shift: The vector, shape (dim,), in units of length.
    """
    shift = np.asarray(shift, float)
    return Motion("translations", f"translation by {_vector(shift)}", np.eye(len(shift)), np.zeros(len(shift)), shift)


def rotation(centre: Float[ndarray, " dim"], plane: tuple[int, int], angle: float) -> Motion:
    """The rotation about a point in the plane of two axes.

    Args:
        centre: The point, shape (dim,).
        plane: The axes i, j; e_i turns towards e_j.
        angle: In radians.
    """
    centre = np.asarray(centre, float)
    matrix, (i, j) = np.eye(len(centre)), plane
    cosine, sine = (round(one(angle), 15) for one in (np.cos, np.sin))
    matrix[[i, j, i, j], [i, j, j, i]] = cosine, cosine, -sine, sine
    words = "quarter turn" if abs(angle - np.pi / 2) < EVEN else f"turn by {angle:.3g}"
    named = f"{words} of the axes {i}, {j}" if len(centre) > 2 else words
    return Motion("rotations", named, matrix, centre, np.zeros(len(centre)))


def mirror(centre: Float[ndarray, " dim"], axis: int = 0) -> Motion:
    """The reflection of one axis about a point.

    Args:
        centre: The point, shape (dim,).
        axis: The axis that changes its sign.
    """
    centre = np.asarray(centre, float)
    matrix = np.eye(len(centre))
    matrix[axis, axis] = -1
    words = "reflection" if len(centre) == 1 else f"reflection of axis {axis}"
    return Motion("reflections", words, matrix, centre, np.zeros(len(centre)))


def motions_of(region: Region) -> tuple[Float[ndarray, "4 dim"], tuple[Motion, ...]]:
    """Four points near a region's centre, and motions that it admits.

    Args:
        region: The region.

    Returns:
        The points, shape (4, dim), and the motions.
    """
    if isinstance(region, Lattice):
        return _of_lattice(region)
    if isinstance(region, Line):
        return _of_times(region)
    centre, dim = np.asarray(region.centre, float), region.dim
    sides = np.array(region.sides, float)
    points = centre + sides * _offsets(dim)
    mirrored = (mirror(centre),)
    if isinstance(region, Sphere):
        points = points + np.array([1.0, 0, 0])
        points /= np.linalg.norm(points, axis=-1, keepdims=True)
        return points, (*_turns(centre), *mirrored)
    if isinstance(region, Disk):
        return points, (*_turns(centre), *mirrored)
    axes = range(dim) if dim > 1 else (0, 0)
    steps = [size * sides[axis] * np.eye(dim)[axis] for axis, size in zip(axes, SHIFTS, strict=False)]
    moved = tuple(translation(step) for step in steps)
    if not any(region.periods):
        return points, (*moved, *_turns(centre), *mirrored)
    quarter = all(region.periods) and np.ptp(sides[:2]) <= EVEN * sides[0] and dim > 1
    return points, (*moved, *([rotation(centre, (0, 1), np.pi / 2)] if quarter else []), *mirrored)


def _offsets(dim: int) -> Float[ndarray, "4 dim"]:
    """The four points in units of the sides."""
    return np.stack([ALONG, *(np.roll(ACROSS, axis) for axis in range(dim - 1))], axis=-1)


def _turns(centre: ndarray) -> list[Motion]:
    planes = [(i, j) for i in range(len(centre)) for j in range(i + 1, len(centre))]
    return [rotation(centre, plane, TURN) for plane in planes[:MOST_PLANES]]


def _of_lattice(lattice: Lattice) -> tuple[ndarray, tuple[Motion, ...]]:
    """Motions from sites to sites; those of an open lattice stay inside."""
    counts, dim = np.array(lattice.sites), lattice.dim
    first = np.array(lattice.first)
    middle = (counts - 1) // 2
    # Room for a step of one site beside the points.
    along = middle[0] + np.array(ON_SITES)
    numbers = np.tile(middle, (4, 1))
    numbers[:, 0] = along % counts[0] if lattice.periodic else np.clip(along, 0, max(counts[0] - 2, 0))
    if dim > 1:
        numbers[2, 1] = (middle[1] + 1) % counts[1] if lattice.periodic else min(middle[1] + 1, counts[1] - 1)
    centre = first + lattice.spacing * ((counts - 1) / 2)
    jump = max(1, counts[0] // 3) if lattice.periodic else 1
    moved = [translation(jump * lattice.spacing * np.eye(dim)[0])] if counts[0] > 1 else []
    if dim > 1 and counts[1] > 1 and lattice.periodic:
        moved.append(translation(max(1, counts[1] // 3) * lattice.spacing * np.eye(dim)[1]))
    quarter = dim > 1 and counts[0] == counts[1]
    turned = [rotation(centre, (0, 1), np.pi / 2)] if quarter else []
    return first + lattice.spacing * numbers, (*moved, *turned, mirror(centre))


def _of_times(line: Line) -> tuple[ndarray, tuple[Motion, ...]]:
    """A step where times are evenly spaced, a reflection where they are symmetric."""
    times = np.array(line.times)
    count, length = len(times), times[-1] - times[0]
    which = np.clip((count - 1) // 2 + np.array(ON_SITES), 0, count - 2)
    steps = np.diff(times)
    found: list[Motion] = []
    if np.ptp(steps) <= EVEN * length:
        found.append(translation(np.array([length / (count - 1)])))
    if np.max(np.abs(times + times[::-1] - times[0] - times[-1])) <= EVEN * length:
        found.append(mirror(np.array([(times[0] + times[-1]) / 2])))
    return times[which][:, None], tuple(found)


def _vector(vector: ndarray) -> str:
    return f"({', '.join(f'{one:.3g}' for one in vector)})" if len(vector) > 1 else f"{vector[0]:.3g}"


def inside(region: Region, points: Float[ndarray, "*shape dim"]) -> Float[ndarray, "*shape dim"]:
    """The points by whole periods, in the one period that the region names.

    Args:
        region: The region; nothing changes along axes without a period.
        points: Any points.
    """
    lowest = np.array(region.first if isinstance(region, Lattice) else region.centre - np.array(region.sides) / 2)
    points = np.array(points, float)
    for axis, period in enumerate(region.periods):
        if period:
            turns = (points[..., axis] - lowest[axis]) / period
            points[..., axis] -= period * np.floor(turns + EVEN)
    return points


def refuse_off_sites(region: Region, points: Float[ndarray, "*shape dim"], words: str) -> None:
    """Raise `ValueError` for points that are no sites of a lattice, or none of the given times.

    Args:
        region: The region; others have no sites.
        points: The points.
        words: What led to them.

    Raises:
        ValueError: If one of them is none.
    """
    if isinstance(region, Lattice):
        sites = (points - np.array(region.first)) / region.spacing
        inside_of = (sites > -0.5) & (sites < np.array(region.sites) - 0.5)
        off = ~(inside_of & (np.abs(sites - np.round(sites)) < NEAR_SITE)).all(axis=-1)
        kind = "sites of the lattice"
    elif isinstance(region, Line):
        times = np.array(region.times)
        off = np.min(np.abs(points - times), axis=-1) > NEAR_SITE * np.min(np.diff(times))
        kind = "times of the line"
    else:
        return
    if np.any(off):
        first = ", ".join(f"{one:.4g}" for one in points[off][0])
        raise ValueError(f"{words} leads to x = ({first}), where there is none of the {kind}; give one between them")
