r"""Four tachyons of the bosonic string, scattered by a network: Koba–Nielsen, Virasoro–Shapiro and Veneziano.

    X^μ(z) = N^{−1/2} Σ_{i=1}^N A a_i^μ cos(b_i·z + γ_i)    as `free_boson`, smooth, with α' = 2 and several components
    k_r·k_s = −k²/3 (a regular tetrahedron),    k² = `shell` · 4/α'      at z_r = 0, z, 1, 1000

The average over Gaussian a is exact and factorises: with V = Σ_r k_r cos(b·z_r + γ) of one neuron,

    ⟨Π_r e^{ik_r·X(z_r)}⟩ = (E e^{−Y/N})^N,    Y = (A²/2)|V|²,    E Y = ½ Σ_rs k_r·k_s K(z_rs)

so that a draw is a few neurons, whatever the `width` N, and the same ones serve at all z. Normal ordering multiplies by
e^28: E Y is taken exactly, and draws give E(e^{−Y/N} − 1 + Y/N), of order 1/N². The N-th power is taken to first order
about its value at E Y²/2N²; the rest is of order 1/N⁴.

`koba_nielsen`, three times the integral over each `region` around 0, 1 and ∞, which z → 1 − z and z → 1/z exchange:
each is π Γ(⅓)³/Γ(⅔)³ = 24.32588 without cut-offs, by crossing. `veneziano`, open strings by images, X → √2 X on the
boundary and k² = `shell`/α', 0 < x < 1: B(⅓, ⅓) = 5.2999163. `exponent`: E Y at z = e^{iπ/3}, from draws alone.

Control: off the mass shell; there the regions differ, too. Units: |z_1 − z_3| = 1. Limits: N → ∞, then uv → ∞
(corrections of order uv^{−2/3}, open uv^{−1/3}), ir → 0. Source: arXiv:2601.06249; derived in docs/theory/strings.md.
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
from nnft_ppl.observables import Observable
from nnft_ppl.spaces import Box

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
    return PlaneWaves(jnp.ones(drawn), jnp.exp(jnp.asarray(log_t) / -2)[:, None] * normal / math.sqrt(2), phase)


def space():
    """Where the field is looked at; it is not integrated over it."""
    return Box(4.0, 2, points=4)


def symmetric(uv, ir, shell):
    """Closed strings at z = e^{iπ/3}, as far from 0 as from 1."""
    return amplitude(uv, ir, shell).integral(np.array([[0.5 + math.sqrt(0.75) * 1j]]), np.ones((1, 1)), 2.0)


def exponents(phi, integral, far):
    """Y of every neuron with the operator at each place, (row, place, neuron)."""
    z = np.concatenate([[0j, 1, far], integral.z.ravel()])
    zero, one, other, *_ = waves = jax.vmap(phi.neurons)(jnp.asarray(np.stack([np.real(z), np.imag(z)], axis=-1)))
    here, three = waves[3:].reshape(*integral.z.shape, -1), zero + one + other
    rest = zero**2 + one**2 + other**2 - 2 / 3 * (zero * one + zero * other + one * other)
    return integral.size * (rest + here**2 - 2 / 3 * here * three)


def integrated(integral, width, far):
    """The rows of an integral, from one-neuron averages."""
    value, slope = integral.tangent(width)

    def measured(phi):
        y = exponents(phi, integral, far) / width
        excess = jnp.mean(jnp.expm1(-y) + y, axis=-1) - integral.second / (2 * width**2)
        return value + jnp.sum(slope * excess, axis=-1)

    return measured


def observables(width, uv, ir, shell):
    """The amplitudes, and the exponent at the symmetric point."""
    found, middle = amplitude(uv, ir, shell), symmetric(uv, ir, shell)
    closed, opened = (integrated(one, width, found.far) for one in (found.closed, found.opened))
    return {
        "koba_nielsen": Observable(closed, ("region",), {"region": AMPLITUDE_REGIONS}).in_units("1"),
        "veneziano": Observable(lambda phi: opened(phi)[0]).in_units("1"),
        "exponent": Observable(lambda phi: jnp.mean(exponents(phi, middle, found.far))).in_units("1"),
    }


def exact(width, uv, ir, shell):
    """Moments of one neuron in closed form."""
    found = amplitude(uv, ir, shell)
    closed, opened = ((one.tangent(width)[0], one.truncation(width)) for one in (found.closed, found.opened))
    return {
        "koba_nielsen": closed,
        "veneziano": (opened[0][0], opened[1][0]),
        "exponent": symmetric(uv, ir, shell).first[0, 0],
    }


def control(shell):
    """Off the mass shell, at four fifths of it."""
    return {"shell": 0.8 * shell}
