"""Discrete laws that NumPyro lacks: integers with Gaussian weights, and any finite table of values."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, Num
from numpyro.distributions import Distribution, constraints
from numpyro.distributions.util import promote_shapes, validate_sample

from nnft_ppl.arguments import require_count, require_sign

LEAST_WEIGHT = 1e-35
"""Integers of `IntegerNormal` with smaller weights, beside that of the heaviest, are left out unless asked for."""


class IntegerNormal(Distribution):
    """Integers n with weights exp(−a (n − c)²/2), |n| ≤ `largest`.

    Windings of a path, link variables of the Villain form, momenta on a circle. Without units.

    Args:
        precision: a > 0, of any shape.
        location: c, any number; broadcasts against a.
        largest: The largest |n|; without it as many that those left out weigh less than 10⁻³⁵ of the heaviest.
        validate_args: As of every NumPyro distribution.

    Raises:
        TypeError: If `largest` is no whole number.
        ValueError: If it is below 1, or is needed because a or c is known only inside a compiled function; if a known a
            is not positive.

    Example:
        >>> round(float(IntegerNormal(2 * jnp.pi).log_prob(0)), 4)  # −ln ϑ₃(0, e^{−π})
        -0.0829

    Source: standard (the discrete Gaussian); its sum is Jacobi's theta function.
    """

    pytree_data_fields = ("precision", "location")
    pytree_aux_fields = ("largest",)

    def __init__(
        self,
        precision: ArrayLike,
        location: ArrayLike = 0.0,
        largest: int | None = None,
        *,
        validate_args: bool | None = None,
    ) -> None:
        require_sign("IntegerNormal", "precision", precision)
        most = _range(precision, location) if largest is None else largest
        self.largest = require_count("IntegerNormal", "largest", most)
        aligned: Any = promote_shapes(precision, location)
        self.precision, self.location = aligned
        shape = jax.lax.broadcast_shapes(jnp.shape(precision), jnp.shape(location))
        super().__init__(shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The integers from −largest to largest."""
        return constraints.integer_interval(-self.largest, self.largest)

    @property
    def log_weights(self) -> Array:
        """−a (n − c)²/2 for n from −largest to largest, shape (*batch, 2 largest + 1)."""
        numbers = jnp.arange(-self.largest, self.largest + 1)
        away = numbers - jnp.asarray(self.location)[..., None]
        return -0.5 * jnp.asarray(self.precision)[..., None] * away**2

    def sample(self, key: Key[Array, ""] | None, sample_shape: tuple[int, ...] = ()) -> Int[Array, "*shape"]:
        """Independent draws of shape `sample_shape + batch_shape`.

        Args:
            key: A random key.
            sample_shape: Shape of the draws, in front of that of the batch.

        Raises:
            ValueError: Without a key.
        """
        return _places(key, self.log_weights, sample_shape + self.batch_shape) - self.largest

    @validate_sample
    def log_prob(self, value: ArrayLike, intermediates: list[Any] | None = None) -> Float[Array, "*shape"]:
        """Ln p(n); −∞ beyond `largest`.

        Args:
            value: n, of any shape that broadcasts against the batch.
            intermediates: Not used.
        """
        value = jnp.asarray(value)
        weight = -0.5 * self.precision * (value - self.location) ** 2
        inside = jnp.abs(value) <= self.largest
        return jnp.where(inside, weight, -jnp.inf) - jax.nn.logsumexp(self.log_weights, axis=-1)


class ValueTable(Distribution):
    """A finite table of values with weights: charges, signs, radii of a few kinds.

    Args:
        values: Different numbers, in rising order, shape (value,).
        log_weights: Logarithms of their weights, not normalised, shape (*batch, value).
        validate_args: As of every NumPyro distribution.

    Raises:
        ValueError: If values are not different numbers in rising order, or not as many as weights.

    Example:
        >>> signs = ValueTable([-1, 1], [0.0, 0.0])
        >>> round(float(signs.log_prob(-1)), 4)  # −ln 2
        -0.6931

    Source: elementary.
    """

    pytree_data_fields = ("log_weights",)
    pytree_aux_fields = ("_listed",)

    def __init__(self, values: ArrayLike, log_weights: ArrayLike, *, validate_args: bool | None = None) -> None:
        listed = np.asarray(values)
        if listed.ndim != 1 or not len(listed) or not np.all(np.diff(listed) > 0):
            raise ValueError(f"ValueTable: values must be different numbers in rising order, not {values!r}")
        self._listed = tuple(listed.tolist())
        self.log_weights = jnp.asarray(log_weights, jnp.zeros(()).dtype)
        if self.log_weights.ndim < 1 or self.log_weights.shape[-1] != len(listed):
            raise ValueError(
                f"ValueTable: log_weights have shape {self.log_weights.shape}; the last axis must be that of the "
                f"{len(listed)} values"
            )
        super().__init__(self.log_weights.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The values."""
        return _Listed(self._listed)

    @property
    def values(self) -> Array:
        """The values, shape (value,)."""
        return jnp.asarray(self._listed)

    def sample(self, key: Key[Array, ""] | None, sample_shape: tuple[int, ...] = ()) -> Num[Array, "*shape"]:
        """Independent draws of shape `sample_shape + batch_shape`.

        Args:
            key: A random key.
            sample_shape: Shape of the draws, in front of that of the batch.

        Raises:
            ValueError: Without a key.
        """
        return self.values[_places(key, self.log_weights, sample_shape + self.batch_shape)]

    @validate_sample
    def log_prob(self, value: ArrayLike, intermediates: list[Any] | None = None) -> Float[Array, "*shape"]:
        """Ln p; −∞ of what is not in the table.

        Args:
            value: Of any shape that broadcasts against the batch.
            intermediates: Not used.
        """
        found = jnp.asarray(value)[..., None] == self.values
        logs = jnp.where(found, jax.nn.log_softmax(self.log_weights, axis=-1), -jnp.inf)
        return jnp.max(logs, axis=-1)


class _Listed(constraints.Constraint):
    """Values of a table."""

    is_discrete = True
    event_dim = 0

    def __init__(self, values: tuple[float, ...]) -> None:
        self.values = values

    def __call__(self, x: ArrayLike) -> Array:
        return jnp.any(jnp.asarray(x)[..., None] == jnp.asarray(self.values), axis=-1)

    def feasible_like(self, prototype: ArrayLike) -> Array:
        return jnp.full(jnp.shape(prototype), self.values[0])

    def tree_flatten(self) -> tuple:
        return (), ((), {"values": self.values})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Listed) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)


def _places(key: Array | None, log_weights: Array, shape: tuple[int, ...]) -> Array:
    """Places in a table, drawn by its weights."""
    if key is None:
        raise ValueError("sample: key = None; give jax.random.key(seed), or use handlers.seed")
    return jax.random.categorical(key, log_weights, shape=shape)


def _range(precision: ArrayLike, location: ArrayLike) -> int:
    """The largest |n| that weighs anything."""
    if isinstance(precision, Tracer) or isinstance(location, Tracer):
        raise ValueError("IntegerNormal: give largest=..., the largest |n|: precision is not known")  # noqa: TRY004
    widest = math.sqrt(-2 * math.log(LEAST_WEIGHT) / float(np.min(precision)))
    return math.ceil(float(np.max(np.abs(location))) + widest)
