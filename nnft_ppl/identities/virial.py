r"""The virial theorem of what a Gaussian reference holds, as a control of powers of the field averaged over its space.

With L Lᵀ = (1 + Q)⁻¹ and A = 1 − L Lᵀ the vector field V = A a·∂ of the amplitudes a has the identity

    E[D] = 0,        D = a·A (a + ∇S) − tr A,

two projections and a trace, whatever is averaged. It stretches the field as another constant c would, with ½ a·Q a =
½ c ∫φ², and so knows what draws have too much of φ². Of a Gaussian field of ⟨φ²⟩ = G = tr A/cV

    O' = O − (p/2) (p − 1)!! G^{p/2 − 1} D/cV,        O = V⁻¹ ∫ φ^p,

varies with the draw's own stretching in the second order only; for p = 2 it is the improved form of O itself, but for
what a coarse grid of Q misses. G depends on the features alone, so that the average is that of O whatever the theory.

Source: derived in docs/theory/reference.md.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.identities.frame import Frame


def virial(
    frame: Frame, amplitudes: Float[Array, "amplitude"], slope: Float[Array, "amplitude"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """D and tr A.

    Args:
        frame: L of the draw.
        amplitudes: a.
        slope: ∇S in them.
    """
    force = amplitudes + slope
    inner = frame.project(jnp.stack([amplitudes, force]))
    held = frame.held
    return amplitudes @ force - inner[0] @ inner[1] - held, held


def stretching(power: int, held: Float[Array, ""], stiffness: float) -> Float[Array, ""]:
    """dO/dD = (p/2) (p − 1)!! G^{p/2 − 1}/cV, of an average of φ^p.

    Args:
        power: p, even.
        held: tr A.
        stiffness: c V.
    """
    return power / 2 * math.prod(range(1, power, 2)) * (held / stiffness) ** (power // 2 - 1) / stiffness
