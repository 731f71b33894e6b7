r"""Jumps and kinks of a function along a segment, found by its values: no derivative is believed.

Between two points f(b) − f(a) is the line integral of ∇f. What is missing to that,

    d = f(b) − f(a) − ½ (b − a)·(∇f(a) + ∇f(b)),

is of third order in the length h of a smooth stretch, proportional to h at a kink, and at a jump the jump itself,
however short the stretch. So the half with the larger d is taken, and its larger half again. In the end d is past what
the change of slope allows, |d| > h |f'(b) − f'(a)|, at a jump, or where the gradient is not that of the function
(`stop_gradient`, rounding); at a kink the slopes differ although h is tiny.

Source: derived here.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.theory import Theory

Position = Float[Array, "dimension"]

HIGH = 1e9
"""What counts for an infinite or undefined value: the wall is then a jump."""
HALVINGS = {"float32": 6, "float64": 14}
"""Times that a segment is halved."""
CURVATURE = {"float32": 0.1, "float64": 1e-2}
"""A change of slope at one place is a kink above this share of the steepest slope: then h is still far too long for a
smooth function that varies on the scale of the segment."""
MISSING = {"float32": 1e-2, "float64": 1e-4}
"""The slope that is missing in the gradient, as a share of the steepest slope, above which it is not believed."""
ROUNDING = 1e4
"""Values are exact to so many rounding units."""
SEGMENTS = 256
"""Free draws from which segments are looked at."""
AT_ONCE = 2**16
"""They are in groups of about this many reference coordinates."""
SHORTEST, LONGEST = 0.02, 4.0
"""Lengths of segments, per coordinate, between which they are drawn evenly in the logarithm."""


class Found(NamedTuple):
    """What was found on a segment, scalars."""

    jump: Array
    """Whether the function jumps, or its gradient is not that of it."""
    kink: Array
    """Whether its slope jumps."""


def search(function: Callable[[Position], Array], start: Position, step: Position) -> Found:
    """The most suspicious place of a function on a segment.

    Args:
        function: z -> scalar, differentiable in reverse.
        start: Where the segment begins, shape (dimension,).
        step: From there to its end.
    """
    with_gradient = jax.value_and_grad(function)

    def at(place: Array) -> Array:
        """Place, value and slope there, shape (3,)."""
        value, gradient = with_gradient(start + place * step)
        value = jnp.where(jnp.isfinite(value), jnp.clip(value, -HIGH, HIGH), HIGH)
        return jnp.stack([place, value, jnp.nan_to_num(jnp.dot(gradient, step), nan=0.0, posinf=HIGH, neginf=-HIGH)])

    def halve(number: Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """The two ends in the first two rounds, that the function is compiled once; then the worse half."""
        left, right, largest = carry
        here = at(jnp.where(number == 0, 0.0, jnp.where(number == 1, 1.0, (left[0] + right[0]) / 2)))
        # Decided once: written out twice, with other rounding, the two ends could be moved by different decisions.
        worse_left = jax.lax.optimization_barrier(jnp.abs(_missing(left, here)) >= jnp.abs(_missing(here, right)))
        new_left = jnp.where(number == 0, here, jnp.where((number == 1) | worse_left, left, here))
        new_right = jnp.where((number == 1) | ((number > 1) & worse_left), here, right)
        return new_left, new_right, jnp.maximum(largest, jnp.abs(here))

    name = start.dtype.name
    nothing = jnp.zeros(3, start.dtype)
    left, right, largest = jax.lax.fori_loop(0, 2 + HALVINGS[name], halve, (nothing, nothing, nothing))
    length, bend = right[0] - left[0], jnp.abs(right[2] - left[2])
    _, size, steepest = largest
    noise = ROUNDING * jnp.finfo(start.dtype).eps * (1 + size)
    jump = jnp.abs(_missing(left, right)) > length * (bend + MISSING[name] * steepest) + noise
    return Found(jump, bend > CURVATURE[name] * steepest + noise / length)


def _missing(left: Array, right: Array) -> Array:
    """D between two places."""
    return right[1] - left[1] - 0.5 * (right[0] - left[0]) * (left[2] + right[2])


def random_step(key: Array, mask: Float[Array, "dimension"]) -> Position:
    """A random segment in the masked coordinates, along all of them or a few: what one does alone is lost among many.

    Its length is anything, and so is the share of the coordinates that move; their steps are normal.

    Args:
        key: A random key.
        mask: One where coordinates may move, else zero.
    """
    key_length, key_share, key_which, key_direction = jax.random.split(key, 4)
    length = SHORTEST * (LONGEST / SHORTEST) ** jax.random.uniform(key_length, dtype=mask.dtype)
    share = jnp.maximum(jnp.sum(mask), 1) ** -jax.random.uniform(key_share, dtype=mask.dtype)
    moves = mask * (jax.random.uniform(key_which, mask.shape, mask.dtype) < share)
    return length * moves * jax.random.normal(key_direction, mask.shape, mask.dtype)


def jumps_on_free_draws(theory: Theory, mask: Float[np.ndarray, "dimension"]) -> bool:
    """Whether the action jumps, or has a gradient that is not its own, on a segment from some free draw.

    Args:
        theory: Any theory whose action can be differentiated.
        mask: One on the coordinates that move, else zero.
    """

    def one(key: Array) -> Array:
        key_start, key_step = jax.random.split(key)
        start = theory.free_draw(key_start)
        step = random_step(key_step, jnp.asarray(mask, start.dtype))
        return search(lambda position: theory.at(position).potential, start, step).jump

    group = max(1, min(SEGMENTS, AT_ONCE // max(theory.dimension, 1)))
    keys = jax.random.split(jax.random.key(0), SEGMENTS)
    return bool(jnp.any(jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=group))(keys)))
