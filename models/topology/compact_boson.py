r"""A boson with values on a circle of radius R, on a torus τ = it: windings around both sides, and oscillators.

    X(σ) = X₀ + 2πR (m σ₁ + w σ₂) + oscillators,    0 ≤ σ < 1 along sides of lengths t and 1,    (1/4πα′) ∫ (∂X)²
    P(m, w) ∝ exp(−πx (m²/t + w² t)),    x = R²/α′ = `radius_squared`,   t = `modulus`

Lengths of X are in units of √α′. X₀ is uniform on the circle; oscillators are a Fourier network with the propagator
2πα′/p² and `modes` wave numbers along each side, and the windings are independent of them. Averages over m and w are
sums over sectors: `energy` E = π⟨m²/t + w² t⟩, and, from the share of the sector without winding,

    `partition` Z = (x/t)^{1/2} |η(it)|^{−2} Σ_{m,w} exp(−πx (m²/t + w² t)) = (x/t)^{1/2} |η(it)|^{−2}/P(0, 0)

with the determinant of all oscillators. T-duality: Z(x) = Z(1/x), and x E(x) + E(1/x)/x = 1, so that E(1) = ½ at every
t; Z(1) = 2 and Z(2) = 1 + √2 at t = 1. Control: `zero_mode=False` leaves out the volume √x of X₀, and the two sides of
the duality are apart by x. Limits: t -> 1/t exchanges m and w. Source: standard; discrete latents as in
arXiv:2604.02313; docs/theory/topology.md.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Derived, Observable
from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.exact import boson_energy, boson_partition, dedekind_eta
from nnft_ppl.fields import FourierSeries, half_modes
from nnft_ppl.spaces import Box


class Wound(eqx.Module):
    """The field X = slopes·σ + oscillators; X, and not exp(iX/R), jumps where a winding closes."""

    slopes: jax.Array
    oscillators: FourierSeries

    def __call__(self, x):
        """X at one point."""
        return self.slopes @ x + self.oscillators(x)


def model(radius_squared=2.0, modulus=1.0, modes=4, zero_mode=True):
    """Windings and oscillators, without further action."""
    require_positive("compact_boson", "radius_squared", radius_squared)
    sides = np.array([require_positive("compact_boson", "modulus", modulus), 1.0])
    require_count("compact_boson", "modes", modes)
    with numpyro.plate("side", 2):
        turns = numpyro.sample("winding", IntegerNormal(2 * np.pi * radius_squared * sides[::-1] / sides))
    radius, place = radius_squared**0.5, numpyro.sample("place", dist.Uniform(0, 1))
    numbers = half_modes(modes, 2)
    scales = np.sqrt(4 * np.pi / modulus / np.sum((2 * np.pi * numbers / sides) ** 2, axis=1))
    with numpyro.plate("mode", len(numbers)):
        cosine = numpyro.sample("cosine", dist.Normal(0, 1))
        sine = numpyro.sample("sine", dist.Normal(0, 1))
    waves = FourierSeries((1.0, 1.0), 2 * math.pi * radius * place, scales * cosine, scales * sine)
    return Wound(2 * math.pi * radius * turns, waves)


def space():
    """The torus in units of its sides, cut open."""
    return Box(1.0, 2, centre=0.5)


def observables(radius_squared, modulus, zero_mode):
    """The action of the windings per x, and the partition sum by the sector without them."""
    sides = np.array([modulus, 1.0])
    factor = (radius_squared**0.5 if zero_mode else 1.0) / modulus**0.5 / dedekind_eta(modulus) ** 2

    def energy(phi, parameters):
        return math.pi * jnp.sum(parameters["winding"] ** 2 * (sides[::-1] / sides))

    def unwound(phi, parameters):
        return jnp.all(parameters["winding"] == 0).astype(float)

    return {
        "energy": Observable(energy).in_units("1"),
        "unwound": Observable(unwound).in_units("1"),
        "partition": Derived(lambda mean: factor / mean["unwound"]),
    }


def exact(radius_squared, modulus, zero_mode):
    """Sums over all windings."""
    whole = boson_partition(radius_squared, modulus)
    share = radius_squared**0.5 / modulus**0.5 / dedekind_eta(modulus) ** 2 / whole
    partition = whole if zero_mode else whole / radius_squared**0.5
    return {"energy": boson_energy(radius_squared, modulus), "unwound": share, "partition": partition}


def control(radius_squared):
    """Without the volume of the zero mode; where that is 1, at another radius."""
    return {"zero_mode": False} if radius_squared != 1 else {"zero_mode": False, "radius_squared": 2.0}
