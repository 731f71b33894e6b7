"""What every space does: evaluate fields on a grid, integrate, average; and grids with more points, to compare."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_count
from nnft_ppl.spaces.on_axes import on_axes
from nnft_ppl.spaces.region import Region

# Contexts of JAX's own: a function that was compiled outside is traced anew inside.
_refinement = jax.make_user_context(1)
_watch = jax.make_user_context(0)
_watches = itertools.count(1)
_used: ContextVar["list[Space] | None"] = ContextVar("nnft_ppl_used_spaces", default=None)


@contextmanager
def used_spaces() -> Iterator["list[Space]"]:
    """Context that lists every space whose grid is used inside it, each once, in the order of their first use."""
    used: list[Space] = []
    token = _used.set(used)
    try:
        with _watch(next(_watches)):
            yield used
    finally:
        _used.reset(token)


@contextmanager
def refined(factor: int) -> Iterator[None]:
    """Context in which every space created has `factor` times as many points per axis.

    A model that builds its own space is read again on a finer grid: where an integrand has no bandlimit,
    this is the check that the grid resolves it. Spaces that exist already keep their points, and so do those
    that are never refined (`Space.fixed`); functions compiled outside are traced anew. Nested
    factors multiply. What a space refuses is judged by the points asked for, before refinement.

    Args:
        factor: Integer >= 1.

    Raises:
        TypeError: If `factor` is not an integer.
        ValueError: If `factor` is below 1.
    """
    with _refinement(_refinement.value * require_count("refined", "factor", factor)):
        yield


class Space(Region, ABC):
    """A region with a quadrature rule on a tensor grid. A space of one's own states `dim`, `rules` and where to look.

    Spaces hold Python numbers only: as frozen dataclasses they compare and hash by value and refinement, and can be
    static arguments of jit. The coordinates of the grid are those of the points unless the space says how they are
    embedded (`names`, `embed`: angles on a sphere).

    Attributes:
        dim: Number of coordinates of a point.
        centre: Middle of the box in which fields are looked at (pictures, checks, default observables), shape (dim,).
        sides: Edge of that box along each axis, in units of length; `side`, one number, where all are the same.
        refinement: How many times more points per axis there are than was asked for (`refined`); it is set by itself.
        names: Names of the grid's coordinates where those are not the points' own, one for each of its axes.
        fixed: Whether the points belong to the theory, as a lattice's do, so that there are never more.

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

    refinement: int
    names: tuple[str, ...] = ()
    fixed: bool = False

    def __new__(cls, *_: object, **__: object) -> Self:
        """Note the refinement in force."""
        space = super().__new__(cls)
        vars(space)["refinement"] = 1 if cls.fixed else _refinement.value
        return space

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Let dataclasses, which would write their own, compare by refinement, too: jit tells the grids apart."""
        super().__init_subclass__(**keywords)
        for name in ("__eq__", "__hash__"):
            if name not in vars(cls):
                setattr(cls, name, vars(Space)[name])

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Space) and self._identity == other._identity)

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple:
        values = [getattr(self, one.name) for one in fields(self)] if is_dataclass(self) else [id(self)]
        return (type(self), self.refinement, *values)

    @abstractmethod
    def rules(self, refinement: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Points and weights along each axis, pairs of float64 arrays of shape (points,): ∫ dx f ≈ Σ_j w_j f(x_j).

        Args:
            refinement: There are this many times more points than was asked for.
        """

    def embed(self, coordinates: Sequence[Float[np.ndarray, "*shape"]]) -> Float[np.ndarray, "*shape dim"]:
        """Points x(u) of grid coordinates u, which are the points' own unless a space says otherwise.

        Args:
            coordinates: One array for each of the grid's axes, all of one shape.

        Returns:
            The points, shape (*shape, dim).
        """
        return np.stack(coordinates, axis=-1)

    @property
    def limited(self) -> bool:
        """Whether the integrand's highest momentum was stated, so that the grid is known to resolve it."""
        return False

    @cached_property
    def _checked_rules(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        rules = tuple(
            (np.array(points, float), np.array(weights, float)) for points, weights in self.rules(self.refinement)
        )
        owner = type(self).__name__
        if len(rules) != (len(self.names) or self.dim):
            axes = f"the axes {', '.join(self.names)}" if self.names else f"dim = {self.dim}"
            raise ValueError(f"{owner}: rules are {len(rules)} for {axes}; give one (points, weights) per axis")
        for array in (array for rule in rules for array in rule):
            array.flags.writeable = False
        if self.refinement > 1:
            asked = [len(points) for points, _ in self.rules(1)]
            if any(len(points) <= few for (points, _), few in zip(rules, asked, strict=True)):
                raise ValueError(
                    f"{owner}: rules(refinement) gives {[len(points) for points, _ in rules]} points at refinement = "
                    f"{self.refinement} and {asked} at 1, so that its grid cannot be checked; give `refinement` times "
                    "as many points, or say `fixed = True` where the points belong to the theory, as a lattice's do"
                )
        return rules

    @property
    def _rules(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        if (used := _used.get()) is not None and not any(one is self for one in used):
            used.append(self)
        return self._checked_rules

    @property
    def axes(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Coordinates of the grid, one read-only numpy float64 array of shape (points,) for each of its axes."""
        return tuple(points for points, _ in self._rules)

    @property
    def weights(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Quadrature weights along each axis, arrays of shape (points,)."""
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
        if values.shape[: len(self.shape)] != self.shape:
            raise ValueError(
                f"{type(self).__name__}.{method}: {subject} shape {values.shape} and the grid has shape "
                f"{self.shape}; give values with the grid first and components behind"
            )

    def values_on(self, phi: Callable[[Array], Array], axes: Sequence[np.ndarray]) -> Shaped[Array, "..."]:
        """Values of a field on another tensor grid of the space's coordinates.

        Args:
            phi: Callable from a point of shape (dim,) to a scalar or to components.
            axes: Coordinates along each axis, shapes (n_1,), (n_2,), ...

        Returns:
            Values, shape (n_1, n_2, ...) and the components, if any.
        """
        return on_axes(phi, axes)

    def evaluate(self, phi: Callable[[Array], Array]) -> Shaped[Array, "..."]:
        """Values of a field on the grid, by its `on_grid` if it has one, else point by point.

        The coordinates are handed over in the dtype of the field's own parameters, so that a float32
        field stays in float32. A field without array leaves (a plain function) gets the default float.

        Args:
            phi: Callable from a point of shape (dim,) to a scalar or to components.

        Returns:
            Values, shape (n_1, n_2, ...) of the grid and the components, if any.

        Raises:
            TypeError: If `phi` is not callable.
            ValueError: If `on_grid` answers with another shape, or the field has more modes than the grid is made for.
        """
        if not callable(phi):
            raise TypeError(f"{type(self).__name__}.evaluate: {phi!r} is no field; give a callable phi(x)")
        for word in ("modes", "degree"):
            told, own = getattr(self, word, None), getattr(phi, word, None)
            if isinstance(told, int) and isinstance(own, int) and own > told:
                raise ValueError(
                    f"{type(self).__name__}.evaluate: the field has {word} up to {own}, and the grid is made for "
                    f"{told}, so that powers of the field would be wrong silently; give {word}={own}"
                )
        values = self.values_on(phi, self.axes)
        self._check("evaluate", f"on_grid of {type(phi).__name__} gave", values)
        return values

    def integrate(self, values: Shaped[ArrayLike, "..."]) -> Shaped[Array, "..."]:
        """Integral over the region, Σ w_{j1} w_{j2} ⋯ values[j1, j2, ...].

        Args:
            values: Values on the grid, shape (n_1, n_2, ...) and any components behind.

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
