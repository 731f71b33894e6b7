r"""Reflection positivity of a two-point function that is known: eigenvalues without noise.

    M_ij = K(t_i + t_j),    S_ij = K(|t_i − t_j|)

A Gaussian theory is reflection positive if M ≥ 0 for all times t > 0, that is if K(t) = ∫ dρ(E) e^{−E|t|} with ρ ≥ 0.

Source: A. Klein, J. Funct. Anal. 27 (1978) 277; Bernstein's theorem on completely monotone functions.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_finite

RANK = 1e-12
"""Directions of S below this share of the largest are rounding."""


class KernelPositivity(NamedTuple):
    """The smallest eigenvalues of a kernel's matrix at some times."""

    smallest: float
    """The smallest eigenvalue of M, in units of K."""
    vector: Float[np.ndarray, " time"]
    """Its eigenvector, of unit length."""
    rho: float
    """The smallest v·M v/v·S v, between −1 and 1: a test on n draws of a Gaussian theory sees |ρ| √n errors."""
    witness: Float[np.ndarray, " time"]
    """The v of it, with v·S v = 1."""


def kernel_positivity(kernel: Callable[[np.ndarray], np.ndarray], times: Sequence[float]) -> KernelPositivity:
    """How positive a two-point function is under the reflection of time, at some times.

    Args:
        kernel: K(t) of an array of times t ≥ 0 (of both signs where it is none of |t|), in any units.
        times: Times t_i ≥ 0 behind the mirror: on a lattice 0, 1, 2, … for a mirror through a site, and
            ½, 3/2, … for one through a link.

    Raises:
        ValueError: If times are negative or twice, or K is no finite number there.

    Example:
        >>> import numpy as np
        >>> f"{kernel_positivity(lambda t: np.exp(-(t**2) / 2), [0.25, 0.75, 1.5, 2.5]).smallest:.5f}"
        '-0.09889'
    """
    at = require_finite("kernel_positivity", "times", times)
    if at.ndim != 1 or not at.size or np.any(at < 0) or len(np.unique(at)) < len(at):
        raise ValueError(f"kernel_positivity: times = {at}; give different times, none below 0")
    matrix = require_finite("kernel_positivity", "the kernel", kernel(at[:, None] + at))
    second = require_finite("kernel_positivity", "the kernel", kernel(np.abs(at[:, None] - at)))
    values, vectors = np.linalg.eigh(matrix)
    unit = 1 / np.sqrt(np.diag(second))
    variances, directions = np.linalg.eigh(second * np.outer(unit, unit))
    kept = variances > RANK * variances[-1]
    basis = unit[:, None] * directions[:, kept] / np.sqrt(variances[kept])
    ratios, witnesses = np.linalg.eigh(basis.T @ matrix @ basis)
    return KernelPositivity(float(values[0]), vectors[:, 0], float(ratios[0]), basis @ witnesses[:, 0])
