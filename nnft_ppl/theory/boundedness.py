"""Whether an action falls without bound where the parameters are large, as one of the wrong sign does."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.theory.theory import Theory

DRAWS = 16
SCALES = 2.0 ** np.arange(7)
"""Free draws z are looked at and, along the ray from the origin, at up to 64 z: nothing that has a norm lives there."""


def unbounded_term(theory: Theory) -> str | None:
    """The action term that drives the density up without end along the rays through free draws; None where none does.

    Along a ray −ln(density) = t² |z|²/2 + S(t z) must rise in the end; that it does is necessary, not sufficient.

    Args:
        theory: Any theory.
    """

    def along(position: Array) -> tuple[Array, dict[str, Array]]:
        def at(scale: Array) -> tuple[Array, dict[str, Array]]:
            reading = theory.at(scale * position)
            return 0.5 * jnp.sum((scale * position) ** 2) + reading.potential, reading.action_terms

        return jax.vmap(at)(jnp.asarray(SCALES, position.dtype))

    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), DRAWS))
    energies, terms = jax.jit(lambda all: jax.lax.map(along, all))(positions)
    energy = np.nan_to_num(np.asarray(energies), nan=np.inf, posinf=np.inf, neginf=-np.inf)
    falling = (energy[:, -1] <= energy[:, -2]) & (energy[:, -2] < energy[:, 0])
    if not falling.any():
        return None
    lowest = {name: float(np.nanmin(np.asarray(values)[falling, -1])) for name, values in terms.items()}
    return min(lowest, key=lambda name: lowest[name], default=None)


def unbounded_words(term: str) -> str:
    """What is wrong, and how to mend it.

    Args:
        term: The action term at fault.
    """
    return (
        f"the action falls without bound where the parameters are large (term {term!r}), so that the density has no "
        "norm: is its sign right? numpyro.factor takes minus the action"
    )
