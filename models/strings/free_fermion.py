r"""Fermions from a network with Grassmann weights, which are integrated out: determinants, and Dirac's propagator.

    ψ(x) = N^{−1/2} Σ_{i=1}^N η_i f_i(x),   ψ̄(y) = N^{−1/2} Σ_i η̄_i g_i(y),   weights of density exp(−Σ_i η̄_i η_i)
    ⟨ψ(x_1) ψ̄(y_1) ··· ψ(x_n) ψ̄(y_n)⟩ = E det S_N(x_i, y_j),   S_N(x, y) = (1/N) Σ_i f_i(x) g_i(y),   S = 0

Momenta k_i ~ N(0, 1) along each of `dim` axes are all that is sampled. The model returns two kernels S_N(x, y):

* "plain" has s_i(x − y) = e^{ik·(x−y)} (`features="complex"`) or cos k·(x − y) ("cosine"), E S_N = e^{−(x−y)²/2} = S;
* "dirac" has M(p) e^{ip·(x−y)} with p = Λk, M(p) = (Λ²/2π)^{d/2} (m − ip̸)/(p² + m²), E S_N = (m − ∂̸) G_Λ(x − y), with
  the free scalar's propagator G_Λ under the smooth cut-off e^{−p²/2Λ²}. In d = 1 that is θ(t) e^{−mt}, smeared by 1/Λ.

`determinant` is det S_N(x_i, y_j) of the plain kernel at n = `points` points x_j = j, y_j = j + ½ on the first axis.
Rank-one neurons ("complex") give N(N−1)···(N−n+1)/N^n det S, exactly 0 draw by draw where n > N; cosines, of rank two,
add what one neuron gives twice. `propagator` is tr[(1 + γ_1) S_N(x, 0)]/tr(1 + γ_1) of the Dirac kernel, in d = 1 S_N
itself, at `separation` −1, −¼, 0, ¼, 1 over m on the first axis; in d = 1 it is ½ at 0 for Λ → ∞. `minor` is the Dirac
kernel's ⟨ψ_0(x_1) ψ̄_0(y_1) ψ_s(x_2) ψ̄_s(y_2)⟩ at x = (½, 1½)/m, y = (0, 1)/m, s = 1 (0 in d = 1); matrices M of rank
above 1 add O(1/N) to (1 − 1/N) times the minor of S.

Control: the other features against the exact values of these; S is the same and the determinant another. Units:
points of the plain kernel are pure numbers, of the other in 1/mass. Limits: N → ∞ is the free fermion. Source:
arXiv:2511.16741 (Grassmann weights); normalisations and closed forms are derived in docs/theory/fermions.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.exact import FERMION_FEATURES, dirac_minor, dirac_propagator, fermion_determinant, gamma_matrices
from nnft_ppl.fields import Bilocal
from nnft_ppl.observables import Observable, determinant
from nnft_ppl.spaces import Box

SEPARATIONS = np.array([-1.0, -0.25, 0.0, 0.25, 1.0])


def model(width=5, features="complex", points=2, dim=1, mass=1.0, cutoff=4.0):
    """The two kernels of one set of momenta; no action."""
    require_count("free_fermion", "width", width)
    require_choice("free_fermion", "features", features, FERMION_FEATURES)
    require_count("free_fermion", "points", points, most=6)
    require_count("free_fermion", "dim", dim, most=4)
    require_positive("free_fermion", "mass", mass)
    require_positive("free_fermion", "cutoff", cutoff)
    with numpyro.plate("neuron", width):
        momentum = numpyro.sample("momentum", dist.Normal(0, 1).expand([dim]).to_event(1))
    p, gamma = cutoff * momentum, gamma_matrices(dim)
    slashed, unit = jnp.tensordot(p, gamma, 1), jnp.eye(gamma.shape[1])
    size = (cutoff**2 / (2 * math.pi)) ** (dim / 2) / (jnp.sum(p**2, axis=1) + mass**2)

    def waves(k, sign):
        return lambda x: jnp.exp(sign * 1j * (k @ x))

    def cosines(x):
        return jnp.stack([jnp.cos(momentum @ x), jnp.sin(momentum @ x)], axis=1)

    plain = Bilocal(waves(momentum, 1), waves(momentum, -1)) if features == "complex" else Bilocal(cosines, cosines)
    dirac = Bilocal(waves(p, 1), waves(p, -1), size[:, None, None] * (mass * unit - 1j * slashed))
    return {"plain": plain, "dirac": dirac}


def space(dim):
    """Where the kernels are looked at, with the other point at the origin."""
    return Box(4.0, dim, points=16)


def on_axis(positions, dim):
    """Points on the first axis."""
    return np.asarray(positions)[:, None] * np.eye(dim)[0]


def pairs(dim, mass):
    """Two points of ψ, half a length beyond two of ψ̄."""
    return on_axis(np.array([0.5, 1.5]) / mass, dim), on_axis(np.array([0.0, 1.0]) / mass, dim)


def forward(dim):
    """(1 + γ_1)/tr(1 + γ_1)."""
    matrix = np.eye(len(gamma_matrices(dim)[0])) + gamma_matrices(dim)[0]
    return matrix / np.trace(matrix)


def power(number):
    """A power of the mass as a unit."""
    return f"mass^{number}" if number > 1 else "mass" if number else "1"


def observables(points, dim, mass):
    """The plain determinant, and the Dirac kernel's forward propagator and minor."""
    first, places = np.arange(float(points)), on_axis(SEPARATIONS / mass, dim)
    spins = (0, min(dim - 1, 1))

    def propagator(fields):
        return jnp.stack([jnp.trace(forward(dim) @ fields["dirac"](x)) for x in places])

    label = {"dims": ("separation",), "coords": {"separation": tuple(SEPARATIONS / mass)}}
    minor = determinant(*pairs(dim, mass), rows=spins, columns=spins, field="dirac")
    return {
        "determinant": determinant(on_axis(first, dim), on_axis(first + 0.5, dim), field="plain").in_units("1"),
        "propagator": Observable(propagator, **label).in_units(power(dim - 1), separation="1/mass"),
        "minor": minor.in_units(power(2 * dim - 2)),
    }


def exact(width, features, points, dim, mass, cutoff):
    """All of them, at any width."""
    first = np.arange(float(points))
    values = dirac_propagator(on_axis(SEPARATIONS / mass, dim), mass, cutoff)
    return {
        "determinant": fermion_determinant(first, first + 0.5, width, features) + (0j if features == "complex" else 0),
        "propagator": np.trace(forward(dim) @ values, axis1=-2, axis2=-1),
        "minor": dirac_minor(*pairs(dim, mass), width, mass, cutoff),
    }


def control(features):
    """The other features, whose propagator is the same."""
    return {"features": "cosine" if features == "complex" else "complex"}
