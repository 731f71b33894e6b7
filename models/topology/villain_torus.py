r"""Villain's form of the XY model on a torus of sites: spin waves, and integers on links that make vortices.

    density ∝ Σ_n exp(−(β/2) Σ_l (Δ_l θ − 2π n_l)²),     angles θ_x mod 2π, integers n_l on the 2 L² links

A change θ -> θ + 2π m, n -> n + Δm changes nothing, so n = 0 is chosen on a tree of links (all of each column but one,
all of the first row but one) and θ real; L² + 1 integers are left, `link`. What they make of θ and what is Gaussian
factorise exactly, θ = θ_sw + θ_v with ∇² θ_v = 2π ∇·n:

    (β/2) Σ (Δθ − 2πn)² = (β/2) Σ (Δθ_sw)² + (β/2) Σ (Δθ_v − 2πn)²

Vortices are what n sums to around plaquettes; sums around the torus are sectors, and belong to them. `neighbour` =
⟨cos(θ_x − θ_y)⟩ of neighbours, `diagonal` that across a plaquette, both averaged over the torus; `stiffness` is the
helicity modulus over the temperature, Υ/T = β − (2πβ/L)² ⟨(Σ n)²⟩, the sum over the links of an axis, averaged over
both. In the dual form it is ⟨W²⟩, the winding of integer currents (`nnft_ppl.topology.villain_currents`).

Control: `vortices=False`, spin waves alone: `neighbour` = exp(−3/(16β)) on 2 × 2 sites. Limits: β -> ∞ is that
control; L -> ∞ has the transition of Berezinskii, Kosterlitz and Thouless near β = .752, where Υ/T = 2/π. Exact at
L = 2, elsewhere by the dual route. Units: spacing. Source: J. Villain, J. Physique 36 (1975) 581; discrete latents as
in arXiv:2604.02313; docs/theory/topology.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Observable
from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.exact import villain_two_by_two
from nnft_ppl.fields import LatticeField
from nnft_ppl.spaces import Lattice


def model(size=2, beta=0.3, vortices=True):
    """Gaussian spin waves and integers of their own."""
    require_count("villain_torus", "size", size, least=2)
    require_positive("villain_torus", "beta", beta)
    with numpyro.plate("x", size, dim=-2), numpyro.plate("y", size, dim=-1):
        noise = numpyro.sample("noise", dist.Normal(0, 1))
    angle = filtered(noise, (beta * laplacian(size)) ** -0.5)
    if vortices:
        with numpyro.plate("off_tree", size**2 + 1):  # Σ n² of the density is in the weights of these integers
            chosen = numpyro.sample("link", IntegerNormal(4 * np.pi**2 * beta))
        link = 2 * jnp.pi * on_links(chosen, size)
        source = sum(jnp.roll(link[axis], 1, axis) - link[axis] for axis in (0, 1))
        around = filtered(source, 1 / laplacian(size))
        step = jnp.stack([jnp.roll(around, -1, axis) - around for axis in (0, 1)])
        numpyro.factor("vortices", beta / 2 * (jnp.sum(link**2) - jnp.sum((step - link) ** 2)))
        angle = angle + around
    return LatticeField(angle, space(size))


def space(size):
    """The torus, with spacing 1."""
    return Lattice((size, size))


def laplacian(size):
    """−∇² of the waves on the torus, infinite of the constant, which has no weight; shape (size, size)."""
    waves = 2 - 2 * np.cos(2 * np.pi * np.arange(size) / size)
    total = waves[:, None] + waves
    return np.where(total > 0, total, np.inf)


def filtered(values, factors):
    """Values at sites with each wave multiplied by a factor."""
    return jnp.real(jnp.fft.ifft2(factors * jnp.fft.fft2(values)))


def on_links(chosen, size):
    """The integers on all links, shape (axis, x, y), 0 on the tree."""
    free = np.ones((2, size, size), bool)
    free[0, :-1, 0] = free[1, :, :-1] = False
    return jnp.zeros((2, size, size)).at[np.nonzero(free)].set(chosen)


def observables(size, beta, vortices):
    """Cosines of two differences, and the helicity modulus by sums of the link variables."""

    def cosine(moves):
        def average(phi):
            return jnp.mean(jnp.cos(jnp.stack([jnp.roll(phi.values, move, (0, 1)) for move in moves]) - phi.values))

        return Observable(average).in_units("1")

    def stiffness(phi, parameters):
        if not vortices:
            return jnp.asarray(beta)
        total = jnp.sum(on_links(parameters["link"], size), axis=(1, 2))
        return beta - (2 * jnp.pi * beta / size) ** 2 * jnp.mean(total**2)

    near, far = cosine([(-1, 0), (0, -1)]), cosine([(-1, -1), (-1, 1)])
    return {"neighbour": near, "diagonal": far, "stiffness": Observable(stiffness).in_units("1")}


def exact(size, beta, vortices):
    """On two by two sites by sums over currents; of spin waves at every size."""
    if vortices:
        return villain_two_by_two(beta)._asdict() if size == 2 and 0.05 <= beta <= 10 else {}
    spread = np.real(np.fft.ifft2(1 / (beta * laplacian(size))))
    cosines = np.exp(spread - spread[0, 0])
    return {"neighbour": cosines[0, 1], "diagonal": cosines[1, 1], "stiffness": beta}


def control(vortices):
    """Spin waves without vortices."""
    return {"vortices": not vortices}
