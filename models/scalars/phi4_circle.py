r"""φ⁴ theory in one dimension on a circle: the quartic oscillator at temperature 1/T, as a network of Fourier features.

    φ(t) = a₀/(m√T) + Σ_{n=1}^K √(2/T/(ω_n² + m²)) (a_n cos ω_n t + b_n sin ω_n t),    ω_n = 2πn/T,   a, b ~ N(0, 1)
    S = (λ/4!) ∫₀ᵀ φ⁴ dt + (δm²/2) ∫₀ᵀ φ² dt,                            density ∝ (free density) · exp(−S)

The free field is exactly Gaussian at any K, with propagator 1/(p² + m²) on K modes. With the counter-term
δm² = (λ/2) (G_free(0) − G_free,K(0)) the modes n > K are integrated out to first order in λ, and the theory is
Tr e^{−TH}, H = p²/2 + m²x²/2 + (λ/4!) x⁴ for K → ∞; `counterterm=False` is the control: the truncation itself shifts
the mass.

`spectrum=True` measures more, at a few seconds of compilation: the levels E₁ − E₀ and E₃ − E₀ by the generalised
eigenvalue problem of φ and φ³ between T/16 and T/8, and `kurtosis` = κ₄/κ₂² of φ(t). On a short circle the second level
is mixed with what goes round between excited states: 4.88 where E₃ − E₀ = 4.94 at the defaults, for K → ∞.

Units: lengths in 1/m. Limits: λ = 0 is free; a circle of period T ≫ 1/(E₁ − E₀) is the infinite line.
Source: Fourier networks of arXiv:2504.05462 deformed as in arXiv:2307.03223; the counter-term is derived in
docs/theory/circle.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro

from nnft_ppl.arguments import require_count, require_non_negative
from nnft_ppl.exact import thermal_correlator, thermal_two_point
from nnft_ppl.families import circle_separations, fourier_network, missing_modes
from nnft_ppl.observables import Derived, box_average, circle_two_point, correlator_matrix, levels
from nnft_ppl.spaces import Circle


def model(period=4.0, mass=1.0, coupling=6.0, modes=40, counterterm=True, spectrum=False):
    """A Fourier field with a quartic action."""
    del spectrum  # of what is measured
    require_non_negative("phi4_circle", "coupling", coupling)  # below zero the action has no minimum
    require_count("phi4_circle", "modes", modes)
    phi = fourier_network(period, mass, modes)
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


def observables(period, modes, spectrum):
    """The two-point function, averaged over the circle; of odd operators a matrix, and the fourth moment."""
    measured = {"two_point": circle_two_point(circle_separations(period)).in_units("1/mass", separation="1/mass")}
    if spectrum:
        fine = Circle(period, points=6 * modes + 8)  # resolves the square of φ³
        odd = correlator_matrix(fine, [lambda phi: phi, lambda phi: phi**3], times(period))
        measured |= {
            "odd": odd.in_units("mass^-(p+q)/2", time="1/mass"),
            "phi_fourth": box_average(space(period, modes), 4).in_units("mass^-2"),
            "levels": energies(period).in_units("mass"),
            "kurtosis": Derived(lambda mean: mean["phi_fourth"] / mean["two_point"][0] ** 2 - 3).in_units("1"),
        }
    return measured


def times(period):
    """Between which levels are taken: T/16 and T/8."""
    return np.array([1 / 16, 1 / 8]) * period


def energies(period):
    """The generalised eigenvalue problem of φ and φ³ on the circle."""
    return levels("odd", times(period), period=period)


def exact(period, mass, coupling, modes, spectrum):
    """The two-point function of the oscillator on these modes; levels and cumulants, which the others hardly change."""
    answers = {"two_point": exact_two_point(circle_separations(period), period, mass, coupling, modes)}
    if spectrum:
        missing = missing_modes(0.0, period, mass, modes)
        square, fourth = (thermal_correlator(0.0, period, coupling, mass, (1, p)) for p in (1, 3))
        # The missing modes are nearly Gaussian: they have no fourth cumulant.
        cumulant, square = fourth - 3 * square**2, square - missing
        answers |= {
            "phi_fourth": cumulant + 3 * square**2,
            "kurtosis": cumulant / square**2,
            "levels": np.asarray(energies(period)({"odd": jnp.asarray(exact_odd(period, mass, coupling, modes))})),
        }
    return answers


def control():
    """No counter-term: the truncation to K modes shifts the mass."""
    return {"counterterm": False}


def exact_odd(period, mass, coupling, modes):
    """C_ij(t) of φ and of φ³ + 3 G_>(0) φ, of which φ³ is the average over missing modes; it spans what φ³ does."""
    t = times(period)

    def of(p, q):
        return thermal_correlator(t, period, coupling, mass, (p, q))

    # A missing mode goes from one operator to the other: p q φ^{p−1} φ^{q−1} G_>(t).
    missing = missing_modes(t, period, mass, modes)
    parts = [[of(p, q) - p * q * missing * of(p - 1, q - 1) for q in (1, 3)] for p in (1, 3)]
    return np.moveaxis(np.array(parts), 2, 0)


def curves(period, mass, coupling, modes):
    """The same between the points."""
    t = np.linspace(0, period / 2, 101)
    return {"two_point": (t, exact_two_point(t, period, mass, coupling, modes))}


def exact_two_point(t, period, mass, coupling, modes):
    """Tr(e^{−(T−t)H} q e^{−tH} q)/Tr e^{−TH} minus what the missing modes would add to the free propagator."""
    return thermal_two_point(t, period, coupling, mass) - missing_modes(t, period, mass, modes)
