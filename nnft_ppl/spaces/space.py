"""Spaces to integrate over: a box with Gauss–Legendre points and a circle with uniform points."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

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
