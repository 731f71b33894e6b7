r"""φ⁴ theory in one dimension on a circle: the quartic oscillator at temperature 1/T, as a network of Fourier features.

    φ(t) = a₀/(m√T) + Σ_{n=1}^K √(2/T/(ω_n² + m²)) (a_n cos ω_n t + b_n sin ω_n t),    ω_n = 2πn/T,   a, b ~ N(0, 1)
    S = (λ/4!) ∫₀ᵀ φ⁴ dt + (δm²/2) ∫₀ᵀ φ² dt,                            density ∝ (free density) · exp(−S)

The free field is exactly Gaussian at any K, with propagator 1/(p² + m²) on K modes. With the counter-term
δm² = (λ/2) (G_free(0) − G_free,K(0)) the modes n > K are integrated out to first order in λ, and the theory is
Tr e^{−TH}, H = p²/2 + m²x²/2 + (λ/4!) x⁴ for K → ∞; without it the truncation itself shifts the mass.

Units: lengths in 1/m. Limits: λ = 0 is free; a circle of period T ≫ 1/(E₁ − E₀) is the infinite line.
Source: Fourier networks of arXiv:2504.05462 deformed as in arXiv:2307.03223; the counter-term is derived in
docs/theory/circle.md.
"""

import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_non_negative
from nnft_ppl.exact import free_circle_two_point, thermal_two_point
from nnft_ppl.fields import FourierSeries, free_scales
from nnft_ppl.observables import circle_two_point
from nnft_ppl.spaces import Circle


def model(period=4.0, mass=1.0, coupling=6.0, modes=40, counterterm=True):
    """A Fourier field with a quartic action."""
    require_non_negative("phi4_circle", "coupling", coupling)  # below zero the action has no minimum
    require_count("phi4_circle", "modes", modes)
    constant_scale, mode_scales = free_scales(period, mass, modes)
    constant = numpyro.sample("constant", dist.Normal(0, 1))
    with numpyro.plate("mode", modes):
        cosine = numpyro.sample("cosine", dist.Normal(0, 1))
        sine = numpyro.sample("sine", dist.Normal(0, 1))
    phi = FourierSeries(period, constant_scale * constant, mode_scales * cosine, mode_scales * sine)
    circle = space(period, modes)
    phi_t = circle.evaluate(phi)
    numpyro.factor("quartic", -coupling / 24 * circle.integrate(phi_t**4))
    if counterterm:
        shift = coupling / 2 * float(missing_modes(0.0, period, mass, modes))
        numpyro.factor("counterterm", -shift / 2 * circle.integrate(phi_t**2))
    return phi


def space(period, modes):
    """The circle, with a grid on which φ⁴ is integrated exactly."""
    return Circle(period, modes=modes)


def separations(period):
    """Where the two-point function is measured: 0, T/8, T/4, T/2."""
    return np.array([0, 1 / 8, 1 / 4, 1 / 2]) * period


def observables(period):
    """The two-point function, averaged over the circle."""
    return {"two_point": circle_two_point(separations(period)).in_units("1/mass", separation="1/mass")}


def exact(period, mass, coupling, modes):
    """The two-point function of the oscillator on these modes."""
    return {"two_point": exact_two_point(separations(period), period, mass, coupling, modes)}


def curves(period, mass, coupling, modes):
    """The same between the points."""
    t = np.linspace(0, period / 2, 101)
    return {"two_point": (t, exact_two_point(t, period, mass, coupling, modes))}


def exact_two_point(t, period, mass, coupling, modes):
    """Tr(e^{−(T−t)H} q e^{−tH} q)/Tr e^{−TH} minus what the missing modes would add to the free propagator."""
    return thermal_two_point(t, period, coupling, mass) - missing_modes(t, period, mass, modes)


def missing_modes(t, period, mass, modes):
    """G_free(t) − G_free,K(t), the modes above K of the free propagator."""
    return free_circle_two_point(t, period, mass) - free_circle_two_point(t, period, mass, modes=modes)
