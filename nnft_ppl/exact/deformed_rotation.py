"""Moments of a rotation-invariant weight matrix whose Gaussian density is deformed by a quartic term."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_count, require_non_negative, require_positive
from nnft_ppl.exact.quadrature import interval_rule

_RADIAL_NODES = 72
# The window ends where the density has fallen to exp(-60) of its peak.
_LOG_DEPTH = 60.0


class RotationMoments(NamedTuple):
    """Moments of a random matrix `W` (rows x columns) with a bi-orthogonally invariant density.

    Different entries are uncorrelated, `<W_ia W_jb> = delta_ij delta_ab <w^2>`.

    Attributes:
        weight_squared: `<w^2>` of a single entry.
        weight_fourth: `<w^4>` of a single entry.
        trace: `<Tr W^T W>`.
        trace_squared: `<(Tr W^T W)^2>`.
        quartic_trace: `<Tr[(W^T W)^2]>`.

    Source: derived in docs/theory/rotation.md.
    """

    weight_squared: float
    weight_fourth: float
    trace: float
    trace_squared: float
    quartic_trace: float


def radial_moments(rows: int, columns: int, sigma_squared: float, coupling: float) -> RotationMoments:
    """Moments under the density deformed by the square of the trace.

    `P(W) ~ exp(-Tr W^T W / sigma_squared - coupling (Tr W^T W)^2)` depends on `rho^2 = Tr W^T W` alone.
    With `n = rows*columns`, `<rho^k> = I_{n-1+k}/I_{n-1}` where
    `I_j = int_0^inf r^j exp(-r^2/sigma_squared - coupling r^4) dr`. Isotropy in R^n gives
    `<w^4> = 3 <rho^4>/(n(n+2))` and `<Tr[(W^T W)^2]> = (rows+columns+1) <rho^4>/(n+2)`.
    The undeformed variance of an entry is `sigma_squared/2`. Scaling W gives
    `2 <Tr W^T W>/sigma_squared + 4 coupling <(Tr W^T W)^2> = n`.

    Args:
        rows: Number of rows.
        columns: Number of columns.
        sigma_squared: Positive, units of w^2.
        coupling: At least zero, units of w^-4.

    Returns:
        The moments.

    Raises:
        TypeError: If `rows` or `columns` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    _check_density("radial_moments", rows, columns, sigma_squared, coupling)
    _, squared, fourth = _radial_integrals(
        rows * columns - 1, np.asarray([1.0 / sigma_squared]), np.asarray([float(coupling)])
    )
    trace, trace_squared = float(squared[0]), float(fourth[0])
    quartic_trace = (rows + columns + 1) / (rows * columns + 2) * trace_squared
    return _assemble(rows, columns, trace, trace_squared, quartic_trace)


def matrix_moments(rows: int, columns: int, sigma_squared: float, coupling: float) -> RotationMoments:
    """Moments under the density deformed by the trace of the square.

    `P(W) ~ exp(-Tr W^T W / sigma_squared - coupling Tr[(W^T W)^2])`. The singular values have the weight
    `prod_i s_i^|rows-columns| prod_{i<j} |s_i^2 - s_j^2|` times `exp(-sum_i s_i^2/sigma_squared)` times
    `exp(-coupling sum_i s_i^4)`, integrated over `s_1 >= s_2 >= ...` by Gauss-Legendre in `s_1` and the
    ratios `s_{i+1}/s_i`.

    Invariance under rotations of rows and columns leaves two numbers in
    `<W_ia W_jb W_kc W_ld> = sum_{pairings pi, tau} c(pi, tau) delta_pi(rows) delta_tau(columns)`:
    `c = a` for equal pairings and `b` otherwise. With `N = rows*columns`, `S = rows + columns`,
    contraction gives `<(Tr W^T W)^2> = N(N+2) a + 2N(S+1) b` and
    `<Tr[(W^T W)^2]> = N(S+1) a + N(N+S+3) b`, hence
    `<w^4> = 3a + 6b = 3 (<(Tr W^T W)^2> + 2 <Tr[(W^T W)^2]>) / (N (rows+2)(columns+2))`.
    Scaling W gives `2 <Tr W^T W>/sigma_squared + 4 coupling <Tr[(W^T W)^2]> = N`.

    Args:
        rows: Number of rows.
        columns: Number of columns.
        sigma_squared: Positive, units of w^2.
        coupling: At least zero, units of w^-4.

    Returns:
        The moments.

    Raises:
        NotImplementedError: If both `rows` and `columns` exceed 3.
        TypeError: If `rows` or `columns` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    _check_density("matrix_moments", rows, columns, sigma_squared, coupling)
    fewer, difference = min(rows, columns), abs(rows - columns)
    if fewer > 3:
        raise NotImplementedError(
            f"matrix_moments: a {rows} x {columns} matrix has {fewer} singular values, of which 3 can be integrated "
            "over; make rows or columns at most 3, or sample the density instead"
        )
    values, log_weight = _singular_value_directions(fewer, difference)
    quadratic = np.sum(values**2, axis=-1)
    quartic = np.sum(values**4, axis=-1)
    power = rows * columns - 1
    log_norm, squared, fourth = _radial_integrals(power, quadratic / sigma_squared, coupling * quartic)
    log_weight = log_weight + log_norm
    weight = np.exp(log_weight - np.max(log_weight))
    weight /= np.sum(weight)
    trace = float(np.sum(weight * squared * quadratic))
    trace_squared = float(np.sum(weight * fourth * quadratic**2))
    return _assemble(rows, columns, trace, trace_squared, float(np.sum(weight * fourth * quartic)))


def _check_density(owner: str, rows: int, columns: int, sigma_squared: float, coupling: float) -> None:
    require_count(owner, "rows", rows)
    require_count(owner, "columns", columns)
    require_positive(owner, "sigma_squared", sigma_squared)
    require_non_negative(owner, "coupling", coupling)


def _assemble(rows: int, columns: int, trace: float, trace_squared: float, quartic_trace: float) -> RotationMoments:
    entries = rows * columns
    fourth = 3 * (trace_squared + 2 * quartic_trace) / (entries * (rows + 2) * (columns + 2))
    return RotationMoments(trace / entries, fourth, trace, trace_squared, quartic_trace)


def _singular_value_directions(
    count: int, difference: int
) -> tuple[Float[np.ndarray, "direction count"], Float[np.ndarray, "direction"]]:
    """Singular values in units of the largest, and the logarithm of their weight times that of the rule."""
    if count == 1:
        return np.ones((1, 1)), np.zeros(1)
    # Many columns concentrate the ratios in a width of order 1/sqrt(columns) below 1.
    ratios, weights = interval_rule(0.0, 1.0, 48 + round(4 * difference**0.5))
    log_first = np.log(weights) + np.log1p(-(ratios**2)) + difference * np.log(ratios)
    if count == 2:
        return np.stack([np.ones_like(ratios), ratios], axis=-1), log_first
    second, third = (grid.ravel() for grid in np.meshgrid(ratios, ratios, indexing="ij"))
    values = np.stack([np.ones_like(second), second, second * third], axis=-1)
    log_weight = (
        np.add.outer(log_first, log_first).ravel()
        # From the second ratio's factor of s_3, the Vandermonde product and the Jacobian.
        + (difference + 3) * np.log(second)
        + np.log1p(-((second * third) ** 2))
    )
    return values, log_weight


def _radial_integrals(
    power: int, quadratic: Float[np.ndarray, "case"], quartic: Float[np.ndarray, "case"]
) -> tuple[Float[np.ndarray, "case"], Float[np.ndarray, "case"], Float[np.ndarray, "case"]]:
    """`ln I_power`, `I_{power+2}/I_power` and `I_{power+4}/I_power`.

    `I_j = int_0^inf r^j exp(-quadratic r^2 - quartic r^4) dr`. The log-density is concave. Beyond its peak
    `r*` it falls at least as `quartic (r - r*)^4` and as `(quadratic + 6 quartic r*^2)(r - r*)^2`.
    """
    peak_squared = power / (quadratic + np.sqrt(quadratic**2 + 4 * power * quartic))
    peak = np.sqrt(peak_squared)
    reach = np.sqrt(_LOG_DEPTH / (quadratic + 6 * quartic * peak_squared))
    with np.errstate(divide="ignore", over="ignore"):
        reach = np.minimum(reach, (_LOG_DEPTH / quartic) ** 0.25)
    points, weights = interval_rule(0.0, 1.0, _RADIAL_NODES)
    lower = np.maximum(0.0, peak - reach)
    length = peak + reach - lower
    radius = lower[:, None] + length[:, None] * points
    log_density = power * np.log(radius) - quadratic[:, None] * radius**2 - quartic[:, None] * radius**4
    highest = np.max(log_density, axis=-1)
    density = np.exp(log_density - highest[:, None]) * weights
    norm = np.sum(density, axis=-1)
    squared = np.sum(density * radius**2, axis=-1) / norm
    return np.log(norm * length) + highest, squared, np.sum(density * radius**4, axis=-1) / norm
