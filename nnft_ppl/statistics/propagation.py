r"""Errors of functions of means: the linear propagation, and where it cannot be trusted.

$f(\bar O)$ has the error of the linearised series $f + \sum_a \partial_a f\,(O_a - \bar O_a)$, if $f$ is nearly
linear over the errors of the means. Whether it is, is tried: one mean after the other is moved by two of its errors
either way, the others with it as they are correlated, and $f$ and its error there are compared with the linear law.
Complex means, and a complex $f$, holomorphic or not, are real functions of real and imaginary parts.
Source: derived in docs/theory/errors.md.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.display import ROUNDING
from nnft_ppl.statistics.functions_of_means import Function, InParts, reading
from nnft_ppl.statistics.linearity import doubts_of, look_around, root_of


class Propagated(NamedTuple):
    """A function of means; in parts along the last axis where it is complex, but for its doubts."""

    value: Float[ndarray, "*shape"]
    fluctuation: Float[ndarray, "chain draw *shape"]
    """Of the linearised series, without weights."""
    others: dict[str, Float[ndarray, "chain draw *shape"] | None]
    """The same of other series of the same means, those that were given."""
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
    others: Mapping[str, dict[str, ndarray] | None],
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
        others: Other series of the same means, (chain, draw, *shape), around them, or None.
        paired: Names of complex means; these, their series and errors are in parts along the last axis.

    Raises:
        ValueError: If it asks for an observable that is missing.
    """
    at = {key: jnp.asarray(mean) for key, mean in means.items()}
    as_real = InParts(quantity, frozenset(paired))
    try:
        asked, is_complex = reading(as_real.whole, at)
    except KeyError as error:
        raise ValueError(f"estimate: derived {name!r} asks for {error}; the observables are {sorted(means)}") from error
    if paired or is_complex:
        quantity = as_real
    roots = {key: root_of(centred[key], weights, errors[key]) for key in asked if np.any(errors[key] > 0)}
    look = look_around(quantity, at, asked, roots, errors)
    value = np.asarray(look.value, dtype=np.float64)
    slopes = {
        key: slope.reshape(value.size, -1)
        for key, gradient in look.slopes.items()
        if (slope := np.asarray(gradient, dtype=np.float64)).any()
    }
    length = weights.shape
    fluctuation, size = np.zeros((*length, value.size)), np.zeros(value.size)
    # Infinite slopes belong to undefined values, which are marked as such later.
    with np.errstate(invalid="ignore", over="ignore"):
        for key, slope in slopes.items():
            fluctuation += centred[key].reshape(*length, -1) @ slope.T
            size += np.abs(slope) @ np.abs(means[key]).reshape(-1)
        projected = {
            which: None if series is None else _projected(series, slopes, value.shape)
            for which, series in others.items()
        }
    flat_value = value.reshape(-1)
    size = np.maximum(size, np.where(np.isfinite(flat_value), np.abs(flat_value), 0.0))
    if is_complex:  # one part is the rounding of the other
        size = np.repeat(size.reshape(-1, 2).max(axis=1), 2)
    # What is constant by construction, x/x or x − x, leaves the rounding of what it was made of.
    rounding = max(ROUNDING, 32 * float(jnp.finfo(jnp.zeros(()).dtype).eps)) * size
    constant = np.max(np.abs(fluctuation), axis=(0, 1), initial=0.0) <= rounding
    fluctuation[..., constant] = 0.0
    value = np.where(constant & (np.abs(flat_value) <= rounding), 0.0, flat_value).reshape(value.shape)
    doubts = doubts_of(quantity, at, value, look, roots, rounding)
    if is_complex:
        doubts = {entry[:-1]: words for entry, words in doubts.items()}
    return Propagated(value, fluctuation.reshape(length + value.shape), projected, doubts, is_complex)


def _projected(series: dict[str, ndarray], slopes: dict[str, ndarray], shape: tuple[int, ...]) -> ndarray:
    """The linearised series of other draws."""
    length = next(iter(series.values())).shape[:2]
    found = np.zeros((*length, int(np.prod(shape))))
    for key, slope in slopes.items():
        found += series[key].reshape(*length, -1) @ slope.T
    return found.reshape(*length, *shape)
