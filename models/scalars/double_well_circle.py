r"""φ⁴ theory with two wells on a circle: the double-well oscillator at temperature 1/T, of Fourier features.

    φ(t) = T^{1/2} a₀ + Σ_{n=1}^K √(2/T/(ω_n² + 1/T²)) (a_n cos ω_n t + b_n sin ω_n t),    ω_n = 2πn/T,   a, b ~ N(0, 1)
    S = ∫₀ᵀ [(λ/4!) φ⁴ + (μ² − 1/T² + δm²)/2 φ² + h φ],                    density ∝ (free density) · exp(−S)

μ² = `mass_squared` has any sign; below zero there are wells at φ = ±√(−6μ²/λ). The free field has the mass 1/T, which
the action takes off again, so that its constant mode reaches both wells. δm² = (λ/2) (G_free(0) − G_free,K(0))
integrates out the modes above K: Tr e^{−TH}, H = p²/2 + μ²x²/2 + (λ/4!) x⁴ + h x, h = `tilt`. A chain does not cross
between the wells by itself: one that stays in the well where it starts has |sign| = 1, and is the control.

Where the circle is long enough to see the two lowest levels apart, (E₁ − E₀) T ≥ 1/2, and there is no tilt, `levels` is
E₁ − E₀, from the sign of the field at two times between 3T/16 and T/2: the sign sees these two levels and hardly any
other, where φ itself goes between excited ones, too. At the defaults the product is 0.04, and nothing is to be seen.

Units: lengths in the inverse of a mass m₀ that sets the scale; λ in m₀³, h in m₀^{3/2}. Limits: μ² > 0, h = 0 is
`phi4_circle`. Source: as `phi4_circle`; derived in docs/theory/circle.md.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import numpyro

from nnft_ppl import Observable
from nnft_ppl.arguments import require_number, require_positive
from nnft_ppl.exact import well_sign, well_sign_pairs, well_spectrum, well_two_point
from nnft_ppl.families import circle_separations, fourier_network, missing_modes
from nnft_ppl.observables import circle_two_point, correlator_matrix, levels
from nnft_ppl.spaces import Circle


def model(period=4.0, mass_squared=-4.0, coupling=6.0, modes=40, tilt=0.0, counterterm=True):
    """A Fourier field with a quartic action and a mass term of any sign."""
    require_positive("double_well_circle", "coupling", coupling)  # at zero the wells have no walls
    require_number("double_well_circle", "mass_squared", mass_squared)
    phi = fourier_network(period, 1 / period, modes)
    circle = space(period, modes)
    phi_t = circle.evaluate(phi)
    missing = float(missing_modes(0.0, period, 1 / period, modes)) if counterterm else 0.0
    mass_term = (mass_squared - 1 / period**2 + coupling / 2 * missing) / 2
    numpyro.factor("wells", -circle.integrate(coupling / 24 * phi_t**4 + mass_term * phi_t**2))
    if tilt:
        numpyro.factor("tilt", -tilt * circle.integrate(phi_t))
    return phi


def space(period, modes):
    """The circle, with a grid on which φ⁴ is integrated exactly."""
    return Circle(period, modes=modes)


def observables(period, mass_squared, coupling, modes, tilt):
    """The two-point function, not connected, the sign of the field, averaged over the circle, and the lowest level."""
    circle = space(period, modes)
    measured = {
        "two_point": circle_two_point(circle_separations(period)).in_units("1/mass", separation="1/mass"),
        "sign": Observable(lambda phi: circle.average(jnp.sign(circle.evaluate(phi)))).in_units("1"),
    }
    if seen_apart(period, mass_squared, coupling, tilt):
        grid = Circle(period, points=16 * (modes // 4 + 1))  # on which the times lie, for a sign has jumps
        pairs = correlator_matrix(grid, [jnp.sign], times(period).tolist())
        measured["signs"] = replace(pairs, hidden=True)
        measured["levels"] = lowest(period).in_units("mass")
    return measured


def seen_apart(period, mass_squared, coupling, tilt):
    """Whether the circle is long enough for the two lowest levels to be told from one."""
    energies = well_spectrum(coupling, mass_squared)[0]
    return not tilt and (energies[1] - energies[0]) * period >= 1 / 2


def times(period):
    """Between the first and the others the level is taken."""
    return np.array([3, 5, 6, 7, 8]) * period / 16


def lowest(period):
    """E₁ − E₀ from the two-point function of the sign."""
    return levels("signs", times(period), range(5), period)


def exact(period, mass_squared, coupling, modes, tilt):
    """The double-well oscillator on these modes, with the counter-term; its level, with what higher ones add."""
    pairs = exact_two_point(circle_separations(period), period, mass_squared, coupling, modes, tilt)
    answers = {"two_point": pairs, "sign": well_sign(period, coupling, mass_squared, tilt)}
    if seen_apart(period, mass_squared, coupling, tilt):
        energies = well_spectrum(coupling, mass_squared)[0]
        signs = well_sign_pairs(times(period), period, coupling, mass_squared)[:, None, None]
        gap, found = energies[1:2] - energies[0], np.asarray(lowest(period)({"signs": jnp.asarray(signs)}))
        answers["levels"] = (gap, np.abs(found - gap))
    return answers


def control(tilt):
    """A chain that stays in the well where it started, the higher one."""
    return {"sign": 1.0 if tilt >= 0 else -1.0}


def exact_two_point(t, period, mass_squared, coupling, modes, tilt):
    """Tr(e^{−(T−t)H} q e^{−tH} q)/Tr e^{−TH} minus what the missing modes would add to the free propagator."""
    return well_two_point(t, period, coupling, mass_squared, tilt) - missing_modes(t, period, 1 / period, modes)
