r"""Errors of functions of means: the linear propagation, and where it cannot be trusted.

$f(\bar O)$ has the error of the linearised series $f + \sum_a \partial_a f\,(O_a - \bar O_a)$, if $f$ is nearly
linear over the errors of the means. Whether it is, is tried: one mean after the other is moved by two of its errors
either way, the others with it as they are correlated, and $f$ and its error there are compared with the linear law.
Complex means, and a complex $f$, holomorphic or not, are real functions of real and imaginary parts.
Source: derived in docs/theory/errors.md.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.complex_parts import in_parts, place_name
from nnft_ppl.display import ROUNDING

Function = Callable[[dict[str, Array]], Array]
"""A differentiable function of {name: mean of the observable}, such as a `Derived`."""
BLOCKS = 32
"""Blocks of draws from which correlations between the means are taken."""
MOVED = 2.0
"""Errors by which a mean is moved."""
FAR = 5.0
"""Within so many errors the function must be defined: a logarithm has its argument farther from zero."""
BENT = 2 / 3
"""By how much of its error the function may differ from the linear law, per error moved; 1/x at five errors from 0."""
MOST_MOVED = 64
MOST_NUMBERS = 2**22
"""Fewer means are moved, those nearest to zero in their errors, where more numbers would come out."""


@dataclass(frozen=True)
class InParts:
    """A function of means as one of real numbers: real and imaginary parts, along last axes, of what is complex."""

    quantity: Function
    paired: frozenset[str]
    """Names of the complex means."""

    def whole(self, means: dict[str, Array]) -> Array:
        """Its value, complex where it is.

        Args:
            means: Of every observable, in parts where they are complex.
        """
        joined = {name: jax.lax.complex(means[name][..., 0], means[name][..., 1]) for name in self.paired}
        return jnp.asarray(self.quantity(means | joined))

    def __call__(self, means: dict[str, Array]) -> Array:
        """Its value, in parts where it is complex.

        Args:
            means: Of every observable, in parts where they are complex.
        """
        value = self.whole(means)
        return jnp.stack([value.real, value.imag], axis=-1) if jnp.iscomplexobj(value) else value


class Propagated(NamedTuple):
    """A function of means; in parts along the last axis where it is complex, but for its doubts."""

    value: Float[ndarray, "*shape"]
    fluctuation: Float[ndarray, "chain draw *shape"]
    """Of the linearised series, without weights."""
    raw: Float[ndarray, "chain draw *shape"] | None
    """The same of other series of the same means, if they were given."""
    doubts: dict[tuple[int, ...], str]
    """Entry -> why its error is not to be trusted."""
    paired: bool
    """Whether it is complex."""


def propagate(
    name: str,
    quantity: Function,
    means: dict[str, ndarray],
    centred: dict[str, ndarray],
    weights: Float[ndarray, "chain draw"],
    errors: dict[str, ndarray],
    raw: dict[str, ndarray] | None = None,
    paired: Collection[str] = (),
) -> Propagated:
    """Value of a derived quantity, its projected fluctuations, and which of its errors are not to be trusted.

    Args:
        name: Its name.
        quantity: The function.
        means: Of every observable.
        centred: Series of each, (chain, draw, *shape), around its mean.
        weights: Of the draws, with mean 1.
        errors: Of the means.
        raw: Other series of the same means, (chain, draw, *shape), around them.
        paired: Names of complex means; these, their series and errors are in parts along the last axis.

    Raises:
        ValueError: If it asks for an observable that is missing.
    """
    at = {key: jnp.asarray(mean) for key, mean in means.items()}
    as_real = InParts(quantity, frozenset(paired))
    try:
        whole = np.asarray(as_real.whole(at))
        is_complex = np.iscomplexobj(whole)
        value = np.asarray(in_parts(whole), dtype=np.float64)
        if paired or is_complex:
            quantity = as_real
        gradients = jax.jacrev(lambda means: jnp.asarray(quantity(means)))(at)
    except KeyError as error:
        raise ValueError(f"estimate: derived {name!r} asks for {error}; the observables are {sorted(means)}") from error
    slopes = {
        key: slope.reshape(value.size, -1)
        for key, gradient in gradients.items()
        if (slope := np.asarray(gradient, dtype=np.float64)).any()
    }
    length = weights.shape
    fluctuation, other, size = np.zeros((*length, value.size)), np.zeros((*length, value.size)), np.zeros(value.size)
    # Infinite slopes belong to undefined values, which are marked as such later.
    with np.errstate(invalid="ignore", over="ignore"):
        for key, slope in slopes.items():
            fluctuation += centred[key].reshape(*length, -1) @ slope.T
            size += np.abs(slope) @ np.abs(means[key]).reshape(-1)
            if raw is not None:
                other += raw[key].reshape(*length, -1) @ slope.T
    if is_complex:  # one part is the rounding of the other
        size = np.repeat(size.reshape(-1, 2).max(axis=1), 2)
    # What is constant by construction, x/x or x − x, leaves the rounding of what it was made of.
    rounding = max(ROUNDING, 32 * float(jnp.finfo(jnp.zeros(()).dtype).eps)) * size
    constant = np.max(np.abs(fluctuation), axis=(0, 1), initial=0.0) <= rounding
    fluctuation[..., constant] = 0.0
    value = np.where((constant & (np.abs(value).reshape(-1) <= rounding)).reshape(value.shape), 0.0, value)
    doubts = _doubts(quantity, at, value, slopes, centred, weights, errors, rounding)
    if is_complex:
        doubts = {entry[:-1]: words for entry, words in doubts.items()}
    shape = length + value.shape
    other = None if raw is None else other.reshape(shape)
    return Propagated(value, fluctuation.reshape(shape), other, doubts, is_complex)


def _doubts(
    quantity: Function,
    at: dict[str, Array],
    value: ndarray,
    slopes: dict[str, ndarray],
    centred: dict[str, ndarray],
    weights: Float[ndarray, "chain draw"],
    errors: dict[str, ndarray],
    rounding: Float[ndarray, " entry"],
) -> dict[tuple[int, ...], str]:
    """Entry -> words, of the entries that are defined and whose linear error is not to be trusted."""
    names = [key for key in slopes if np.any(errors[key] > 0)]
    if not names or not np.isfinite(value).any():
        return {}
    roots = {key: _root(centred[key], weights, errors[key]) for key in names}
    flat = np.concatenate([roots[key] for key in names], axis=1)
    error = np.concatenate([errors[key].reshape(-1) for key in names])
    slope = np.concatenate([slopes[key] for key in names], axis=1)
    mean = np.concatenate([np.asarray(at[key], float).reshape(-1) for key in names])
    distance = np.divide(np.abs(mean), error, out=np.full(mean.shape, np.inf), where=error > 0)
    used = np.flatnonzero((error > 0) & np.any(slope != 0, axis=0))
    most = int(np.clip(MOST_NUMBERS // (len(flat) * value.size), 1, MOST_MOVED))
    moved = used[np.argsort(distance[used], kind="stable")[:most]]
    directions = (flat[:, moved] / error[moved]).T
    try:
        hash(quantity)
        look = _looked_at
    except TypeError:  # each time anew, then
        look = _look
    close, far, across = (np.asarray(part, float) for part in look(quantity, at, roots, directions))
    # Axes: moved mean, way, entry.
    with np.errstate(all="ignore"):
        linear = slope @ flat.T
        own = np.linalg.norm(linear, axis=1)
        along = directions @ linear.T
        rest = np.sqrt(np.maximum(own**2 - along**2, 0.0))[:, None]
        ways = np.array([-MOVED, MOVED])[:, None]
        bend = np.abs(close - value.reshape(-1) - ways * along[:, None]) - rounding
        # Above 1 the mean that was moved is at fault; what is undefined there is infinitely so.
        faults = np.maximum(bend / (BENT * MOVED * own), np.abs(across - rest) / (BENT * own))
        faults = np.nan_to_num(np.where(np.isfinite(far), faults, np.inf), nan=np.inf).max(1)
    faults[:, ~np.isfinite(value).reshape(-1) | (own <= rounding)] = 0.0
    near = [column for column in moved[np.argsort(distance[moved])] if distance[column] < FAR]
    singular = {column: ~np.isfinite(_at_zero(quantity, at, names, column)) for column in near if (faults > 1).any()}
    found = {}
    for entry in np.flatnonzero((faults > 1).any(0)):
        words = "it is far from linear over the errors of its means"
        if (column := next((one for one, where in singular.items() if where[entry]), None)) is not None:
            called = _called(quantity, *_place(names, at, column))
            words = f"its denominator (or logarithm) {called} is {distance[column]:.1f} errors from 0"
        found[tuple(int(i) for i in np.unravel_index(entry, value.shape))] = words
    return found


def _root(series: ndarray, weights: ndarray, error: ndarray) -> Float[ndarray, "block entry"]:
    """A root D of the covariance of means, DᵀD, with the errors that are known and the correlations of blocks."""
    chains, draws = weights.shape
    per_chain = int(np.clip(BLOCKS // chains, 1, draws))
    edges = np.linspace(0, draws, per_chain, endpoint=False).astype(int)
    weighted = (weights.reshape(*weights.shape, 1) * series.reshape(chains, draws, -1)).astype(np.float64)
    sums = np.add.reduceat(weighted, edges, axis=1).reshape(-1, weighted.shape[-1])
    if len(sums) > BLOCKS:
        sums = np.add.reduceat(sums, np.linspace(0, len(sums), BLOCKS, endpoint=False).astype(int), axis=0)
    norm = np.linalg.norm(sums, axis=0)
    return sums * np.divide(error.reshape(-1), norm, out=np.zeros(norm.shape), where=norm > 0)


def _look(
    quantity: Function, at: dict[str, Array], roots: dict[str, Any], directions: Float[Any, "moved block"]
) -> tuple[Array, Array, Array]:
    """The function with each mean moved a little and far, and its error there due to all that is left unmoved."""

    def of(shift: Float[Array, " block"]) -> Array:
        moved = {key: at[key] + (shift @ jnp.asarray(root)).reshape(at[key].shape) for key, root in roots.items()}
        return jnp.asarray(quantity(at | moved)).reshape(-1)

    def here(direction: Array, way: Array) -> tuple[Array, Array, Array]:
        jacobian = jax.jacfwd(of)(way * MOVED * direction)
        across = jacobian - jnp.outer(jacobian @ direction, direction)
        return of(way * MOVED * direction), of(way * FAR * direction), jnp.linalg.norm(across, axis=1)

    ways = jnp.array([-1.0, 1.0])
    return jax.vmap(lambda one: jax.vmap(partial(here, one))(ways))(jnp.asarray(directions))


_looked_at = jax.jit(_look, static_argnums=0)
"""Compiled once for each function, for `auto` looks often."""


def _at_zero(quantity: Function, at: dict[str, Array], names: list[str], column: int) -> Float[ndarray, " entry"]:
    """The function where one of the means is zero and the others are what they are."""
    name, index = _place(names, at, column)
    return np.asarray(quantity(at | {name: at[name].at[index].set(0.0)}), float).reshape(-1)


def _called(quantity: Function, name: str, index: tuple[int, ...]) -> str:
    """An entry of a mean in words."""
    return place_name(name, index, complex_=isinstance(quantity, InParts) and name in quantity.paired)


def _place(names: list[str], at: dict[str, Array], column: int) -> tuple[str, tuple[int, ...]]:
    """Name and index of an entry of all means laid end to end."""
    for name in names:
        if column < at[name].size:
            return name, tuple(int(i) for i in np.unravel_index(column, at[name].shape))
        column -= at[name].size
    raise AssertionError("a column of none of the means")
