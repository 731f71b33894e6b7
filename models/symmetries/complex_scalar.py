r"""A complex scalar on the line of plane waves: its phase symmetry, broken where its two parts differ.

    Φ(x) = √(Z/N) Σ_{i=1}^N (α_i + iβ_i) cos(k_i x + γ_i),    α ~ N(0, s_α²),   β ~ N(0, s_β²),   Z = 1/(2m)
    k ~ m/(π(k² + m²)),    γ uniform,    S = 0

⟨Φ(x) Φ*(0)⟩ = ½(s_α² + s_β²) G(x) and ⟨Φ(x) Φ(0)⟩ = ½(s_α² − s_β²) G(x), G(x) = e^{−m|x|}/(2m), at every width N.
Symmetries: `phase`, Φ → e^{iε}Φ, carried out by δα = −β, δβ = α. Its Jacobian is 0, its breaking function is all score,
B = Σ_i α_i β_i (1/s_α² − 1/s_β²), and E[B ΦΦ] = i(s_β² − s_α²) G = −2i E[ΦΦ]. `conjugation`, Φ → Φ*, is exact.

`separation` is 0 and 1/m; `two_point` is ⟨ΦΦ*⟩, `phase_two_point` ⟨ΦΦ⟩, `breaking` E[B ΦΦ]. `variances` are s_α², s_β².
Control: equal variances of the same sum, for which ⟨ΦΦ⟩ = E[B ΦΦ] = 0. Units: mass; Φ has that of mass^{-1/2}.
Source: arXiv:2605.12488 (score, Jacobian, breaking function); derived in docs/theory/symmetries.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.identities import NeuronField
from nnft_ppl.observables import Observable, at, product
from nnft_ppl.symmetries import DiscreteSymmetry, Symmetry


def model(width=16, mass=1.0, variances=(1.0, 0.5)):
    """Plane waves with complex amplitudes, whose parts are independent; no action."""
    require_count("complex_scalar", "width", width)
    require_positive("complex_scalar", "mass", mass)
    if np.shape(variances) != (2,) or not min(variances) > 0:
        raise ValueError(f"complex_scalar: variances = {variances}; give two positive numbers, of Re Φ and of Im Φ")
    with numpyro.plate("neuron", width):
        real = numpyro.sample("real", dist.Normal(0, math.sqrt(variances[0])))
        imaginary = numpyro.sample("imaginary", dist.Normal(0, math.sqrt(variances[1])))
        momentum = numpyro.sample("momentum", dist.Cauchy(0, mass))
        shift = numpyro.sample("shift", dist.Uniform(-math.pi, math.pi))
    amplitude = (real + 1j * imaginary) / math.sqrt(2 * mass * width)
    return lambda x: jnp.sum(amplitude * jnp.cos(momentum * x[0] + shift))


def observables(mass, variances):
    """Products of two fields without and with conjugation, and with the breaking function of the phase."""
    origin, place = at([0.0]), at([[0.0], [1 / mass]])
    label = {"dims": ("separation",), "coords": {"separation": (0.0, 1 / mass)}}
    pair = product(place, origin, **label)
    coefficient = 1 / variances[0] - 1 / variances[1]

    def breaking(phi, values):
        return coefficient * jnp.sum(values["real"] * values["imaginary"]) * pair(phi)

    found = {
        "two_point": product(place, origin.conjugate, **label),
        "phase_two_point": pair,
        "breaking": Observable(breaking, **label),
    }
    return {name: one.in_units("1/mass", separation="1/mass") for name, one in found.items()}


def exact(mass, variances):
    """The free propagator times sums and differences of the variances."""
    (real, imaginary), propagator = variances, np.exp([0.0, -1.0]) / (2 * mass)
    return {
        "two_point": (real + imaginary) / 2 * propagator + 0j,
        "phase_two_point": (real - imaginary) / 2 * propagator + 0j,
        "breaking": 1j * (imaginary - real) * propagator,
    }


def symmetries(mass):
    """Turning the phase, and complex conjugation."""
    pair = product(at([1 / mass]), at([0.0]))
    return {
        "phase": Symmetry(
            lambda phi, x: 1j * phi(x),
            NeuronField("phase", lambda one: {"real": -one["imaginary"], "imaginary": one["real"]}),
            points=[[0.0], [1 / mass]],
            functionals={
                "φφ": pair,
                "φφ*": product(at([1 / mass]), at([0.0]).conjugate),
                "cos(φφ)": Observable(lambda phi: jnp.cos(4 * mass * pair(phi).real)),
            },
        ),
        "conjugation": DiscreteSymmetry(
            lambda values: {"imaginary": -values["imaginary"]}, lambda phi, x: phi(x).conj()
        ),
    }


def control(variances):
    """Two parts of equal variance, for which the phase is a symmetry."""
    real, imaginary = variances
    return {"variances": ((real + imaginary) / 2,) * 2 if real != imaginary else (1.5 * real, 0.5 * real)}
