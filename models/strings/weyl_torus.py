r"""The Weyl anomaly of a local variation: bosons and ghosts of the string on a torus with curvature.

    g = e^{2η cos x} (dx² + dy²) on [0, 2π)²,    δω = cos x,    R = 2η cos x e^{−2η cos x}
    X = a_0 f_0 + Σ_i √(2πα'/λ_i) a_i f_i,   a ~ N(0, 1);    S = 0

with the eigenfunctions f_i of the Laplacian of g, normal by √g, on waves |n|, |k| ≤ K. The variation at the resolution
ε is the flow a → e^{−εΔ/2} Ω e^{−εΔ/2} a with Ω_ij = ∫ √g δω f_i f_j, whose score measures its Jacobian,
Tr(δω e^{−εΔ}) = π I_1(2η)/ε + ηπ/6 + O(ε): the pole is the growth of the area, the rest that of the curvature. Ghosts
c, b have norms e^{4ω}, e^{−2ω} and Laplacians of helicity 1, −2; their traces are averages over the same noise (docs).

`traces` = Tr(δω e^{−εΔ}) − π I_1(2η)/ε by `tower`: ηπ/6 = .157080, 4 and −5 times that as ε → 0 (K → ∞ first). The
pole, too, is an average over the same noise, by planes that touch the torus. `breaking` = −(D Tr_0 − 4 Tr_c + 2 Tr_b),
−(D − 26) ηπ/6 as ε → 0; `critical_dimension`: the D without. No counting of modes knows a local variation.
Exact at every ε and K, by the generalised eigenproblem.

Control: `measure="flat"`, δω averaged over modes by dx dy, has other constants, for the boson (ηπ/6)(I_0 + I_2)(2η).
Units: the torus has side 2π. Source: arXiv:2605.12488; docs/theory/weyl.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_positive
from nnft_ppl.exact import TORUS_MEASURES, string_towers, torus_modes, torus_plane_flow
from nnft_ppl.families import refuse_cut_off, weyl_answers, weyl_observables
from nnft_ppl.fields import WaveProducts
from nnft_ppl.observables import Observable
from nnft_ppl.spaces import Torus
from nnft_ppl.symmetries import Symmetry


def model(eta=0.3, dimensions=26, epsilon=0.3, modes=8, measure="curved", alpha_prime=2.0):
    """White noise on the modes of the torus, and the boson that it makes."""
    require_finite("weyl_torus", "eta", eta)
    require_count("weyl_torus", "dimensions", dimensions)
    require_count("weyl_torus", "modes", modes)
    require_choice("weyl_torus", "measure", measure, TORUS_MEASURES)
    for name, value in (("epsilon", epsilon), ("alpha_prime", alpha_prime)):
        require_positive("weyl_torus", name, value)
    if eta == 0:
        raise ValueError("weyl_torus: eta = 0 is flat, and no dimension is critical there; give eta such as 0.3")
    refuse_cut_off("weyl_torus", "modes", epsilon, np.exp(-2 * abs(eta)) * modes**2)
    side = 2 * modes + 1
    amplitude = numpyro.sample("amplitude", dist.Normal(0, 1).expand([side, side]).to_event(2))
    return WaveProducts(on_waves(boson(eta, modes, alpha_prime), amplitude))


def space(modes):
    """The torus, with a grid that resolves the field."""
    return Torus((2 * np.pi, 2 * np.pi), modes)


def on_waves(matrices, coefficients):
    """A matrix on the waves along x for each |k| ≤ K, applied to (wave x, wave y)."""
    modes = len(matrices) - 1
    return jnp.einsum("knm,mk->nk", matrices[np.abs(np.arange(-modes, modes + 1))], coefficients)


def boson(eta, modes, alpha_prime):
    """The matrices from white noise to the boson's waves: f √(2πα'/λ), the zero mode with 1."""
    found = torus_modes(0, eta, modes)
    zero = np.arange(found.eigenvalues.size).reshape(found.eigenvalues.shape) == 0  # the lowest one at k = 0
    scale = np.where(zero, 1.0, np.sqrt(2 * np.pi * alpha_prime / np.where(zero, 1.0, found.eigenvalues)))
    return (found.waves * scale[:, None]) @ np.swapaxes(found.frame, 1, 2)


def without_pole(eta, epsilon, modes, measure):
    """The flow of every tower without that of planes, (tower, k, wave, wave), whose trace and noise are finite."""
    return np.stack(
        [
            torus_modes(s, eta, modes, measure=measure).flow(epsilon)
            - torus_plane_flow(s, eta, epsilon, modes, measure)
            for s in (tower.helicity for tower in string_towers())
        ]
    )


def observables(eta, dimensions, epsilon, modes, measure):
    """The traces, and what follows from them."""
    flows = without_pole(eta, epsilon, modes, measure)

    def traces(phi, theta):
        noise = theta["amplitude"]
        return jnp.stack([jnp.vdot(noise, on_waves(flow, noise)) for flow in flows])

    return weyl_observables(traces, dimensions)


def symmetries(eta, epsilon, modes, measure, alpha_prime):
    """The local Weyl flow of the boson, whose Jacobian is the trace."""
    flow, made = torus_modes(0, eta, modes, measure=measure).flow(epsilon), boson(eta, modes, alpha_prime)
    change = made @ flow @ np.linalg.inv(made)

    def varied(phi, x):
        return WaveProducts(on_waves(change, phi.coefficients))(x)

    place = np.array([1.0, 0.5])
    bounded = {"tanh X(x)²": Observable(lambda phi: jnp.tanh(phi(place) ** 2))}

    def lift(theta):
        return {"amplitude": on_waves(flow, theta["amplitude"])}

    return {"weyl": Symmetry(varied, lift, points=[place], functionals=bounded)}


def exact(eta, dimensions, epsilon, modes, measure):
    """The traces of the generalised eigenproblem, −k as k."""
    each = np.trace(without_pole(eta, epsilon, modes, measure), axis1=2, axis2=3)
    return weyl_answers(each[:, 0] + 2 * np.sum(each[:, 1:], axis=1), dimensions)


def control():
    """The variation averaged over modes by the flat measure, in which they are not normal."""
    return {"measure": "flat"}
