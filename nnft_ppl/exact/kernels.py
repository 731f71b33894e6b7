"""Stationary kernels of Gaussian processes in time, and what reflection positivity says of them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_choice, require_finite, require_positive
from nnft_ppl.exact.propagator import ball_propagator

SMEARING = 0.5
"""Half the distance of the two times that `smeared` adds."""
CUTOFF = 5.0
"""Largest momentum of `ball`."""

_KERNELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exponential": lambda t: np.exp(-t),
    "gaussian": lambda t: np.exp(-(t**2) / 2),
    "matern32": lambda t: (1 + t) * np.exp(-t),
    "matern52": lambda t: (1 + t + t**2 / 3) * np.exp(-t),
    "smeared": lambda t: np.mean(np.exp(-np.abs(np.add.outer([-2 * SMEARING, 0, 0, 2 * SMEARING], t))), axis=0),
    "ball": lambda t: ball_propagator(t, 1, 1.0, CUTOFF),
    "pauli_villars": lambda t: np.exp(-t) / 2 - np.exp(-2 * t) / 4,
}
KERNELS = tuple(_KERNELS)
"""Names of the kernels; only `exponential` is reflection positive."""


def time_kernel(name: str, time: Float[ArrayLike, "*point"], length: float = 1.0) -> Float[np.ndarray, "*point"]:
    r"""Kernel K(t) of a stationary process, in units of the time `length`.

    In those units, t > 0, K(t) = e^-t for `exponential`; `gaussian` e^(-t^2/2); `matern32` (1 + t) e^-t; `matern52`
    (1 + t + t^2/3) e^-t; `smeared` (2 e^-t + e^-|t-1| + e^-(t+1))/4, of (x_(t-1/2) + x_(t+1/2))/2; `ball`
    int_{|p|<5} dp/(2 pi) e^(ipt)/(p^2 + 1); `pauli_villars` e^-t/2 - e^(-2t)/4.

    Args:
        name: One of `KERNELS`.
        time: t, any shape.
        length: Unit of time, positive.

    Returns:
        K, of the shape of the times.

    Raises:
        ValueError: If there is no such kernel, or an argument lies outside its range.

    Source: standard covariances; the free propagator with a cut-off, and Pauli-Villars' difference of two.
    """
    require_choice("time_kernel", "name", name, KERNELS)
    units = np.abs(require_finite("time_kernel", "time", time)) / require_positive("time_kernel", "length", length)
    return np.asarray(_KERNELS[name](units))


class Lowest(NamedTuple):
    """The lowest eigenvalue of a matrix M without noise, and the combination v that has it, `M v = value v`.

    Source: derived here.
    """

    value: float
    """v M v; below zero where reflection positivity is violated."""
    vector: Float[np.ndarray, "functional"]
    """v, of norm 1, its largest entry positive."""


def lowest(matrix: Float[ArrayLike, "functional functional"]) -> Lowest:
    """The lowest eigenvalue of an exact matrix `M_ij = E[(Theta F_i) F_j]`; of a noisy one it is biased low.

    Args:
        matrix: M, symmetric, shape (functional, functional).

    Returns:
        The eigenvalue and its vector.

    Source: A symmetric matrix is positive if it has no eigenvalue below zero.
    """
    values, vectors = np.linalg.eigh(np.asarray(matrix, float))
    vector = vectors[:, 0]
    return Lowest(float(values[0]), vector * np.sign(vector[np.argmax(np.abs(vector))]))
