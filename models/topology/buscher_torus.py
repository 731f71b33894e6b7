r"""Windings and momenta of a string on a torus with constant metric and B field, in T-dual frames.

    P(Z) ∝ exp(−πs Zᵀ H Z),   Z = (w₁, w₂, n₁, n₂) ∈ Z⁴,   H = [[G − B G⁻¹ B, B G⁻¹], [−G⁻¹ B, G⁻¹]]

`background` is (G₁₁, G₁₂, G₂₂, B₁₂) in units of α′, `strength` s the ratio of the sides of the worldsheet, and the
field the wound string X^i = 2π w^i σ, 0 ≤ σ ≤ 1. `frame` is "original", or a dual one, whose background is computed
from that:

    "full"     G + B -> (G + B)⁻¹, which exchanges (w₁, w₂) and (n₁, n₂)
    "single"   Buscher's rules for the first direction, which exchange w₁ and n₁

`partition` = Σ_Z exp(−πs Zᵀ H Z) = 1/P(0) and `energy` = πs⟨Zᵀ H Z⟩ are the same in all three; for the default
`partition` is 2.1181862. As maps of Z dualities hold draw by draw. Control: `frame="metric only"`, G -> G⁻¹ with B as
it was, 1.9480540. No control: the sign of B, which w -> −w undoes in sums.

Source: T. Buscher, Phys. Lett. B 194 (1987) 59; dualities of networks as in arXiv:2604.02313; docs/theory/topology.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro

from nnft_ppl import Derived, Observable
from nnft_ppl.arguments import require_choice, require_positive
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.exact import DUALITIES, background_matrix, background_sum, dual_background
from nnft_ppl.spaces import Box


def model(background=(1.0, 0.3, 2.0, 0.5), strength=0.8, frame="original"):
    """Integers with Gaussian weights, and what of the action is not in those."""
    matrix = metric(background, frame)
    weight = np.pi * require_positive("buscher_torus", "strength", strength)
    # Independent integers under the action's diagonal, as much of it as leaves a rest that is nowhere negative.
    diagonal = np.diag(matrix)
    diagonal = diagonal * np.linalg.eigvalsh(matrix / np.sqrt(np.outer(diagonal, diagonal)))[0]
    with numpyro.plate("direction", 2):
        winding = numpyro.sample("winding", IntegerNormal(2 * weight * diagonal[:2]))
        momentum = numpyro.sample("momentum", IntegerNormal(2 * weight * diagonal[2:]))
    z = jnp.concatenate([winding, momentum]).astype(float)
    numpyro.factor("background", -weight * (z @ (matrix - np.diag(diagonal)) @ z))
    return lambda x: 2 * jnp.pi * winding * x[0]


def metric(background, frame):
    """H in a frame."""
    require_choice("buscher_torus", "frame", frame, ("original", *DUALITIES))
    return background_matrix(background if frame == "original" else dual_background(background, frame))


def space():
    """The string."""
    return Box(1.0, 1, centre=0.5)


def observables(background, strength, frame):
    """The sum over Z by the share of its largest term, and the mean action."""
    matrix = metric(background, frame)

    def energy(phi, parameters):
        z = jnp.concatenate([parameters["winding"], parameters["momentum"]]).astype(float)
        return np.pi * strength * (z @ matrix @ z)

    return {
        "energy": Observable(energy).in_units("1"),
        "ground": Observable(lambda phi, parameters: (energy(phi, parameters) == 0).astype(float)).in_units("1"),
        "partition": Derived(lambda mean: 1 / mean["ground"]),
    }


def exact(background, strength, frame):
    """The sum over Z, and its logarithmic derivative by s."""
    here = background if frame == "original" else dual_background(background, frame)
    sums = [background_sum(here, strength * (1 + shift)) for shift in (-1e-4, 0, 1e-4)]
    energy = -(np.log(sums[2]) - np.log(sums[0])) / 2e-4
    return {"energy": (energy, 1e-6), "ground": 1 / sums[1], "partition": sums[1]}


def control(frame):
    """The metric inverted and B kept."""
    return {"frame": "metric only" if frame != "metric only" else "original"}
