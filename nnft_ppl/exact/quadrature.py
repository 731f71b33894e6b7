"""Rules for smooth, possibly oscillating integrands, and how many nodes are enough."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

NODES_PER_PANEL = 32
# 32 Gauss points integrate exp(i*k*t) to rounding error while the phase moves by less than about 40.
PHASE_PER_PANEL = 24.0


def interval_rule(
    lower: float, upper: float, nodes: int
) -> tuple[Float[np.ndarray, "node"], Float[np.ndarray, "node"]]:
    """Gauss-Legendre nodes and weights on one interval.

    Args:
        lower: Left end.
        upper: Right end.
        nodes: Number of nodes.

    Returns:
        Nodes and weights with `sum(weights * f(nodes)) ~ int_lower^upper f`.
    """
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * (upper - lower)
    return lower + half * (points + 1.0), half * weights


def momentum_rule(
    mass: float, cutoff: float, phase_rate: float
) -> tuple[Float[np.ndarray, "node"], Float[np.ndarray, "node"]]:
    """Composite Gauss-Legendre rule for the modulus of a momentum, `int_0^cutoff dp f(p)`.

    With `p = mass * sinh(t)` the poles of `1/(p^2 + mass^2)` sit at `t = +-i pi/2` for every cut-off. Without
    a mass `f` has no poles, and the panels are equal in p.

    Args:
        mass: Scale at which `f` varies, zero or positive.
        cutoff: Upper end, finite and positive (units of the mass).
        phase_rate: Largest frequency of `f`: it may oscillate as `exp(i*phase_rate*p)` (units 1/mass).

    Returns:
        Momenta and weights, including the Jacobian.
    """
    if mass == 0:
        panels = max(1, math.ceil(phase_rate * cutoff / PHASE_PER_PANEL))
        points, weights = interval_rule(0.0, cutoff / panels, NODES_PER_PANEL)
        return (cutoff / panels * np.arange(panels)[:, None] + points).ravel(), np.tile(weights, panels)
    length = math.asinh(cutoff / mass)
    phase = phase_rate * math.hypot(cutoff, mass) * length
    panels = math.ceil(max(length, phase / PHASE_PER_PANEL))
    points, weights = interval_rule(0.0, length / panels, NODES_PER_PANEL)
    variable = (length / panels * np.arange(panels)[:, None] + points).ravel()
    return mass * np.sinh(variable), mass * np.cosh(variable) * np.tile(weights, panels)


def normal_rule(nodes: int) -> tuple[Float[np.ndarray, "node"], Float[np.ndarray, "node"]]:
    """Trapezoidal rule for the average over a unit normal; exponentially convergent for what is analytic.

    Args:
        nodes: Number of nodes, between -6.5 and 6.5: beyond, a Gaussian has exp(-21) left.

    Returns:
        Nodes and weights with `sum(weights * f(nodes)) ~ E[f]`.
    """
    axis = np.linspace(-6.5, 6.5, nodes)
    return axis, (axis[1] - axis[0]) * np.exp(-(axis**2) / 2) / math.sqrt(2 * math.pi)


def settled(
    owner: str,
    rule: Callable[[int], Float[np.ndarray, "..."]],
    sizes: Sequence[int],
    tolerance: float,
    advice: str,
    floor: float = 0.0,
) -> tuple[Float[np.ndarray, "..."], int]:
    """An average by the first of finer and finer rules that agrees with the one before.

    The error of a rule that converges exponentially is much below its distance from a coarser one.

    Args:
        owner: Who asks.
        rule: From a number of nodes to the average.
        sizes: Numbers of nodes to try, ascending.
        tolerance: Largest difference of two rules, in units of the largest entry.
        advice: What to give instead where none agree.
        floor: A difference that does not count, in units of the average.

    Returns:
        The average, and the number of nodes.

    Raises:
        ValueError: If no two rules agree.
    """
    before = rule(sizes[0])
    for size in sizes[1:]:
        found = rule(size)
        if np.max(np.abs(found - before)) <= max(tolerance * np.max(np.abs(found)), floor):
            return found, size
        before = found
    raise ValueError(
        f"{owner}: averages with {sizes[-2]} and with {sizes[-1]} nodes in each direction differ, for the integrand "
        f"is too steep; {advice}"
    )
