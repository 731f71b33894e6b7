r"""Free scalar field in d = 1..4 dimensions from a network of plane waves.

    φ(x) = √(2 Z_α/N) Σ_{i=1}^N a_i G(b_i)^{−α/2} cos(b_i·x + c_i),    G(p) = 1/(p² + m²),    |b_i| < Λ
    S = 0

The two-point function is the propagator with a sharp cut-off, ∫_{|p|<Λ} d^dp/(2π)^d e^{ipx}/(p² + m²), at every width;
the field is Gaussian only for N → ∞, and its fourth cumulant depends on `alpha` and `amplitude`
(`nnft_ppl.families.scalar`): at α = 0 it is of order 1/N at any cut-off, at α = −1 it grows with Λ.

Control: the Yukawa propagator, without a cut-off.

Units: lengths in 1/m. Limits: N → ∞ is the Gaussian field; Λ → ∞ the Yukawa propagator, whose value at r = 0 diverges
in d ≥ 2. Source: arXiv:2604.27050 (α = 0), arXiv:2307.03223 (α = −1).
"""

from nnft_ppl.families import (
    scalar_box,
    scalar_control,
    scalar_curves,
    scalar_exact,
    scalar_network,
    scalar_observables,
)


def model(width=256, dim=2, side=8.0, mass=1.0, cutoff=4.0, alpha=0, amplitude="gaussian"):
    """Plane waves without an action."""
    return scalar_network(width, dim, mass, cutoff, alpha, amplitude)


def space(side, dim, cutoff):
    """The box in which the observables are averaged."""
    return scalar_box(side, dim, cutoff)


def observables(side, dim, mass, cutoff):
    """Two-point function and box averages."""
    return scalar_observables(side, dim, mass, cutoff)


def exact(width, dim, side, mass, cutoff, alpha, amplitude):
    """The cut-off propagator, and the fourth moment at this width."""
    return scalar_exact(width, dim, side, mass, cutoff, alpha, amplitude)


def curves(dim, side, mass, cutoff):
    """The cut-off propagator between the points."""
    return scalar_curves(dim, side, mass, cutoff)


def control(dim, side, mass, cutoff):
    """The propagator without a cut-off."""
    return scalar_control(dim, side, mass, cutoff)
