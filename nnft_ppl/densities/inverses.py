r"""From parameters back to reference coordinates: z with T(z) = θ, for transports that only know the way there.

Transports are monotone in every entry by itself, or push vectors along their own direction, or are affine. Which of the
three a transport is, is found by trying; the first two are solved by bisection, the third by its matrix.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

FARTHEST = 10.0
"""Coordinates are sought up to here: a normal draw is farther out with probability 1e-23."""
STEPS = 60
"""Bisections."""
LARGEST_MATRIX = 512

Push = Callable[[Array], Array]


def inverse_of(push: Push, shape: tuple[int, ...]) -> Callable[[Push, Array], Array] | None:
    """The way back that works for a transport, as a function (transport, value) -> coordinates; None if none does.

    Args:
        push: The transport T.
        shape: Shape of its coordinates.

    Source: derived here (bisection of monotone functions; an affine map by its Jacobian).
    """
    z = jax.random.normal(jax.random.key(5), shape)
    if push(z).shape != z.shape:
        return None
    methods = [_entrywise, *([_radial] if shape else []), *([_affine] if z.size <= LARGEST_MATRIX else [])]
    return next((method for method in methods if _leads_back(method, push, z)), None)


def _leads_back(method: Callable[[Push, Array], Array], push: Push, z: Array) -> bool:
    """Whether a method finds z and −z again."""
    missed = jax.jit(jax.vmap(lambda start: method(push, push(start)) - start))(jnp.stack([z, -z]))
    # NaN is not below the bound either.
    return bool(jnp.max(jnp.abs(missed), initial=0.0) < 1e4 * float(jnp.finfo(z.dtype).eps))


def _entrywise(push: Push, value: Array) -> Array:
    """Every entry is a monotone function of its own coordinate."""
    ends = jnp.full_like(value, FARTHEST)
    rising = push(ends) > push(-ends)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        below = (push(middle) < value) == rising
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = jax.lax.fori_loop(0, STEPS, halve, (-ends, ends))
    return 0.5 * (low + high)


def _radial(push: Push, value: Array) -> Array:
    """Every vector along the last axis keeps its direction; its length is a monotone function."""
    length = jnp.linalg.norm(value, axis=-1, keepdims=True)
    direction = value / jnp.where(length > 0, length, 1.0)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        below = jnp.linalg.norm(push(middle * direction), axis=-1, keepdims=True) < length
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    start = jnp.zeros_like(length)
    low, high = jax.lax.fori_loop(0, STEPS, halve, (start, start + FARTHEST))
    return 0.5 * (low + high) * direction


def _affine(push: Push, value: Array) -> Array:
    """All entries together are a matrix times the coordinates plus a constant."""
    origin = push(jnp.zeros_like(value))
    size = int(np.prod(value.shape))
    matrix = jax.jacfwd(push)(jnp.zeros_like(value)).reshape(size, size)
    return jnp.linalg.solve(matrix, jnp.ravel(value - origin)).reshape(value.shape)
