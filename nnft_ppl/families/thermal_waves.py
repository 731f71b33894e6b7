"""Energies of waves that run in steps on a ring, and their translation in time."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.dynamics import Rollout


def wave_energies(phi: Rollout, mass: float, time_step: float) -> tuple[Array, Array, Array]:
    r"""Energy, shadow energy, and the size of what they are sums of, of a rollout on a ring, shape (time,) each.

    $$E = \tfrac12\sum_x\big(\beta^2+(\partial\varphi)^2+m^2\varphi^2\big), \qquad
    E_s = E+\tfrac\varepsilon2\sum_x\big(m^2\beta\varphi+\partial\beta\,\partial\varphi\big)$$

    with differences $\partial\varphi = (\varphi(x+a)-\varphi(x))/a$. Of a small mass φ is large and these are rounded
    like φ/a, which the size counts.

    Args:
        phi: With biases, on a ring.
        mass: m.
        time_step: ε.

    Source: derived in docs/theory/emergent.md.
    """
    spacing, biases = phi.lattice.spacing, jnp.asarray(phi.beta)
    slope, bend = ((jnp.roll(one, -1, 1) - one) / spacing for one in (phi.phi, biases))
    plain = biases**2 + slope**2 + mass**2 * phi.phi**2
    mixed = time_step * (mass**2 * biases * phi.phi + bend * slope)
    rounded = 2 * jnp.abs(phi.phi / spacing) * (jnp.abs(slope) + time_step * jnp.abs(bend))
    energy, shadow, size = (
        jnp.sum(one, axis=1) / 2 for one in (plain, plain + mixed, plain + jnp.abs(mixed) + rounded)
    )
    return energy, shadow, size


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
