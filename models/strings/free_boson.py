r"""The free boson of a worldsheet: a network of cosines in the plane whose kernel is a logarithm.

    X(z) = N^{−1/2} Σ_{i=1}^N A(k_i) a_i cos(k_i·x + γ_i),    a_i ~ N(0, 1),   γ_i ~ U[−π, π],   z = x_1 + i x_2
    S = 0,    ⟨X(z) X(0)⟩ = α' ∫ dk/k F(k) J_0(kr) = −α' ln r + const between the cut-offs

`spectrum="smooth"`: ln t ~ U[−2 ln uv, −2 ln ir], k | t ~ N(0, 1/(2t)), which is the density F/(2πk² ln(uv/ir)) with
F = e^{−k²/uv²} − e^{−k²/ir²}, and A² = 2α' ln(uv/ir). `spectrum="annulus"`: k uniform in ir < |k| < uv,
A² = α'(uv² − ir²)/k². `amplitude="pair"`: independent Gaussian amplitudes of cosine and sine, of variance ½.

`two_point` ⟨X X⟩, `current_current` ⟨∂X ∂X⟩ = −(α'/2) C/z², `central_charge` c_N = 2z⁴⟨T T⟩, T = −(∂X)²/α', at
`separation` r: C² = 1 but for cut-offs, with a bias of order ln(uv/ir)/N. `vertex` ⟨V V⟩ = ⟨e^{ipX(1)} e^{−ipX(0)}⟩,
p = `charge`, |z|^{−α'p²} with normal ordering; `ward` ⟨T(w) V V⟩ w²(w−1)²/(h ⟨V V⟩), h = α'p²/4, at `insertion` w: 1 by
the Virasoro Ward identity, with corrections of order 1/N that are large. Averages over a are taken by hand, and four
directions of z are averaged over: nothing is left of ∂X∂X at one point, whose mean is zero.

Control: a mass, for which z⁴⟨T T⟩ depends on r. Units: lengths in those of 1/uv. Limits: uv → ∞, ir → 0, N → ∞.
Source: arXiv:2512.24420; the annulus arXiv:2601.06249; finite width derived in docs/theory/strings.md.
"""

import math
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.exact import WorldsheetBoson
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import Derived, at, derivative, product, vertex
from nnft_ppl.spaces import Box

SEPARATION = (0.7, 1.0, 1.5)
DIRECTIONS = np.exp(1j * math.pi * np.arange(4) / 4)
INSERTED = (-1 + 0j, 0.5 + 1j)
HOLOMORPHIC = (0.5, -0.5j)


def model(width=100, uv=6.0, ir=0.05, alpha_prime=2.0, amplitude="gaussian", spectrum="smooth", mass=0.0, charge=0.5):
    """Cosines of random wave numbers, without an action."""
    if charge == 0:
        raise ValueError("free_boson: charge = 0 leaves no vertex operator, and `ward` is 0/0; give another charge")
    boson = WorldsheetBoson(width, uv, ir, alpha_prime, amplitude, spectrum, mass)
    with numpyro.plate("neuron", width):
        if spectrum == "smooth":
            log_t = numpyro.sample("log_t", dist.Uniform(-2 * math.log(uv), -2 * math.log(ir)))
            normal = numpyro.sample("normal", dist.Normal(0, 1).expand([2]).to_event(1))
            momentum = jnp.exp(jnp.asarray(log_t) / -2)[:, None] * normal / math.sqrt(2)
        else:
            squared = numpyro.sample("squared", dist.Uniform(ir**2, uv**2))
            angle = numpyro.sample("angle", dist.Uniform(-math.pi, math.pi))
            momentum = jnp.sqrt(squared)[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)
        weight = jnp.sqrt(boson.squared_amplitude(jnp.linalg.norm(momentum, axis=-1)) / width)
        if amplitude == "pair":
            pair = numpyro.sample("amplitude", dist.Normal(0, math.sqrt(0.5)).expand([2]).to_event(1))
            return PlaneWaves(pair, momentum, weight=weight)
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        return PlaneWaves(numpyro.sample("amplitude", dist.Normal(0, 1)), momentum, phase, weight)


def plane(z):
    """Points of complex coordinates, (*shape, 2)."""
    return np.stack([np.real(z), np.imag(z)], axis=-1).astype(float)


def space():
    """Where the field is looked at; it is not integrated over it."""
    return Box(4.0, 2, points=4)


def observables(alpha_prime, charge):
    """Correlators of X, ∂X, T and of vertex operators; what is averaged over directions is turned back by z² or z⁴."""
    r, w, charges = np.array(SEPARATION), np.array(INSERTED), [charge, -charge]
    here, there, slope = (
        DIRECTIONS * derivative(plane(z), HOLOMORPHIC) for z in (np.outer(r, DIRECTIONS), 0j, np.outer(w, DIRECTIONS))
    )
    pair = plane(np.stack([DIRECTIONS, 0 * DIRECTIONS], axis=-1))
    predicted = -((alpha_prime * charge / 2 / (w * (w - 1))) ** 2)
    label = {"dims": ("separation",), "coords": {"separation": SEPARATION}}
    both, inserted = ("separation", "direction"), ("insertion", "direction")
    return {
        "two_point": product(at(plane(r)), at(plane(0)), **label),
        "currents": replace(product(here, there, dims=both), hidden=True),
        "stresses": replace(product(here, here, there, there, dims=both), hidden=True),
        "current_current": Derived(lambda mean: jnp.mean(mean["currents"].real, axis=-1), **label),
        "central_charge": Derived(
            lambda mean: 2 * r**4 / alpha_prime**2 * jnp.mean(mean["stresses"].real, axis=-1), **label
        ).in_units("1"),
        "vertices": replace(vertex(pair, charges, ("direction",), neutral=True), hidden=True),
        "stressed": replace(vertex(pair, charges, inserted, times=(slope, slope), neutral=True), hidden=True),
        "vertex": Derived(lambda mean: jnp.mean(mean["vertices"].real)).in_units("1"),
        "ward": Derived(
            lambda mean: jnp.mean(mean["stressed"], axis=-1) / jnp.mean(mean["vertices"].real) / predicted,
            ("insertion",),
            {"insertion": tuple(f"{one:g}" for one in INSERTED)},
        ).in_units("1"),
    }


def exact(width, uv, ir, alpha_prime, amplitude, spectrum, mass, charge):
    """Closed forms, and averages over one neuron to the N-th power."""
    boson = WorldsheetBoson(width, uv, ir, alpha_prime, amplitude, spectrum, mass)
    r, w, pair = np.array(SEPARATION), np.array(INSERTED), boson.vertex(1.0, charge)
    predicted = alpha_prime * charge**2 / 4 / (w * (w - 1)) ** 2
    return {
        "two_point": boson.kernel(r),
        "current_current": boson.current(r),
        "central_charge": boson.central_charge(r),
        "vertex": pair,
        "ward": boson.stress_vertex(w, 1.0, charge) / pair / predicted,
    }


def control(mass):
    """A mass: z⁴⟨T T⟩ is no number."""
    return {"mass": 1.0 if mass == 0 else 3 * mass}
