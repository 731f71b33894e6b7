"""Modes of a field on a torus: which there are, the scales of the free field, sums over them on a grid."""

import math
from collections.abc import Sequence
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from nnft_ppl.arguments import require_count, require_positive


def half_modes(modes: int, dim: int) -> Int[np.ndarray, "mode dim"]:
    """Integer vectors n ≠ 0 with |n_j| ≤ K, one of each pair ±n: those whose first entry other than zero is positive.

    They come in the order of the alphabet; in one dimension n = 1, ..., K. There are ((2K+1)^dim − 1)/2.

    Args:
        modes: Highest mode K along each axis.
        dim: Number of axes.

    Returns:
        The vectors, shape (mode, dim).

    Raises:
        TypeError: If an argument is not an integer.
        ValueError: If `modes` is negative, or `dim` below 1.

    Source: derived here.
    """
    modes = require_count("half_modes", "modes", modes, least=0)
    dim = require_count("half_modes", "dim", dim)
    return _half_modes(modes, dim)


@lru_cache(maxsize=16)
def _half_modes(modes: int, dim: int) -> np.ndarray:
    cube = np.indices((2 * modes + 1,) * dim).reshape(dim, -1).T - modes
    half = cube[len(cube) // 2 + 1 :]
    half.flags.writeable = False
    return half


def highest_mode(number: int, dim: int) -> int | None:
    """The K of which there are so many `half_modes`; None if there is none."""
    side = round((2 * number + 1) ** (1 / dim))
    return (side - 1) // 2 if side**dim == 2 * number + 1 else None


def free_scales(
    period: float | Sequence[float], mass: float | Float[Array, ""], modes: int
) -> tuple[float | Float[ArrayLike, ""], Float[ArrayLike, " modes"]]:
    """Standard deviations of the Fourier coefficients of the free field on a circle or a torus.

    On a circle, with T = period, independent normal coefficients of deviation 1/(m√T) for the constant and
    √(2/T / (ω_n² + m²)) for cosine_n and sine_n alike give
    ⟨φ(s) φ(s+t)⟩ = (1/T) Σ_{n=−K}^{K} exp(iω_n t) / (ω_n² + m²), the free propagator 1/(p² + m²) cut at
    K modes, for the action ∫ [½ φ'² + ½ m² φ²]. On a torus the volume takes the place of T, and the momenta of
    `half_modes`, p_j = 2πn_j/side_j, that of ω_n.

    Args:
        period: Length of the circle T, a positive Python number; or the torus' length along each axis.
        mass: m, positive, in inverse units of length; a number, or a scalar JAX array, which is followed
            in its dtype and may be traced (its sign is then not checked).
        modes: Number of modes K, along each axis.

    Returns:
        The deviation of the constant, a scalar, and that of the modes, shape (modes,): n = 1..K on a circle,
        `half_modes` on a torus. Numpy for a number `mass`, JAX arrays for an array.

    Raises:
        TypeError: If `modes` is not an integer, or `period` or `mass` not a number.
        ValueError: If `modes` is negative, or `period` or `mass` not positive.

    Source: derived here.
    """
    sides = tuple(period) if isinstance(period, Sequence | np.ndarray) else (period,)
    sides = tuple(require_positive("free_scales", "period", side) for side in sides)
    modes = require_count("free_scales", "modes", modes, least=0)
    volume = math.prod(sides)
    momentum = 2 * np.pi / np.array(sides) * half_modes(modes, len(sides))
    if isinstance(mass, jax.Array):
        squared = jnp.sum(momentum.astype(jnp.result_type(float, mass)) ** 2, axis=1)
        return 1 / (mass * math.sqrt(volume)), jnp.sqrt((2 / volume) / (squared + mass**2))
    mass = require_positive("free_scales", "mass", mass)
    return 1 / (mass * math.sqrt(volume)), np.sqrt((2 / volume) / (np.sum(momentum**2, axis=1) + mass**2))


def mode_sum(
    modes: int,
    constant: Float[Array, ""],
    cosine: Float[Array, " mode"],
    sine: Float[Array, " mode"],
    turns: Sequence[Float[Array, " points"] | Float[np.ndarray, " points"]],
) -> Float[Array, "..."]:
    """Values constant + Σ_n cosine_n cos(2π n·t) + sine_n sin(2π n·t) over `half_modes` on a tensor grid.

    φ = Re Σ_n D_n Π_j e^{2πi n_j t_j} with D = cosine − i sine on the half cube 0 ≤ n_1 ≤ K, |n_j| ≤ K, one axis after
    the other: about n^dim (2K+1) products. Fast Fourier transforms took between 0.85 and 2.7 times as long, with
    gradients ((dim, K) = (2, 8), (2, 40), (3, 3), (3, 8) on 4K + 4 points), and longer to compile.

    Args:
        modes: Highest mode K along each axis.
        constant: The constant term, a scalar.
        cosine: Coefficients of the cosines, shape (mode,).
        sine: Coefficients of the sines, shape (mode,).
        turns: t_j = x_j/side_j along each axis, shapes (n_1,), ..., (n_dim,).

    Returns:
        Values on the grid, shape (n_1, ..., n_dim).
    """
    dim, whole = len(turns), np.arange(-modes, modes + 1)[:, None]
    lower = jnp.zeros(((2 * modes + 1) ** (dim - 1) - 1) // 2, cosine.dtype)  # −n of those with n_1 = 0
    flat = jax.lax.complex(
        jnp.concatenate([lower, constant[None], cosine]), -jnp.concatenate([lower, 0 * constant[None], sine])
    )
    sums = flat.reshape(modes + 1, *[2 * modes + 1] * (dim - 1))
    highest = jax.lax.Precision.HIGHEST
    for axis in range(dim - 1, 0, -1):
        wave_cosine, wave_sine = waves(turns[axis][:, None], whole, cosine.dtype)
        table = jax.lax.complex(jnp.asarray(wave_cosine), jnp.asarray(wave_sine))
        # The summed axes are behind, in order: the next to go is always in the middle.
        sums = jnp.moveaxis(jnp.tensordot(sums, table, axes=(axis, 1), precision=highest), -1, axis)
    wave_cosine, wave_sine = waves(turns[0][:, None], whole[modes:], cosine.dtype)
    return jnp.tensordot(wave_cosine, sums.real, 1, precision=highest) - jnp.tensordot(
        wave_sine, sums.imag, 1, precision=highest
    )


def waves(
    turns: Float[Array, "*shape dim"] | Float[np.ndarray, "*shape dim"],
    harmonics: Int[np.ndarray, "mode dim"],
    dtype: np.dtype,
) -> tuple[Float[ArrayLike, "*shape mode"], Float[ArrayLike, "*shape mode"]]:
    """Cosines and sines of 2π n·t, shape (*shape, mode), made with numpy where t are numbers and not traced."""
    if isinstance(turns, jax.Array):
        angle, whole = turns * (2 * math.pi), harmonics.T.astype(turns.dtype)
        angle = angle * whole[0] if len(whole) == 1 else jnp.matmul(angle, whole, precision=jax.lax.Precision.HIGHEST)
        return jnp.cos(angle), jnp.sin(angle)
    # Whole turns are dropped before the cosine, where they would cost digits.
    rest = np.remainder(np.asarray(turns, np.float64) @ harmonics.T, 1.0)
    return np.cos(2 * np.pi * rest).astype(dtype), np.sin(2 * np.pi * rest).astype(dtype)
