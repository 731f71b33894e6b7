"""Whether a function of means is nearly linear over their errors: it is looked at where they are moved.

Value, slopes and the function where each mean is moved, with what it does there to the others, are one program.
Source: derived in docs/theory/errors.md.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.complex_parts import place_name
from nnft_ppl.statistics.functions_of_means import Function, InParts

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


class Look(NamedTuple):
    """A function at its means and around them."""

    value: Array
    slopes: dict[str, Array]
    """Its derivatives by the means that it depends on."""
    distance: Float[Any, " mean"]
    """Of the entries of those means that have errors, laid end to end, from zero in their errors."""
    moved: Float[Any, " moved"]
    """Which entries were moved, by number, the nearest to zero first; those at infinite distance have no influence."""
    directions: Float[Any, "moved block"]
    """The move of all means by one error of that entry, in columns of their roots."""
    close: Float[Any, "moved way entry"]
    """The function where an entry is moved a little, either way."""
    far: Float[Any, "moved way entry"]
    """Where it is moved far."""
    across: Float[Any, "moved way entry"]
    """The error there, a little moved, due to all that is left unmoved."""


def look_around(
    quantity: Function, at: dict[str, Array], asked: list[str], roots: dict[str, Any], errors: dict[str, ndarray]
) -> Look:
    """A function at its means and with each of them moved; compiled once for each function, for `auto` looks often.

    Args:
        quantity: The function.
        at: Of every observable.
        asked: Those that it depends on.
        roots: Of the covariances of those that have errors.
        errors: Of the means.
    """
    moving = {key: at[key] for key in asked}
    fixed = {key: mean for key, mean in at.items() if key not in moving}
    arguments = moving, fixed, roots, {key: errors[key] for key in roots}
    try:
        hash(quantity)
    except TypeError:  # each time anew, then
        return _look(quantity, *arguments)
    return _compiled_look(quantity, *arguments)


def _look(
    quantity: Function,
    at: dict[str, Array],
    fixed: dict[str, Array],
    roots: dict[str, Any],
    errors: dict[str, Any],
) -> Look:
    """The function and its slopes, and the same with each mean moved a little and far."""

    def twice(means: dict[str, Array]) -> tuple[Array, Array]:
        value = jnp.asarray(quantity(fixed | means))
        return value, value  # the second as it is, beside derivatives of the first

    slopes, value = jax.jacrev(twice, has_aux=True)(at) if at else ({}, twice(at)[0])
    if not roots:
        nothing = jnp.zeros((0, 2, value.size))
        return Look(value, slopes, jnp.zeros(0), jnp.zeros(0, int), jnp.zeros((0, 0)), nothing, nothing, nothing)
    flat = jnp.concatenate([*roots.values()], axis=1)
    mean, error = (jnp.concatenate([jnp.ravel(part[key]) for key in roots]) for part in (at, errors))
    slope = jnp.concatenate([slopes[key].reshape(value.size, -1) for key in roots], axis=1)
    used = (error > 0) & jnp.any(slope != 0, axis=0)
    size = jnp.where(used, error, 1.0)
    distance = jnp.where(used, jnp.abs(mean) / size, jnp.inf)
    most = int(np.clip(MOST_NUMBERS // max(len(flat) * value.size, 1), 1, MOST_MOVED))
    moved = jnp.argsort(distance)[:most]
    directions = jnp.where(used[moved], flat[:, moved] / size[moved], 0.0).T

    def of(shift: Float[Array, " block"]) -> tuple[Array, Array]:
        shifted = {key: at[key] + (shift @ jnp.asarray(root)).reshape(at[key].shape) for key, root in roots.items()}
        return (flat_value := twice(at | shifted)[0].reshape(-1)), flat_value

    def here(direction: Array, way: Array) -> tuple[Array, Array, Array]:
        jacobian, close = jax.jacfwd(of, has_aux=True)(way * MOVED * direction)
        across = jacobian - jnp.outer(jacobian @ direction, direction)
        return close, of(way * FAR * direction)[0], jnp.linalg.norm(across, axis=1)

    ways = jnp.array([-1.0, 1.0])
    around = jax.vmap(lambda one: jax.vmap(partial(here, one))(ways))(directions)
    return Look(value, slopes, distance, moved, directions, *around)


_compiled_look = jax.jit(_look, static_argnums=0)


def doubts_of(
    quantity: Function,
    at: dict[str, Array],
    value: ndarray,
    look: Look,
    roots: dict[str, ndarray],
    rounding: Float[ndarray, " entry"],
) -> dict[tuple[int, ...], str]:
    """Entry -> words, of the entries that are defined and whose linear error is not to be trusted.

    Args:
        quantity: The function.
        at: Of every observable.
        value: The function there.
        look: Of the function.
        roots: Of the covariances of the means that it depends on.
        rounding: How much of each entry is rounding.
    """
    distance = np.asarray(look.distance, float)
    influential = np.isfinite(distance[moved := np.asarray(look.moved)])
    moved = moved[influential]
    if not moved.size or not np.isfinite(value).any():
        return {}
    around = look.directions, look.close, look.far, look.across
    directions, close, far, across = (np.asarray(part, float)[influential] for part in around)
    flat = np.concatenate([*roots.values()], axis=1)
    slope = np.concatenate([np.asarray(look.slopes[key], float).reshape(value.size, -1) for key in roots], axis=1)
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
    names = list(roots)
    near = [column for column in moved if distance[column] < FAR]
    singular = {column: ~np.isfinite(_at_zero(quantity, at, names, column)) for column in near if (faults > 1).any()}
    found = {}
    for entry in np.flatnonzero((faults > 1).any(0)):
        words = "it is far from linear over the errors of its means"
        if (column := next((one for one, where in singular.items() if where[entry]), None)) is not None:
            called = _called(quantity, *_place(names, at, column))
            words = f"its denominator (or logarithm) {called} is {distance[column]:.1f} errors from 0"
        found[tuple(int(i) for i in np.unravel_index(entry, value.shape))] = words
    return found


def root_of(series: ndarray, weights: ndarray, error: ndarray) -> Float[ndarray, "block entry"]:
    """A root D of the covariance of means, DᵀD, with the errors that are known and the correlations of blocks.

    Args:
        series: Of the observable, (chain, draw, *shape), around its mean.
        weights: Of the draws, with mean 1.
        error: Of the mean.
    """
    chains, draws = weights.shape
    per_chain = int(np.clip(BLOCKS // chains, 1, draws))
    edges = np.linspace(0, draws, per_chain, endpoint=False).astype(int)
    weighted = (weights.reshape(*weights.shape, 1) * series.reshape(chains, draws, -1)).astype(np.float64)
    sums = np.add.reduceat(weighted, edges, axis=1).reshape(-1, weighted.shape[-1])
    if len(sums) > BLOCKS:
        sums = np.add.reduceat(sums, np.linspace(0, len(sums), BLOCKS, endpoint=False).astype(int), axis=0)
    norm = np.linalg.norm(sums, axis=0)
    return sums * np.divide(error.reshape(-1), norm, out=np.zeros(norm.shape), where=norm > 0)


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
