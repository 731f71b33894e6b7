r"""φ⁴ theory in one dimension on a circle: the quartic oscillator at temperature 1/T, as a network of Fourier features.

    φ(t) = a₀/(m√T) + Σ_{n=1}^K √(2/T/(ω_n² + m²)) (a_n cos ω_n t + b_n sin ω_n t),    ω_n = 2πn/T,   a, b ~ N(0, 1)
    S = (λ/4!) ∫₀ᵀ φ⁴ dt + (δm²/2) ∫₀ᵀ φ² dt,                            density ∝ (free density) · exp(−S)

The free field is exactly Gaussian at any K, with propagator 1/(p² + m²) on K modes. With the counter-term
δm² = (λ/2) (G_free(0) − G_free,K(0)) the modes n > K are integrated out to first order in λ, and the theory is
Tr e^{−TH}, H = p²/2 + m²x²/2 + (λ/4!) x⁴ for K → ∞; `counterterm=False` is the control: the truncation itself shifts
the mass.

On a circle longer than 6/m, or with `spectrum=True`, more is measured: the levels E₁ − E₀ and E₃ − E₀ of H by the
generalised eigenvalue problem of φ and φ³, the missing modes' share added, at times from 0.2 to 0.6 in 1/m (or T/4),
and `kurtosis` = κ₄/κ₂² of φ(t). Their exact answers are those of H, the levels' with what higher states, and on a short
circle what goes round between excited ones, may add: at T = 4 the second one comes out 1 % low; those of fourth order
with what the missing modes have of κ₄, at most 4λ⟨φ²⟩²/(πΛ³) with Λ = 2π(K + ½)/T. That costs a few seconds of
compilation, the first time.

Units: lengths in 1/m. Limits: λ = 0 is free; a circle of period T ≫ 1/(E₁ − E₀) is the infinite line.
Source: Fourier networks of arXiv:2504.05462 deformed as in arXiv:2307.03223; the counter-term is derived in
docs/theory/circle.md.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import numpyro

from nnft_ppl.arguments import require_count, require_non_negative
from nnft_ppl.exact import spectrum as oscillator, thermal_correlator, thermal_two_point
from nnft_ppl.families import circle_separations, completed_odd_matrix, fourier_network, missing_modes
from nnft_ppl.observables import Derived, Observable, box_average, circle_two_point, levels
from nnft_ppl.spaces import Circle

LONG = 6.0  # period in 1/mass, above which levels are those of a long circle


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


def observables(period, mass, modes, spectrum):
    """The two-point function, averaged over the circle; of odd operators a matrix, and the fourth moment."""
    measured = {"two_point": circle_two_point(circle_separations(period)).in_units("1/mass", separation="1/mass")}
    if spectrum or period * mass > LONG:
        circle = space(period, modes)
        odd = completed_odd_matrix(times(period, mass), period, mass, modes)
        measured |= {
            "odd": replace(odd, hidden=True),
            "phi_fourth": box_average(circle, 4).in_units("mass^-2"),
            "levels": energies(period, mass).in_units("mass"),
            "kurtosis": kurtosis(circle, missing_modes(0.0, period, mass, modes)).in_units("1"),
        }
    return measured


def times(period, mass):
    """Between the first and each of the others levels are taken."""
    return np.array([0.2, 0.4, 0.6]) * min(1 / mass, period / 4)


def energies(period, mass):
    """The generalised eigenvalue problem of φ and φ³ on the circle."""
    return levels("odd", times(period, mass), range(3), period)


def kurtosis(circle, missing):
    """κ₄/κ₂² of the field with all its modes: those that are missing are Gaussian, and add to κ₂ alone."""

    def powers(phi):
        squares = circle.evaluate(phi) ** 2
        return jnp.stack([circle.average(squares), circle.average(squares**2)])

    def of_moments(mean):
        square, fourth = mean["moments"]
        return (fourth - 3 * square**2) / (square + missing) ** 2

    return Derived(of_moments, moments=Observable(powers, hidden=True))


def exact(period, mass, coupling, modes, spectrum):
    """The two-point function and the fourth moment of the oscillator on these modes; its levels, and its cumulants."""
    answers = {"two_point": exact_two_point(circle_separations(period), period, mass, coupling, modes)}
    if spectrum or period * mass > LONG:
        square, fourth = (thermal_correlator(0.0, period, coupling, mass, (1, p)) for p in (1, 3))
        cumulant, cut = fourth - 3 * square**2, square - missing_modes(0.0, period, mass, modes)
        t = times(period, mass)
        odd = [[thermal_correlator(t, period, coupling, mass, (p, q)) for q in (1, 3)] for p in (1, 3)]
        odd = np.moveaxis(np.array(odd), 2, 0)
        of_matrix = np.asarray(energies(period, mass)({"odd": jnp.asarray(odd)}))
        missed = 4 * coupling * square**2 / (np.pi * (2 * np.pi * (modes + 0.5) / period) ** 3)
        gaps = oscillator(coupling, mass)[0][[1, 3]] - oscillator(coupling, mass)[0][0]
        answers |= {
            "phi_fourth": (cumulant + 3 * cut**2, missed),
            "kurtosis": (cumulant / square**2, missed / square**2),
            "levels": (gaps, np.abs(of_matrix - gaps)),
        }
    return answers


def control():
    """No counter-term: the truncation to K modes shifts the mass."""
    return {"counterterm": False}


def curves(period, mass, coupling, modes):
    """The same between the points."""
    t = np.linspace(0, period / 2, 101)
    return {"two_point": (t, exact_two_point(t, period, mass, coupling, modes))}


def exact_two_point(t, period, mass, coupling, modes):
    """Tr(e^{−(T−t)H} q e^{−tH} q)/Tr e^{−TH} minus what the missing modes would add to the free propagator."""
    return thermal_two_point(t, period, coupling, mass) - missing_modes(t, period, mass, modes)
