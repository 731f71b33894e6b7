"""What every space does: evaluate fields on a grid, integrate, average; and grids with more points, to compare."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_count
from nnft_ppl.spaces.on_axes import on_axes

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
    token = _refinement.set(_refinement.get() * require_count("refined", "factor", factor))
    try:
        yield
    finally:
        _refinement.reset(token)


class Space(ABC):
    """A region with a quadrature rule on a tensor grid. A space of one's own states `dim`, `rules` and where to look.

    Spaces hold Python numbers only: as frozen dataclasses they compare and hash by value, and can be static arguments
    of jit. (A refined space of one's own equals the one without refinement, unless its class says otherwise.)

    Attributes:
        dim: Number of coordinates.
        centre: Middle of the cube in which fields are looked at (pictures, checks, default observables), shape (dim,).
        side: Edge of that cube, in units of length.
        refinement: How many times more points per axis there are than was asked for (`refined`); it is set by itself.

    Example:
        The half-line x > 0 with the measure exp(−x) dx, looked at between 0 and 4:

        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class HalfLine(Space):
        ...     points: int = 16
        ...     dim = 1
        ...     centre = np.array([2.0])
        ...     side = 4.0
        ...
        ...     def rules(self, refinement):
        ...         return [np.polynomial.laguerre.laggauss(self.points * refinement)]
        >>> line = HalfLine()
        >>> f"{line.integrate(line.evaluate(lambda x: x[0] ** 2)):.6f}"
        '2.000000'

    Source: derived here (products of rules in one dimension).
    """

    dim: int
    centre: Float[np.ndarray, " dim"]
    side: float
    refinement: int

    def __new__(cls, *_: object, **__: object) -> Self:
        """Note the refinement in force, and list the space where spaces are listed."""
        space = super().__new__(cls)
        vars(space)["refinement"] = _refinement.get()
        if (created := _created.get()) is not None:
            created.append(space)
        return space

    @abstractmethod
    def rules(self, refinement: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Points and weights along each axis, dim pairs of float64 arrays of shape (points,): ∫ dx f ≈ Σ_j w_j f(x_j).

        Args:
            refinement: There are this many times more points than was asked for.
        """

    @property
    def limited(self) -> bool:
        """Whether the integrand's highest momentum was stated, so that the grid is known to resolve it."""
        return False

    @cached_property
    def _rules(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        rules = tuple(
            (np.array(points, float), np.array(weights, float)) for points, weights in self.rules(self.refinement)
        )
        if len(rules) != self.dim:
            owner = type(self).__name__
            raise ValueError(
                f"{owner}: rules are {len(rules)} for dim = {self.dim}; give one (points, weights) per axis"
            )
        for array in (array for rule in rules for array in rule):
            array.flags.writeable = False
        return rules

    @property
    def axes(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Coordinates of the grid, dim read-only numpy float64 arrays of shape (points,)."""
        return tuple(points for points, _ in self._rules)

    @property
    def weights(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Quadrature weights along each axis, dim arrays of shape (points,)."""
        return tuple(weights for _, weights in self._rules)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid, one number of points per axis."""
        return tuple(len(points) for points in self.axes)

    @property
    def volume(self) -> float:
        """Volume of the region, Π_j Σ w_j."""
        return math.prod(float(np.sum(weights)) for weights in self.weights)

    def _check(self, method: str, subject: str, values: Shaped[Array, "..."]) -> None:
        """Refuse values whose leading axes are not the grid."""
        if values.shape[: self.dim] != self.shape:
            raise ValueError(
                f"{type(self).__name__}.{method}: {subject} shape {values.shape} and the grid has shape "
                f"{self.shape}; give values with the grid first and components behind"
            )

    def evaluate(self, phi: Callable[[Array], Array]) -> Shaped[Array, "..."]:
        """Values of a field on the grid, by its `on_grid` if it has one, else point by point.

        The coordinates are handed over in the dtype of the field's own parameters, so that a float32
        field stays in float32. A field without array leaves (a plain function) gets the default float.

        Args:
            phi: Callable from a point of shape (dim,) to a scalar or to components.

        Returns:
            Values, shape (n_1, ..., n_dim) and the components, if any.

        Raises:
            TypeError: If `phi` is not callable.
            ValueError: If `on_grid` answers with another shape.
        """
        if not callable(phi):
            raise TypeError(f"{type(self).__name__}.evaluate: {phi!r} is no field; give a callable phi(x)")
        values = on_axes(phi, self.axes)
        self._check("evaluate", f"on_grid of {type(phi).__name__} gave", values)
        return values

    def integrate(self, values: Shaped[ArrayLike, "..."]) -> Shaped[Array, "..."]:
        """Integral over the region, Σ w_{j1} ⋯ w_{jd} values[j1, ..., jd].

        Args:
            values: Values on the grid, shape (n_1, ..., n_dim) and any components behind.

        Returns:
            The integral, of the components' shape and the dtype of `values`, in their units times length^dim.

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
