"""Translation in time of thermal waves that run in steps."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.dynamics import Rollout


def time_translation(
    potential: Float[np.ndarray, "n n"], time_step: float
) -> tuple[Callable[[Rollout, Float[ArrayLike, " dim"]], Array], Callable[[Mapping[str, Array]], dict[str, Array]]]:
    r"""The flow of the shadow energy, on a rollout with W = 1 and on the white noise of its `thermal_start`.

    $$\delta\varphi = \beta+\tfrac\varepsilon2M\varphi, \qquad \delta z_1 = S z_2, \quad \delta z_2 = -Sz_1, \qquad
    S = \big(M-\tfrac{\varepsilon^2}4M^2\big)^{1/2} .$$

    Args:
        potential: M, for which steps are stable.
        time_step: ε.

    Returns:
        Field action and lift, of a site `noise` of shape (2, n), as a `Symmetry` takes them.

    Source: derived in docs/theory/emergent.md.
    """
    squares, modes = np.linalg.eigh(potential - time_step**2 / 4 * potential @ potential)
    root = (modes * np.sqrt(squares)) @ modes.T

    def moved(phi: Rollout, x: Float[ArrayLike, " dim"]) -> Array:
        biases: Any = phi.beta
        return Rollout(biases + time_step / 2 * phi.phi @ potential, phi.lattice, phi.times)(x)

    def lift(values: Mapping[str, Array]) -> dict[str, Array]:
        one, other = values["noise"]
        return {"noise": jnp.stack([root @ other, -root @ one])}

    return moved, lift
