r"""Four tachyons of the bosonic string, scattered by a network: Koba–Nielsen, Virasoro–Shapiro and Veneziano.

    X^μ(z) = N^{−1/2} Σ_{i=1}^N A a_i^μ cos(b_i·z + γ_i)    as `free_boson`, smooth, with α' = 2 and several components
    k_r·k_s = −k²/3 (a regular tetrahedron),    k² = `shell` · 4/α'      at z_r = 0, z, 1, 1000

The average over Gaussian a is exact and factorises over neurons: with V = Σ_r k_r cos(b·z_r + γ) of one neuron,

    ⟨Π_r e^{ik_r·X(z_r)}⟩ = (E e^{−Y/N})^N,    Y = (A²/2)|V|²,    E Y = ½ Σ_rs k_r·k_s K(z_rs)

so that a draw is a few neurons, whatever the `width` N, and the same ones serve at all z. E Y is 28 orders of e above what
is left after normal ordering: it is taken exactly, and what draws give is E(e^{−Y/N} − 1 + Y/N), of order 1/N². The N-th
power is taken to first order about its value at E Y²/2N², which is exact but for 1/N⁴.

`koba_nielsen`, three times the integral over each of the `region`s around 0, 1 and ∞ that z → 1 − z and z → 1/z
exchange, at widths N, 2N, 4N (`neurons`, in units of `width`): each is 24.32588, Γ(⅓)³π/Γ(⅔)³, without cut-offs, by crossing.
`veneziano`, open strings by images, X → √2 X on the boundary and k² = `shell`/α', 0 < x < 1: B(⅓, ⅓) = 5.2999163.
`koba_nielsen_limit`, `veneziano_limit`: extrapolated in 1/N. `exponent`: E Y at z = e^{iπ/3}, from draws alone.

Control: off the mass shell; there the regions differ, too. Units: |z_1 − z_3| = 1. Limits: N → ∞, then uv → ∞ (corrections
of order uv^{−2/3}, open uv^{−1/3}), ir → 0. Source: arXiv:2601.06249; derived in docs/theory/strings.md.
"""

import math
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count
from nnft_ppl.exact import AMPLITUDE_REGIONS, TachyonAmplitude
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import Derived, Observable
from nnft_ppl.spaces import Box

NEURONS = (1, 2, 4)
RICHARDSON = np.array([1 / 3, -2.0, 8 / 3])
SYMMETRIC = np.array([[0.5 + math.sqrt(0.75) * 1j]])
amplitude = lru_cache(maxsize=4)(TachyonAmplitude)


def model(width=100_000, uv=50.0, ir=1e-6, shell=1.0, drawn=8):
    """The features of a few neurons."""
    require_count("tachyon_amplitude", "width", width, least=10_000)
    require_count("tachyon_amplitude", "drawn", drawn)
    amplitude(uv, ir, shell)  # refuses what is out of range
    with numpyro.plate("neuron", drawn):
        log_t = numpyro.sample("log_t", dist.Uniform(-2 * math.log(uv), -2 * math.log(ir)))
        normal = numpyro.sample("normal", dist.Normal(0, 1).expand([2]).to_event(1))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
    return PlaneWaves(jnp.ones(drawn), jnp.exp(-log_t / 2)[:, None] * normal / math.sqrt(2), phase)


def space():
    """Where the field is looked at; it is not integrated over it."""
    return Box(4.0, 2, points=4)


def exponents(phi, integral, far):
    """Y of every neuron with the operator at each place, (row, place, neuron)."""
    plane = lambda z: jnp.asarray(np.stack([z.real, z.imag], axis=-1))
    here, (zero, one, other) = jax.vmap(phi.neurons)(plane(integral.z.ravel())), map(phi.neurons, plane(np.array([0j, 1, far])))
    rest = zero**2 + one**2 + other**2 - 2 / 3 * (zero * one + zero * other + one * other)
    return integral.size * (rest + here**2 - 2 / 3 * here * (zero + one + other)).reshape(*integral.z.shape, -1)


def integrated(integral, width, far, rows, coords):
    """An integral at the widths, from one-neuron averages."""

    def value(phi):
        y, found = exponents(phi, integral, far), []
        for count in (width * times for times in NEURONS):
            centre, slope = integral.tangent(count)
            excess = jnp.mean(jnp.expm1(-y / count) + y / count, axis=-1) - integral.second / (2 * count**2)
            found.append(centre + jnp.sum(slope * excess, axis=-1))
        return jnp.stack(found) if rows else jnp.stack(found)[:, 0]

    return Observable(value, ("neurons", *rows), {"neurons": NEURONS, **coords}).in_units("1")


def observables(width, uv, ir, shell):
    """The amplitudes at three widths and extrapolated, and the exponent at the symmetric point."""
    found = amplitude(uv, ir, shell)
    middle = found.integral(SYMMETRIC, np.ones((1, 1)), 2.0)
    label = {"region": AMPLITUDE_REGIONS}
    return {
        "koba_nielsen": integrated(found.closed, width, found.far, ("region",), label),
        "veneziano": integrated(found.opened, width, found.far, (), {}),
        "koba_nielsen_limit": Derived(lambda mean: RICHARDSON @ mean["koba_nielsen"], ("region",), label).in_units("1"),
        "veneziano_limit": Derived(lambda mean: RICHARDSON @ mean["veneziano"]).in_units("1"),
        "exponent": Observable(lambda phi: jnp.mean(exponents(phi, middle, found.far))).in_units("1"),
    }


def exact(width, uv, ir, shell):
    """Moments of one neuron in closed form, and the integrals over the closed kernel."""
    found, widths = amplitude(uv, ir, shell), [width * times for times in NEURONS]
    known = {"exponent": found.integral(SYMMETRIC, np.ones((1, 1)), 2.0).first[0, 0]}
    for name, one in (("koba_nielsen", found.closed), ("veneziano", found.opened)):
        value, left_out = (np.squeeze([of(count) for count in widths]) for of in (lambda n: one.tangent(n)[0], one.truncation))
        known[name] = (value, left_out)
        known[f"{name}_limit"] = (np.squeeze(one.limit()), left_out[0])
    return known


def control(shell):
    """Off the mass shell, at four fifths of it."""
    return {"shell": 0.8 * shell}
