"""Quantities computed from means of observables: ratios, connected parts, effective masses.

Source: derived here; values and errors of f(means) as in `nnft_ppl.statistics.estimate`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.labels import Coordinates, Dims
from nnft_ppl.observables.observable import Observable

BISECTIONS = 60


@dataclass(frozen=True, eq=False)  # known by itself, so that what is compiled for it is found again
class Derived:
    """A function of means of observables, f(⟨O_1⟩, ⟨O_2⟩, ...), with labelled dimensions.

    A ratio, a connected part, an effective mass, the levels of a matrix of correlators.

    Example:
        >>> variance = Derived(lambda means: means["phi_squared"] - means["phi"] ** 2)
        >>> variance({"phi": 2.0, "phi_squared": 5.0})
        1.0
    """

    function: Callable[[dict[str, Array]], Array]
    """Differentiable map from {name: mean of the observable, or a derived quantity named before} to an array."""
    dims: Dims = ()
    """Names of the array's dimensions, the first axes'; those behind `...` are the last axes'."""
    coords: Mapping[str, Coordinates] = field(default_factory=dict)
    """Coordinates along some of the dimensions, numbers or texts, stored and printed with the result."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Units of coordinates by dimension, and of the value under the name ""; "1" where there is none."""
    like: tuple[str, ...] = ()
    """Observables from which axes without a name take theirs, and its coordinates, counted from the last axis."""
    moments: Observable | None = field(default=None, compare=False)
    """What is measured for it alone, and is `means["moments"]` to its function; None for what takes others' means."""
    remark: Callable[[dict[str, Array]], str] | None = field(default=None, compare=False)
    """What there is to say of the value at these means, such as what was left out; the check `derived` repeats it."""

    places: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Coordinates that it takes observables to have, along the first dimension, or the last one behind `...`; a theory
    refuses others."""

    def misplaced(self, name: str, dims: Dims, coords: Mapping[str, Coordinates]) -> str:
        """What is wrong with an observable's coordinates, in words; empty where nothing is, or nothing is known.

        Args:
            name: Of the observable.
            dims: Names of its dimensions.
            coords: Along them.
        """
        taken = np.asarray(self.places.get(name, ()), float)
        named = [dim for dim in dims if isinstance(dim, str)]
        if not taken.size or not named:
            return ""
        dim = named[-1] if self.dims[:1] == (...,) else named[0]
        known = np.asarray(coords.get(dim, ()))
        if known.dtype.kind not in "iuf" or known.shape != taken.shape:
            return ""
        if np.allclose(known, taken, rtol=1e-6, atol=1e-6 * float(np.max(np.abs(taken)))):
            return ""
        return f"takes {name!r} at {dim} = {taken}, and it is measured at {known}"

    def among(self, name: str, others: "Mapping[str, Derived]") -> "Derived":
        """The quantity as a function of means by the names that they are stored under, and of others as of means.

        Args:
            name: Its own name; what is measured for it alone is `NAME.moments`, and it asks for nothing else.
            others: Those declared before it.
        """
        if self.moments is not None:
            return replace(self, function=Renamed(self.function, f"{name}.moments"))
        if not others:
            return self
        remark = self.remark
        return replace(
            self,
            function=lambda means: self.function(_Means(means, others)),
            remark=remark and (lambda means: remark(_Means(means, others))),
        )

    def __call__(self, means: dict[str, Array]) -> Array:
        """The quantity at these means.

        Args:
            means: Name -> mean of the observable, of the observable's shape.
        """
        return self.function(means)

    def in_units(self, value: str, **coords: str) -> "Derived":
        """The same quantity with its units stated, as for `Observable.in_units`.

        Args:
            value: Unit of the value, such as `mass`; `1` for a pure number.
            coords: Unit of the coordinate along each dimension.
        """
        return replace(self, units={"": value, **coords})


def functions_of(derived: Mapping[str, Derived]) -> dict[str, Callable]:
    """The functions of means alone, by name: what is compiled for one serves all that are equal to it.

    Args:
        derived: Quantities by name.
    """
    return {name: one.function for name, one in derived.items()}


@dataclass(frozen=True)
class Renamed:
    """A function of the mean `moments`, which goes by another name.

    Compared by what it is made of: what is compiled for one member of a family serves the others.
    """

    function: Callable[[dict[str, Array]], Array]
    """The function of {"moments": mean}."""
    own: str
    """The other name."""

    def __call__(self, means: dict[str, Array]) -> Array:
        """The function at these means, by name."""
        return self.function({"moments": means[self.own]})


class _Means(dict[str, Array]):
    """Means by name, and derived quantities, computed where they are asked for."""

    def __init__(self, means: Mapping[str, Array], others: Mapping[str, Derived]) -> None:
        super().__init__(means)
        self._others = others

    def __missing__(self, name: str) -> Array:
        if name not in self._others:
            raise KeyError(name)
        value = self[name] = jnp.asarray(self._others[name](dict(self)))
        return value


def ratio(numerator: str, denominator: str) -> Derived:
    """The quotient of two means, ⟨numerator⟩ / ⟨denominator⟩, with the shapes broadcast, and the dimensions of both.

    Args:
        numerator: Name of the observable above the line.
        denominator: Name of the observable below the line.
    """
    return Derived(lambda means: means[numerator] / means[denominator], like=(numerator, denominator))


def effective_mass(name: str, separation: Float[ArrayLike, "point"] | float, period: float | None = None) -> Derived:
    r"""The decay rate of a correlator C between neighbouring points.

    $$m_i = \frac{\ln (C_i / C_{i+1})}{r_{i+1} - r_i}, \qquad\text{or on a circle}\qquad
    \frac{C_i}{C_{i+1}} = \frac{\cosh m_i(T/2 - r_i)}{\cosh m_i(T/2 - r_{i+1})}$$

    The first is negative where the correlator rises, and NaN where C_i / C_{i+1} is negative. On a circle of period T
    a state goes both ways round, and the first would fall to zero half way; the second is the state's own rate. It is
    NaN where no cosh has such a ratio (the correlator rises towards T/2), and for two points as far from T/2.

    Args:
        name: Observable of shape (*shape, point).
        separation: Distances r_i, shape (point,), strictly increasing; or a number, the spacing of all neighbours.
        period: Length T of the circle; None for an open line. Then the distances are needed, from 0 to T.

    Returns:
        The derived quantity, of shape (*shape, point - 1), in inverse units of the separation. Its last dimension is
        `NAME.separation`, with the middles (r_i + r_{i+1})/2 as coordinates where the distances are given.

    Raises:
        TypeError: If the separations are not real numbers.
        ValueError: If they do not increase, are not finite, or do not lie on the circle.
    """
    points = require_finite("effective_mass", "separation", separation)
    steps = np.diff(points) if points.ndim else points
    if not (steps > 0).all():
        raise ValueError(
            f"effective_mass: separation = {points}; give strictly increasing distances, or one spacing > 0"
        )
    middles = {f"{name}.separation": tuple(((points[:-1] + points[1:]) / 2).tolist())} if points.ndim else {}
    labels: dict[str, Any] = {"dims": (..., f"{name}.separation"), "coords": middles, "like": (name,)}
    if period is not None and (not points.ndim or points.min() < 0 or points.max() > period):
        raise ValueError(f"effective_mass: separation = {points}; give distances from 0 to the period, {period}")
    places = tuple(points.tolist()) if points.ndim else float(points)
    taken = {name: tuple(points.tolist())} if points.ndim else {}
    return Derived(_DecayRate(name, places, period), **labels, places=taken)


@dataclass(frozen=True)
class _DecayRate:
    """The function of `effective_mass`, compared by what it is made of: compiled once, it serves again."""

    name: str
    points: tuple[float, ...] | float
    """Distances, or the spacing of all neighbours."""
    period: float | None

    def __call__(self, means: dict[str, Array]) -> Array:
        """The rates at these means."""
        values, points = means[self.name], np.asarray(self.points)
        logarithm = jnp.log(values[..., :-1] / values[..., 1:])
        if self.period is None:
            return logarithm / (np.diff(points) if points.ndim else points)
        from_middle = np.abs(self.period / 2 - points)
        left, right = from_middle[:-1], from_middle[1:]
        # Only distances from the middle count: the farther point must have the larger correlator.
        sign = np.sign(left - right)
        return cosh_rate(jnp.asarray(logarithm * sign), np.maximum(left, right), np.minimum(left, right))


def cosh_rate(logarithm: Array, far: np.ndarray, near: np.ndarray) -> Array:
    """The m ≥ 0 of g(m) = ln cosh(m far) − ln cosh(m near) = logarithm; NaN where there is none.

    The root lies between logarithm/(far − near) and (logarithm + ln 2)/(far − near).

    Args:
        logarithm: Of the ratio of two correlators on a circle, any shape.
        far: Distance from half way round of the larger one, a shape that broadcasts.
        near: Distance of the smaller one.
    """

    def excess(rate: Array) -> Array:
        return _log_cosh(rate * far) - _log_cosh(rate * near) - logarithm

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        middle = (bracket[0] + bracket[1]) / 2
        low = excess(middle) < 0
        return jnp.where(low, middle, bracket[0]), jnp.where(low, bracket[1], middle)

    apart = np.where(far > near, far - near, 1.0)
    fixed = jax.lax.stop_gradient(logarithm)
    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, (fixed / apart, (fixed + np.log(2.0)) / apart))
    rate = jax.lax.stop_gradient((low + high) / 2)
    # One step of Newton's has the root's derivative.
    slope = far * jnp.tanh(rate * far) - near * jnp.tanh(rate * near)
    defined = (far > near) & (logarithm > 0)
    return jnp.where(defined, rate - excess(rate) / jnp.where(defined, slope, 1.0), jnp.nan)


def _log_cosh(x: Array) -> Array:
    """Ln cosh x without overflow."""
    return jnp.logaddexp(x, -x) - np.log(2.0)
