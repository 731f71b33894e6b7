r"""Two real fields on a ring of sites: the local Noether current, its plateau between two charges, and its jumps.

    S = ½ Σ_A Σ_x [(φ_A(x+1) − φ_A(x))² + m_A² φ_A(x)² + c (φ_A(x+2) − φ_A(x))²],    A = 1, 2;  x = 0 … n−1

as a network of white noise, φ_A(x) = Σ_y D_A^{-1/2}(x, y) a_A(y), a ~ N(0, 1), with S = ½ Σ φ D φ. The symmetry
`phase`, δφ_1 = φ_2, δφ_2 = −φ_1, is exact for equal masses. With ρ(x) in front of δφ, and at c = 0,

    δ_ρ S = Σ_x J^μ ∂_μ ρ = −Σ_x J_x (ρ(x+1) − ρ(x)),    J_x = φ_1(x) φ_2(x+1) − φ_2(x) φ_1(x+1),    B_ρ = −δ_ρ S
    E[J_x φ_1(y) φ_2(z)] − E[J_{x−1} φ_1(y) φ_2(z)] = G(y, z) (δ_xy − δ_xz)

(lattice J is minus the continuum one). `current` is E[J_x φ_1(y) φ_2(z)] by `link` x, from x to x + 1, with y = ⌊n/6⌋
and z = ⌊n/2⌋; `forward` and `backward` are its two terms; `jump` is its step at y, and `two_point` ⟨φ_A(y) φ_A(z)⟩ by
`component` A. J has no part of c. `mass_squared` are m_1², m_2², `neighbour` is c. Control: other masses, for which the
current is no plateau. Units: spacing. Source: derived in docs/theory/symmetries.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count
from nnft_ppl.exact import ring_current, ring_power
from nnft_ppl.fields import LatticeField
from nnft_ppl.observables import Derived, at, product
from nnft_ppl.spaces import Lattice
from nnft_ppl.symmetries import Symmetry


def model(sites=12, mass_squared=(0.25, 0.25), neighbour=0.0):
    """White noise, made into the free fields; no further action."""
    require_count("charged_ring", "sites", sites, least=6)
    if np.shape(mass_squared) != (2,):
        raise ValueError(f"charged_ring: mass_squared = {mass_squared}; give two numbers, one for each field")
    with numpyro.plate("component", 2), numpyro.plate("site", sites):
        noise = numpyro.sample("noise", dist.Normal(0, 1))
    return LatticeField(jnp.einsum("axy,ya->xa", powers(-0.5, sites, mass_squared, neighbour), noise), space(sites))


def space(sites):
    """The ring, with spacing 1."""
    return Lattice(sites)


def observables(sites):
    """The current through every link beside φ_1(y) φ_2(z), its step, and the propagators from y to z."""
    y, z, here = sites // 6, sites // 2, np.arange(sites)[:, None]
    label = {"dims": ("link",), "coords": {"link": tuple(range(sites))}}
    pair, there = (at([y], component=0), at([z], component=1)), here + 1
    component = {"dims": ("component",), "coords": {"component": (1, 2)}}
    return {
        "two_point": product(at([y]), at([z]), **component),
        "forward": product(at(here, component=0), at(there, component=1), *pair, **label),
        "backward": product(at(here, component=1), at(there, component=0), *pair, **label),
        "current": Derived(lambda mean: mean["forward"] - mean["backward"], **label),
        "jump": Derived(lambda mean: mean["current"][y] - mean["current"][y - 1]),
    }


def exact(sites, mass_squared, neighbour):
    """Sums over the momenta of the ring."""
    y, z = sites // 6, sites // 2
    current = ring_current(sites, mass_squared, neighbour, y, z)
    two_point = [ring_power(sites, squared, neighbour)[y, z] for squared in mass_squared]
    return {"two_point": np.array(two_point), "current": current, "jump": current[y] - current[y - 1]}


def symmetries(sites, mass_squared, neighbour):
    """Turning the two fields into each other, everywhere alike or by ρ(x)."""
    places, root = jnp.arange(sites)[:, None], powers(-0.5, sites, mass_squared, neighbour)
    inverse = powers(0.5, sites, mass_squared, neighbour)

    def turned(phi, x):
        return jnp.stack([phi(x)[1], -phi(x)[0]])

    def lift(rho):
        def components(values):
            phi = jnp.einsum("axy,ya->xa", root, values["noise"])
            change = jnp.stack([phi[:, 1], -phi[:, 0]], axis=1) * jnp.stack([rho(x) for x in places])[:, None]
            return {"noise": jnp.einsum("axy,ya->xa", inverse, change)}

        return components

    def current(phi, rho):
        one, two = phi.values.T
        slopes = jnp.stack([rho(x) for x in (places + 1) % sites]) - jnp.stack([rho(x) for x in places])
        return -jnp.sum((one * jnp.roll(two, -1) - two * jnp.roll(one, -1)) * slopes)

    points = np.arange(sites)[:, None]
    return {"phase": Symmetry(turned, lift(lambda x: 1.0), points, local_lift=lift, current=current)}


def control(mass_squared):
    """Another mass of the second field, for which the current is not conserved."""
    return {"mass_squared": (mass_squared[0], 2 * mass_squared[1])}


def powers(power, sites, mass_squared, neighbour):
    """D_A^p of both fields, shape (2, sites, sites)."""
    return np.stack([ring_power(sites, squared, neighbour, power) for squared in mass_squared])
