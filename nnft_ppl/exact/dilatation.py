r"""What a dilatation meets in a scalar whose momenta fill a ball: its edge, a mass; how a one-loop bubble grows.

With G(r; m, Λ) = ∫_{|p|<Λ} d^dp/(2π)^d e^{ipx}/(p² + m²) and Δ = (d − 2)/2,

    (2Δ + r ∂_r) G = Λ ∂_Λ G + m ∂_m G

by dimensions: the classical scale invariance of the massless scalar is broken by the edge of the ball alone. In d = 4
the bubble B(p; Λ) = ∫ d⁴k/(2π)⁴ 1/(k² (k+p)²), both lines below Λ, grows by Λ ∂_Λ B → 1/(8π²), half of it through the
edge of each line. One loop has Γ₄ = λ − (λ²/2) Σ B over three channels, so that β(λ) = (3/2) λ² Λ ∂_Λ B.

Source: derived in docs/theory/symmetries.md; β = 3λ²/(16π²) is the textbook value.
"""

import math

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_finite, require_non_negative, require_number, require_positive
from nnft_ppl.exact.propagator import require_ball, shell_area, spherical_wave
from nnft_ppl.exact.quadrature import interval_rule, momentum_rule

NODES = 64
"""Points of a rule for an integrand without poles near by."""


def cutoff_derivative(
    separation: Float[np.ndarray, "*point"] | float, dim: int, mass: float, cutoff: float
) -> Float[np.ndarray, "*point"]:
    r"""What the edge of the ball adds to the propagator as it grows.

    $$\Lambda \partial_\Lambda G = \frac{\Omega_d}{(2\pi)^d} \frac{\Lambda^d}{\Lambda^2 + m^2} W_d(\Lambda r),$$

    with $W_d$ the plane wave averaged over directions; $\Lambda J_1(\Lambda r)/(4\pi^2 r)$ in d = 4 without a mass.

    Args:
        separation: Distance r, any shape, in units of length.
        dim: Dimension d of space, 1 to 4.
        mass: m, positive; zero in d = 3 and 4.
        cutoff: Λ, positive and finite.

    Returns:
        One value for each separation, in units of mass^(d−2).

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    require_ball("cutoff_derivative", dim, mass, cutoff, infinite=False, massless=True)
    distance = np.abs(require_finite("cutoff_derivative", "separation", separation))
    return shell_area(dim) * cutoff**dim / (cutoff**2 + mass**2) * spherical_wave(cutoff * distance, dim)


def mass_derivative(
    separation: Float[np.ndarray, "*point"] | float, dim: int, mass: float, cutoff: float
) -> Float[np.ndarray, "*point"]:
    r"""What the mass adds to (2Δ + r ∂_r) G.

    $$m\,\partial_m G = -2m^2 \int_{|p|<\Lambda} \frac{d^dp}{(2\pi)^d} \frac{e^{ipx}}{(p^2+m^2)^2}$$

    Args and Raises as for `cutoff_derivative`.

    Returns:
        One value for each separation; 0 without a mass.

    Source: derived here.
    """
    require_ball("mass_derivative", dim, mass, cutoff, infinite=False, massless=True)
    distance = np.abs(require_finite("mass_derivative", "separation", separation))
    if mass == 0:
        return np.zeros_like(distance)
    momenta, weights = momentum_rule(mass, cutoff, float(np.max(distance, initial=0.0)))
    weights = weights * momenta ** (dim - 1) / (momenta**2 + mass**2) ** 2
    return -2 * mass**2 * shell_area(dim) * (spherical_wave(distance[..., None] * momenta, dim) @ weights)


def bubble_flux(momentum: float, cutoff: float) -> float:
    r"""What one line of the massless bubble in d = 4 carries through the edge of its ball.

    $$\frac{\Lambda^2}{(2\pi)^4} \int d\Omega\, \frac{\theta(|k + p| < \Lambda)}{(k + p)^2}, \qquad |k| = \Lambda.$$

    The other line carries as much, and Λ ∂_Λ B is their sum. It tends to 1/(16π²) as p/Λ → 0.

    Args:
        momentum: |p|, at least zero.
        cutoff: Λ, positive, in the same units.

    Returns:
        The flux, a pure number; 0 from p = 2Λ.

    Raises:
        ValueError: If an argument is out of range.

    Source: derived here.
    """
    require_non_negative("bubble_flux", "momentum", momentum)
    require_positive("bubble_flux", "cutoff", cutoff)
    ratio = momentum / cutoff
    if ratio >= 2:
        return 0.0
    angles, weights = interval_rule(math.acos(-ratio / 2), math.pi, NODES)
    square = 1 + ratio**2 + 2 * ratio * np.cos(angles)
    return 4 * math.pi / (2 * math.pi) ** 4 * float(np.sum(weights * np.sin(angles) ** 2 / square))


def bubble_growth(momentum: float, cutoff: float, factor: float = 2.0, lines: int = 2) -> float:
    r"""$B(p; s\Lambda) - B(p; \Lambda)$ of the massless bubble in d = 4: the flux through its edges, integrated.

    At p/Λ → 0 it is ln s/(8π²) with both lines, half of it with one.

    Args:
        momentum: |p|, at least zero and below Λ.
        cutoff: Λ, positive.
        factor: s, at least 1.
        lines: How many of the two internal lines meet their edge.

    Returns:
        The difference, a pure number.

    Raises:
        ValueError: If an argument is out of range.

    Source: derived here.
    """
    require_number("bubble_growth", "factor", factor, least=1)
    logarithms, weights = interval_rule(0.0, math.log(factor), NODES)
    fluxes = [bubble_flux(momentum, cutoff * math.exp(one)) for one in logarithms]
    return lines * float(np.dot(weights, fluxes))


def beta_coefficient(growth: float, factor: float = 2.0) -> float:
    """β(λ)/λ² of φ⁴ in d = 4 from its bubble, (3/2) [B(sΛ) − B(Λ)]/ln s: three channels, each with a half.

    Args:
        growth: B(sΛ) − B(Λ), both lines.
        factor: s.

    Returns:
        3/(16π²) = 0.0189977 for p/Λ → 0.

    Source: one-loop vertex Γ₄ = λ − (λ²/2)[B(s) + B(t) + B(u)].
    """
    return 1.5 * growth / math.log(factor)
