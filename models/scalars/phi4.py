r"""φ⁴ theory in d = 1..4 dimensions: a plane-wave network with a deformed parameter density.

    φ(x) = √(2 Z_α/N) Σ_{i=1}^N a_i G(b_i)^{−α/2} cos(b_i·x + c_i),    G(p) = 1/(p² + m²),    |b_i| < Λ
    S = (λ/4!) ∫_box φ⁴ + (δm²/2) ∫_box φ²,                            density ∝ (free density) · exp(−S)

with δm² = −(λ/2) G_Λ(0) if `counterterm` (normal ordering at mass m: no tadpole at order λ for N → ∞), else 0. The
action acts inside the box only; outside the field is free. Control: draws at four times the coupling, which the
identities reject; at λ = 0 that of `free_scalar`.

Units: lengths in 1/m. Limits: λ = 0 is `free_scalar`; N → ∞ is local φ⁴ with cut-off Λ. At finite width corrections of
order 1/N enter at order λ, and at α = −1 they are large: at N = 16, d = 1, Λ = 10 the slope dG(0)/dλ is 3.7 times its
limit, and at α = 0 1.3 times. Source: arXiv:2307.03223 (α = −1), arXiv:2604.27050 (α = 0); normalisation and
finite-width slopes in docs/theory/scalar.md.
"""

import numpyro

from nnft_ppl.arguments import require_non_negative
from nnft_ppl.exact import ball_moment
from nnft_ppl.families import (
    scalar_box,
    scalar_control,
    scalar_curves,
    scalar_exact,
    scalar_network,
    scalar_observables,
)


def model(
    width=256,
    dim=2,
    side=8.0,
    mass=1.0,
    cutoff=4.0,
    alpha=0,
    amplitude="gaussian",
    coupling=1.0,
    counterterm=False,
):
    """Plane waves with a quartic action in a box."""
    require_non_negative("phi4", "coupling", coupling)  # below zero the action has no minimum
    phi = scalar_network(width, dim, mass, cutoff, alpha, amplitude)
    box = scalar_box(side, dim, cutoff)
    phi_x = box.evaluate(phi)
    numpyro.factor("quartic", -coupling / 24 * box.integrate(phi_x**4))
    if counterterm:
        shift = -coupling / 2 * ball_moment(dim, mass, cutoff, 1)
        numpyro.factor("counterterm", -shift / 2 * box.integrate(phi_x**2))
    return phi


def space(side, dim, cutoff):
    """The box of the interaction."""
    return scalar_box(side, dim, cutoff)


def observables(side, dim, mass, cutoff):
    """Two-point function and box averages."""
    return scalar_observables(side, dim, mass, cutoff)


def exact(width, dim, side, mass, cutoff, alpha, amplitude, coupling):
    """Known at λ = 0 only."""
    return scalar_exact(width, dim, side, mass, cutoff, alpha, amplitude) if coupling == 0 else {}


def curves(dim, side, mass, cutoff, coupling):
    """Known at λ = 0 only."""
    return scalar_curves(dim, side, mass, cutoff) if coupling == 0 else {}


def control(dim, side, mass, cutoff, coupling):
    """Four times the coupling; without one, the propagator without a cut-off."""
    return {"coupling": 4 * coupling} if coupling else scalar_control(dim, side, mass, cutoff)
