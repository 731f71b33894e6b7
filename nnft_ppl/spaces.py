"""Spaces to integrate over: a box with Gauss–Legendre points and a circle with uniform points."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.fields.on_axes import on_axes

_refinement: ContextVar[int] = ContextVar("nnft_ppl_grid_refinement", default=1)
_created: ContextVar["list[Space] | None"] = ContextVar("nnft_ppl_created_spaces", default=None)


@contextmanager
def created_spaces() -> Iterator["list[Space]"]:
    """Context that lists every space created inside it, so that a model's own spaces can be looked at."""
    created: list[Space] = []
    token = _created.set(created)
    try:
        yield created
    finally:
        _created.reset(token)


@contextmanager
def refined(factor: int) -> Iterator[None]:
    """Context in which every space created has `factor` times as many points per axis.

    A model that builds its own space is read again on a finer grid: where an integrand has no bandlimit,
    this is the check that the grid resolves it. Spaces that exist already keep their points, and so does
    a function compiled earlier that builds its space inside: trace it anew within the context. Nested
    factors multiply. What a space refuses is judged by the points asked for, before refinement.

    Args:
        factor: Integer >= 1.

    Raises:
        TypeError: If `factor` is not an integer.
        ValueError: If `factor` is below 1.
    """
    token = _refinement.set(_refinement.get() * _integer("refined", "factor", factor, least=1))
    try:
        yield
    finally:
        _refinement.reset(token)


def _integer(owner: str, name: str, value: int, least: int) -> int:
    """The value as an int, refused unless an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{owner}: {name} = {value!r}; give an integer.")
    if value < least:
        raise ValueError(f"{owner}: {name} = {value}; give an integer >= {least}.")
    return int(value)


def _number(owner: str, name: str, value: float, least: float = -math.inf) -> float:
    """The value as a float, refused unless a finite number above `least` that is not traced."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{owner}: {name} is {type(value).__name__}; give a Python number.")
    if not (math.isfinite(value) and value > least):
        raise ValueError(f"{owner}: {name} = {value}; give a finite number above {least:g}.")
    return float(value)


@lru_cache(maxsize=64)
def _gauss_legendre(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [−1, 1]."""
    return np.polynomial.legendre.leggauss(points)


@dataclass(frozen=True, init=False)
class Space(ABC):
    """A region with a quadrature rule on a tensor grid; Box and Circle are the two there are.

    Spaces hold Python numbers only: they compare and hash by value and can be static arguments of jit.

    Attributes:
        side: Length of the region along each axis.
        dim: Number of coordinates.
        points: Number of points along each axis, refinement included.
        midpoint: The centre as a tuple of numbers.
    """

    side: float
    dim: int
    points: int
    midpoint: tuple[float, ...]

    @property
    @abstractmethod
    def limited(self) -> bool:
        """Whether the integrand's highest momentum was stated, so that the grid is known to resolve it."""

    def _settle(self, **values: object) -> None:
        """Set the fields of a frozen instance, and list it where spaces are listed."""
        vars(self).update(values)
        if (created := _created.get()) is not None:
            created.append(self)

    @abstractmethod
    def _rule(self, centre: float) -> tuple[np.ndarray, np.ndarray]:
        """Points and weights along an axis with this centre."""

    @cached_property
    def _rules(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        rules = tuple(self._rule(centre) for centre in self.midpoint)
        for array in (array for rule in rules for array in rule):
            array.flags.writeable = False
        return rules

    @property
    def centre(self) -> Float[np.ndarray, " dim"]:
        """Middle of the region, numpy array of shape (dim,)."""
        return np.array(self.midpoint)

    @property
    def axes(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Coordinates of the grid, dim read-only numpy float64 arrays of shape (points,)."""
        return tuple(points for points, _ in self._rules)

    @property
    def weights(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Quadrature weights along each axis, dim arrays of shape (points,), each summing to `side`."""
        return tuple(weights for _, weights in self._rules)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid, (points, ..., points)."""
        return (self.points,) * self.dim

    @property
    def volume(self) -> float:
        """Volume of the region, side^dim."""
        return self.side**self.dim

    def _check(self, method: str, subject: str, values: Shaped[Array, "..."]) -> None:
        """Refuse values whose leading axes are not the grid."""
        if values.shape[: self.dim] != self.shape:
            raise ValueError(
                f"{type(self).__name__}.{method}: {subject} shape {values.shape} and the grid has shape "
                f"{self.shape}; the grid should come first and components behind."
            )

    def evaluate(self, field: Callable[[Array], Array]) -> Shaped[Array, "..."]:
        """Values of a field on the grid, by its `on_grid` if it has one, else point by point.

        The coordinates are handed over in the dtype of the field's own parameters, so that a float32
        field stays in float32. A field without array leaves (a plain function) gets the default float.

        Args:
            field: Callable from a point of shape (dim,) to a scalar or to components.

        Returns:
            Values, shape (n_1, ..., n_dim) and the components, if any.

        Raises:
            TypeError: If `field` is not callable.
            ValueError: If `on_grid` answers with another shape.
        """
        if not callable(field):
            raise TypeError(f"{type(self).__name__}.evaluate: {field!r} is no field; give a callable phi(x).")
        values = on_axes(field, self.axes)
        self._check("evaluate", f"on_grid of {type(field).__name__} gave", values)
        return values

    def integrate(self, values: Shaped[ArrayLike, "..."]) -> Shaped[Array, "..."]:
        """Integral over the region, Σ w_{j1} ⋯ w_{jd} values[j1, ..., jd].

        Args:
            values: Values on the grid, shape (n_1, ..., n_dim) and any components behind.

        Returns:
            The integral, of the components' shape and the dtype of `values`, times length^dim.

        Raises:
            ValueError: If the leading shape is not that of the grid.
        """
        values = jnp.asarray(values)
        self._check("integrate", "values have", values)
        values = values.astype(jnp.result_type(float, values))
        for weight in self.weights:
            values = jnp.tensordot(
                weight.astype(values.dtype), values, axes=(0, 0), precision=jax.lax.Precision.HIGHEST
            )
        return values

    def average(self, values: Shaped[ArrayLike, "..."]) -> Shaped[Array, "..."]:
        """Average over the region, the integral divided by `volume`; arguments as for `integrate`."""
        return self.integrate(values) / self.volume


@final
@dataclass(frozen=True, init=False)
class Box(Space):
    """The box [centre − side/2, centre + side/2]^dim with a tensor Gauss–Legendre grid.

    With n points per axis polynomials up to degree 2n − 1 are integrated exactly, and exp(ikx) well once
    n exceeds k·side/4; from there the error falls faster than exponentially, and below it is of order one.

    Attributes:
        bandlimit: Highest momentum of the integrand per axis, or None; the others as in `Space`.

    Source: derived here (expansion of exp(ikx) in Legendre polynomials).
    """

    bandlimit: float | None

    def __init__(
        self,
        side: float,
        dim: int,
        points: int | None = None,
        bandlimit: float | None = None,
        centre: float | Sequence[float] | Float[np.ndarray, " dim"] = 0.0,
    ) -> None:
        """Check the arguments and settle the number of points.

        Args:
            side: Length of each edge, positive.
            dim: Number of dimensions, >= 1.
            points: Points per axis; by default ⌈bandlimit·side/4⌉ + 8, or 32 without bandlimit. The
                default's error at the bandlimit, relative to the volume, was measured as 2e-9, 1e-5, 9e-4
                for bandlimit·side = 20, 80, 320 (d = 1); where that momentum matters give more points.
            bandlimit: Highest momentum along an axis of the *integrand*, not of the field: for φ⁴ of a
                field with momenta up to Λ it is 4Λ.
            centre: One number for all axes, or one per axis.

        Raises:
            TypeError: If an argument is not a number, or `dim` or `points` not an integer.
            ValueError: If a number is out of range, or `points` is below bandlimit·side/4.
        """
        side, dim = _number("Box", "side", side, least=0), _integer("Box", "dim", dim, least=1)
        least = 1
        if bandlimit is not None:
            bandlimit = _number("Box", "bandlimit", bandlimit, least=0)
            least = max(1, math.ceil(bandlimit * side / 4))
        if points is None:
            points = 32 if bandlimit is None else least + 8
        points = _integer("Box", "points", points, least=1)
        if points < least and bandlimit is not None:
            raise ValueError(
                f"Box: points = {points} cannot resolve bandlimit = {bandlimit:g} on side = {side:g}; "
                f"bandlimit*side/4 = {bandlimit * side / 4:g}, so give points >= {least} or leave them out."
            )
        centres = tuple(centre) if isinstance(centre, Sequence | np.ndarray) else (centre,) * dim
        if len(centres) != dim:
            raise ValueError(f"Box: centre has {len(centres)} entries for dim = {dim}; give one each.")
        midpoint = tuple(_number("Box", "centre", entry) for entry in centres)
        points *= _refinement.get()
        self._settle(side=side, dim=dim, points=points, bandlimit=bandlimit, midpoint=midpoint)

    @property
    def limited(self) -> bool:
        """Whether `bandlimit` was given."""
        return self.bandlimit is not None

    def _rule(self, centre: float) -> tuple[np.ndarray, np.ndarray]:
        nodes, weights = _gauss_legendre(self.points)
        return centre + nodes * (self.side / 2), weights * (self.side / 2)


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
