r"""Discrete laws as transports of a standard normal: every level k has a cell of z, as wide as its probability.

    T(z) = min { k : Φ(z) ≤ P(X ≤ k) },        cell of k:  P(X < k) < Φ(z) ≤ P(X ≤ k)

A level is an integer: of a law on the integers its value, of a table of values the place in it. T is a step function:
nothing can be differentiated by z, but free draws are exact, and whatever moves z in N(0, I) moves the level rightly.
Both tails are carried as the small number itself, as in `nnft_ppl.densities.transports`.

Source: derived here (quantiles of laws with steps); tails of the Poisson and binomial laws by incomplete gamma and beta
functions (Abramowitz and Stegun 26.4.21, 26.5.24).
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.scipy.special import betainc, gammainc, gammaincc, ndtri
from jaxtyping import Array, Bool, Int
from numpyro import distributions as dist

from nnft_ppl.densities.integer_laws import IntegerNormal, ValueTable
from nnft_ppl.densities.standard_laws import lower

MOST_LEVELS = 2**24
"""Levels above the lowest are sought up to here; single precision counts no further."""

INCOMPLETE = 1e5
"""Rounding units to which incomplete gamma and beta functions are good."""

type Levels = Int[Array, "*shape"]


@dataclass(frozen=True, eq=False)
class DiscreteLaw:
    """A discrete law by its tails P(X ≤ k), P(X > k). Arrays broadcast against the shape of the site."""

    tails: Callable[[Levels], tuple[Array, Array]]
    """k -> P(X ≤ k) and P(X > k), each to full relative precision where it is small."""
    low: Array | np.ndarray
    """The lowest level."""
    high: Array | np.ndarray
    """The highest."""
    widths: Callable[[Levels], Array] | None = None
    """k -> P(X = k), where that is known better than from its tails."""
    rounding: float = 1e3
    """Rounding units, of the smaller tail, that a cell must be wide to be known."""
    values: Array | None = None
    """What the model sees at each level, in rising order; None where that is the level itself."""

    def level(self, z: Array) -> Levels:
        """T(z), by bisection.

        Args:
            z: Standard normal coordinates, of the shape of the site.
        """
        z = jax.lax.stop_gradient(jnp.asarray(z))
        small = lower(-jnp.abs(z))

        def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
            low, high = bounds
            middle = low + (high - low) // 2
            below, above = self.tails(middle)
            reached = jnp.where(z < 0, small <= below, above <= small)
            return jnp.where(reached, low, middle + 1), jnp.where(reached, middle, high)

        whole = jnp.zeros(z.shape, int)
        return jax.lax.fori_loop(0, self._halvings, halve, (whole + self.low, whole + self.high))[0]

    def transport(self, z: Array) -> Array:
        """The value at standard normal coordinates.

        Args:
            z: Of the shape of the site.
        """
        return self.value(self.level(z))

    def value(self, level: Levels) -> Array:
        """What the model sees; beyond the ends of a table, its last.

        Args:
            level: Integers of the shape of the site.
        """
        if self.values is None:
            return level
        return self.values[jnp.clip(level, 0, len(self.values) - 1)]

    def level_of(self, value: Array) -> Levels:
        """The level of a value, or the nearest there is.

        Args:
            value: Of the shape of the site.
        """
        if self.values is None:
            return jnp.clip(self.whole(value), self.low, self.high)
        return jnp.argmin(jnp.abs(value[..., None] - self.values), axis=-1)

    @staticmethod
    def whole(numbers: Array) -> Levels:
        """Levels that are kept in floating point, as integers.

        Args:
            numbers: Of the shape of the site.
        """
        return jnp.round(numbers).astype(int)

    def log_prob(self, level: Levels) -> Array:
        """The logarithm of the width of a cell, P(X ≤ k) − P(X < k), from the tail that is small.

        Args:
            level: Integers of the shape of the site.
        """
        (below_last, above_last), (below, above) = self.tails(level - 1), self.tails(level)
        return jnp.log(jnp.where(below < above_last, below - below_last, above_last - above))

    def inside(self, level: Levels) -> Bool[Array, "*shape"]:
        """Whether there are such levels.

        Args:
            level: Integers of the shape of the site.
        """
        return (level >= self.low) & (level <= self.high)

    def in_cell(self, level: Levels, share: Array | float) -> Array:
        """The coordinate z below which a share of the cell of a level lies.

        Args:
            level: Integers of the shape of the site.
            share: From 0 to 1: ½ for the middle of the cell, uniform draws for N(0, 1) given the level.
        """
        (below_last, above_last), (below, above) = self.tails(level - 1), self.tails(level)
        # Sums of positive terms, so that the smaller of the two is known to all its digits.
        left = (1 - share) * below_last + share * below
        right = (1 - share) * above_last + share * above
        near = ndtri(jnp.minimum(left, right))
        return jnp.where(left < right, near, -near)

    def unresolved(self, level: Levels) -> Bool[Array, "*shape"]:
        """Whether there is a level for which rounding leaves no room between its neighbours; never beyond the ends.

        Args:
            level: Integers of the shape of the site, with further axes in front if need be.
        """
        (below_last, above_last), (below, above) = self.tails(level - 1), self.tails(level)
        # The difference of the tails that are small there is the one that is known.
        width = jnp.maximum(jnp.where(below < above_last, below - below_last, above_last - above), 0)
        width = self.widths(level) if self.widths else width
        least = self.rounding * jnp.finfo(width.dtype).eps * jnp.minimum(below, above_last)
        return self.inside(level) & (width < least) & (width > 0)

    @property
    def fixed(self) -> bool:
        """Whether no other parameter moves the lowest or the highest level; of a law of a model that is traced."""
        return not any(isinstance(end, Tracer) for end in (self.low, self.high))

    @property
    def _halvings(self) -> int:
        widest = self.high - self.low
        most = MOST_LEVELS if isinstance(widest, Tracer) else int(np.max(widest))
        return most.bit_length()


def discrete_law(fn: dist.Distribution) -> DiscreteLaw | None:
    """The tails of a discrete law that is known here; None of any other, and of a continuous one.

    A subclass that redefines `sample` or `log_prob` does not inherit its parent's.

    Args:
        fn: A NumPyro distribution, as found at a site (expanded and independent ones included).
    """
    while isinstance(fn, dist.ExpandedDistribution | dist.Independent):
        fn = fn.base_dist
    law: Any = next((parent for parent in type(fn).__mro__ if parent in _rule.registry), object)
    if law is object or type(fn).sample is not law.sample or type(fn).log_prob is not law.log_prob:
        return None
    return _rule(fn)


@functools.singledispatch
def _rule(fn: dist.Distribution) -> DiscreteLaw | None:
    return None


def _fixed(parameter: Any) -> Array:
    """A parameter of a law as a number that z does not change."""
    return jax.lax.stop_gradient(jnp.asarray(parameter, jnp.zeros(()).dtype))


def _law(tails: Callable, low: Any, high: Any) -> DiscreteLaw:
    """A law on the integers from low to high."""

    def cut(level: Levels) -> tuple[Array, Array]:
        below, above = tails(jnp.clip(level, low, high))
        before, last = level < low, level >= high
        return (
            jnp.where(before, 0.0, jnp.where(last, 1.0, below)),
            jnp.where(before, 1.0, jnp.where(last, 0.0, above)),
        )

    # NumPy's where they are known: inside a compiled function every array of JAX's would be unknown.
    first, last = (jnp.asarray(edge, int) if isinstance(edge, Tracer) else np.asarray(edge) for edge in (low, high))
    return DiscreteLaw(cut, first, last)


def _table(log_weights: Array, low: int = 0, values: Array | None = None) -> DiscreteLaw:
    """A law by the logarithms of its weights along the last axis, of the levels from `low` on."""
    weights = jax.nn.softmax(jax.lax.stop_gradient(log_weights), axis=-1)
    below = jnp.cumsum(weights, axis=-1)
    # Summed from the far end: one minus the other would lose the small tail.
    beyond = jnp.cumsum(weights[..., :0:-1], axis=-1)[..., ::-1]
    above = jnp.concatenate([beyond, jnp.zeros_like(weights[..., :1])], axis=-1)

    def tails(level: Levels) -> tuple[Array, Array]:
        shape = jnp.broadcast_shapes(level.shape, below.shape[:-1])
        place = jnp.broadcast_to(level - low, shape)[..., None]

        def at(column: Array) -> Array:
            return jnp.take_along_axis(jnp.broadcast_to(column, (*shape, column.shape[-1])), place, axis=-1)[..., 0]

        return at(below), at(above)

    def widths(level: Levels) -> Array:
        shape = jnp.broadcast_shapes(level.shape, weights.shape[:-1])
        place = jnp.broadcast_to(level - low, shape)[..., None]
        return jnp.take_along_axis(jnp.broadcast_to(weights, (*shape, weights.shape[-1])), place, axis=-1)[..., 0]

    law = _law(tails, low, low + weights.shape[-1] - 1)
    return replace(law, values=values, widths=widths)


@_rule.register
def _(fn: dist.Poisson) -> DiscreteLaw:
    rate = _fixed(fn.rate)
    law = _law(lambda k: (gammaincc(k + 1.0, rate), gammainc(k + 1.0, rate)), 0, MOST_LEVELS)
    return replace(law, rounding=INCOMPLETE)


@_rule.register(dist.GeometricProbs)
@_rule.register(dist.GeometricLogits)
def _(fn: dist.GeometricProbs) -> DiscreteLaw:
    log_miss = jnp.log1p(-_fixed(fn.probs))
    return _law(lambda k: (-jnp.expm1((k + 1) * log_miss), jnp.exp((k + 1) * log_miss)), 0, MOST_LEVELS)


@_rule.register(dist.BinomialProbs)
@_rule.register(dist.BinomialLogits)
def _(fn: dist.BinomialProbs) -> DiscreteLaw:
    share, number = _fixed(fn.probs), _fixed(fn.total_count)

    def tails(k: Levels) -> tuple[Array, Array]:
        left = jnp.maximum(number - k, 1.0)  # what is cut off anyway
        return betainc(left, k + 1.0, 1 - share), betainc(k + 1.0, left, share)

    return replace(_law(tails, 0, fn.total_count), rounding=INCOMPLETE)


@_rule.register
def _(fn: dist.DiscreteUniform) -> DiscreteLaw:
    low, high = _fixed(fn.low), _fixed(fn.high)
    number = high - low + 1
    return _law(lambda k: ((k - low + 1) / number, (high - k) / number), fn.low, fn.high)


@_rule.register(dist.BernoulliProbs)
@_rule.register(dist.BernoulliLogits)
def _(fn: dist.BernoulliLogits) -> DiscreteLaw:
    logits = jnp.asarray(fn.logits)
    return _table(jnp.stack([jax.nn.log_sigmoid(-logits), jax.nn.log_sigmoid(logits)], axis=-1))


@_rule.register(dist.CategoricalProbs)
@_rule.register(dist.CategoricalLogits)
def _(fn: dist.CategoricalLogits) -> DiscreteLaw:
    return _table(jnp.asarray(fn.logits))


@_rule.register
def _(fn: IntegerNormal) -> DiscreteLaw:
    return _table(fn.log_weights, -fn.largest)


@_rule.register
def _(fn: ValueTable) -> DiscreteLaw:
    return _table(fn.log_weights, 0, fn.values)
