r"""φ⁴ theory with plane waves as in the shipped `phi4`, on a grid of stated size and with two cheap observables.

    φ(x) = √(2 Z/N) Σ_i a_i G(b_i)^{1/2} cos(b_i·x + c_i),    |b_i| < Λ,    S = (λ/4!) ∫_box φ⁴

`points` Gauss–Legendre points per axis; 0 leaves their number to the bandlimit 4Λ of the integrand. Units: lengths in
1/m. Source: arXiv:2307.03223.
"""

import numpyro

from nnft_ppl.families import scalar_network
from nnft_ppl.observables import box_average, mean_squared
from nnft_ppl.spaces import Box


def model(width=256, dim=2, side=8.0, mass=1.0, cutoff=4.0, coupling=1.0, points=32):
    """Plane waves with a quartic action in a box."""
    phi = scalar_network(width, dim, mass, cutoff, alpha=-1, amplitude="gaussian")
    box = space(side, dim, cutoff, points)
    numpyro.factor("quartic", -coupling / 24 * box.integrate(box.evaluate(phi) ** 4))
    return phi


def space(side, dim, cutoff, points):
    """The box of the interaction."""
    return Box(side, dim, points=points) if points else Box(side, dim, bandlimit=4 * cutoff)


def observables(side, dim, cutoff, points):
    """The two that every contender measures."""
    box = space(side, dim, cutoff, points)
    return {"mean_squared": mean_squared(box), "phi_squared": box_average(box, 2)}
