r"""Plane waves on a tensor grid: few cosines, and products of matrices for the rest.

A wave factorises over the axes, cos(b·x + c) = Re e^{ic} Π_j e^{i b_j x_j}, so that a grid of n^d points needs
d·N·n cosines and sines, not N·n^d. Where an axis is symmetric about its middle, as the nodes of Gauss–Legendre and of
uniform rules are, cosine and sine are even and odd about it: half of the points suffice, and half of the products.

With one letter per axis, c for its cosine and s for its sine, a product of k sines enters the field as

    φ = Σ_i Σ_letters [A_i (−1)^{k/2}  (k even)  or  B_i (−1)^{(k−1)/2}  (k odd)] · Π_j (cos or sin)(b_ij x_j)

for φ = Σ_i A_i cos(b_i·x) + B_i sin(b_i·x). The axes are split in two halves; the sum over neurons is then a product of
matrices for an even and one for an odd number of sines in the first half.

Source: derived here (addition theorems).
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.fields.sine_cosine import sine_cosine

CHUNK_NUMBERS = 2**23
"""Largest number of matrix entries held at a time (64 MB in double precision): beyond it, neurons come in chunks."""


def wave_sum(
    momentum: Float[Array, "neuron dim"],
    cosine: Float[Array, "neuron *component"],
    sine: Float[Array, "neuron *component"],
    axes: Sequence[Float[ArrayLike, " points"]],
) -> Float[Array, "..."]:
    """Σ_i cosine_i cos(b_i·x) + sine_i sin(b_i·x) on the tensor grid of these axes.

    Memory grows as neuron · n^⌈dim/2⌉ up to a limit; beyond it neurons are summed in chunks, of which the gradient
    computes the matrices anew.

    Args:
        momentum: b_i, in the dtype of the result.
        cosine: Amplitude of each cosine, with components behind.
        sine: Amplitude of each sine, of the same shape.
        axes: One array of coordinates per dimension, shapes (n_1,), ..., (n_dim,).

    Returns:
        Values of shape (n_1, ..., n_dim, *components).
    """
    components = cosine.shape[1:]
    if components:  # along one axis; without them there is none, which is faster than one of length 1
        cosine, sine = (part.reshape(len(part), -1) for part in (cosine, sine))
    halves = [_Half.of(axis, momentum.dtype) for axis in axes]
    # Waves about the grid's middle: e^{ib·(x − m)} takes the phase e^{ib·m}.
    middle = np.array([half.middle for half in halves])
    if np.any(middle):
        shift = jnp.matmul(momentum, jnp.asarray(middle, momentum.dtype), precision=jax.lax.Precision.HIGHEST)
        turn_cosine, turn_sine = jnp.cos(shift), jnp.sin(shift)
        if components:
            turn_cosine, turn_sine = turn_cosine[:, None], turn_sine[:, None]
        cosine, sine = cosine * turn_cosine + sine * turn_sine, sine * turn_cosine - cosine * turn_sine

    def sum_folded(parameters: tuple[Array, Array, Array]) -> Array:
        return _folded_sum(*parameters, tuple(half.points for half in halves))

    split = (len(axes) + 1) // 2
    neurons = len(cosine)
    if len(axes) > 2:
        entries, right = (int(np.prod([half.columns for half in part])) for part in (halves[:split], halves[split:]))
    else:
        entries, right = halves[0].columns, sum(half.columns for half in halves[1:])
    entries += right * int(np.prod(components))
    chunks = -(-neurons * entries // CHUNK_NUMBERS)
    if chunks == 1:
        values = sum_folded((momentum, cosine, sine))
    else:
        size = -(-neurons // chunks)
        padding = size * chunks - neurons  # waves of amplitude zero
        parts = [jnp.pad(part, [(0, padding)] + [(0, 0)] * (part.ndim - 1)) for part in (momentum, cosine, sine)]
        parts = [part.reshape(chunks, size, *part.shape[1:]) for part in parts]
        step = jax.checkpoint(lambda total, part: (total + sum_folded(part), None))
        zero = jnp.zeros([*cosine.shape[1:], *(half.columns for half in halves)], momentum.dtype)
        values, _ = jax.lax.scan(step, zero, tuple(parts))
    for axis, half in enumerate(halves, start=cosine.ndim - 1):
        values = half.unfold(values, axis)
    return jnp.moveaxis(values, 0, -1).reshape(*values.shape[1:], *components) if components else values


class _Half:
    """One axis: the upper half of its points where it is symmetric about its middle, else all of them."""

    def __init__(self, points: Float[np.ndarray, " points"] | Array, middle: float, number: int) -> None:
        self.points, self.middle, self.number = points, middle, number
        self.symmetric = number > 0

    @classmethod
    def of(cls, axis: Float[ArrayLike, " points"], dtype: np.dtype) -> "_Half":
        if isinstance(axis, Tracer):
            return cls(jnp.asarray(axis, dtype), 0.0, 0)  # unknown until it runs: taken as it is
        exact = np.asarray(axis, np.float64)
        middle = float(exact[0] + exact[-1]) / 2
        apart = np.abs(exact + exact[::-1] - 2 * middle)
        if len(exact) < 2 or np.max(apart) > 4 * np.finfo(np.asarray(axis).dtype).eps * np.max(np.abs(exact)):
            return cls(exact.astype(dtype), 0.0, 0)
        return cls((exact[len(exact) // 2 :] - middle).astype(dtype), middle, len(exact))

    @property
    def columns(self) -> int:
        """Number of cosines and sines per neuron."""
        return 2 * len(self.points)

    def unfold(self, values: Array, axis: int) -> Array:
        """Even and odd part, side by side along an axis, to values at all points along it."""
        even, odd = jnp.split(values, 2, axis)
        if not self.symmetric:
            return even + odd
        lower = jnp.flip(even - odd, axis)
        if self.number % 2:  # the middle is its own mirror image
            lower = jax.lax.slice_in_dim(lower, 0, len(self.points) - 1, axis=axis)
        return jnp.concatenate([lower, even + odd], axis)


@jax.jit  # traced once for all the places where a program takes a field on one grid
def _folded_sum(momentum: Array, cosine: Array, sine: Array, points: tuple[Array, ...]) -> Array:
    """The sum over neurons; along each axis its even part and then its odd part, shape (component, columns_1, ...)."""
    waves = [sine_cosine(momentum[:, axis, None] * along) for axis, along in enumerate(points)]
    split = (len(points) + 1) // 2
    left, right = _products(waves[:split]), _products(waves[split:])
    amplitudes = (cosine, sine, -cosine, -sine)  # of a product with this number of sines, modulo four
    blocks: dict[tuple[int, ...], Array] = {}
    for odd in (0, 1):
        columns = [_times(amplitudes[(sum(letters) + odd) % 4], matrix) for letters, matrix in right.items()]
        # Two sines more in the first half change the sign only.
        rows = {
            letters: matrix if sum(letters) < 2 else -matrix
            for letters, matrix in left.items()
            if sum(letters) % 2 == odd
        }
        product = jnp.matmul(
            jnp.concatenate(list(rows.values()), axis=1).T,
            jnp.concatenate(columns, axis=1),
            precision=jax.lax.Precision.HIGHEST,
        )
        blocks |= dict(zip(rows, jnp.split(product, len(rows), axis=0), strict=True))
    # (letters left, points left, letters right, points right) -> one axis (letter, point) per dimension.
    counts = [len(along) for along in points]
    values = jnp.stack([blocks[letters] for letters in left])
    values = values.reshape(
        *[2] * split, *counts[:split], *[2] * (len(points) - split), *cosine.shape[1:], *counts[split:]
    )
    if cosine.ndim > 1:
        values = jnp.moveaxis(values, split + len(points), 0)
    order = [
        axis
        for start, stop in ((0, split), (split, len(points)))
        for j in range(start, stop)
        for axis in (start + j, stop + j)
    ]
    if cosine.ndim > 1:
        order = [0, *(axis + 1 for axis in order)]
    return values.transpose(order).reshape([*cosine.shape[1:], *(2 * count for count in counts)])


def _times(amplitude: Array, matrix: Array) -> Array:
    """Amplitudes, (neuron,) or (neuron, component), times a matrix (neuron, point): (neuron, component and point)."""
    if amplitude.ndim == 1:
        return amplitude[:, None] * matrix
    return (amplitude[:, :, None] * matrix[:, None, :]).reshape(len(amplitude), -1)


def _products(waves: Sequence[tuple[Array, Array]]) -> dict[tuple[int, ...], Array]:
    """For every choice of cosine (0) or sine (1) per axis, the product over these axes, shape (neuron, points).

    Sine and cosine along each axis come in that order.
    """
    products: dict[tuple[int, ...], Array] = {(): jnp.ones((1, 1), jnp.float32)}
    for number, (sine, cosine) in enumerate(waves):
        products = {
            (*letters, letter): wave if number == 0 else (matrix[:, :, None] * wave[:, None, :]).reshape(len(wave), -1)
            for letters, matrix in products.items()
            for letter, wave in enumerate((cosine, sine))
        }
    return products
