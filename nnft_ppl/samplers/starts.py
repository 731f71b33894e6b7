"""Where chains start: exact draws of the free theory, at which the action and its forces are looked at first."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.samplers.jumps import Modes, start_in_modes
from nnft_ppl.samplers.sampler import SamplerError
from nnft_ppl.target import Target

START_DRAWS = 32
"""Free draws at which forces are computed before the chains start, at least."""


class Start(NamedTuple):
    """Where the chains start."""

    positions: Float[Array, "chain dimension"]
    potentials: Float[Array, " chain"]
    forces: Float[Array, "chain dimension"]
    """Gradients of the potential."""
    typical_forces: Float[np.ndarray, "draw dimension"]
    """The same at these and further free draws."""


def start_chains(target: Target, key: Array, num_chains: int, modes: Modes | None = None) -> Start:
    """One exact free draw per chain, where the potential and its gradient are known to be finite.

    Where there is more than one mode, the chains start in all of them, in turn.

    Raises:
        SamplerError: If they are not.
    """

    def start(position: Array) -> tuple[Array, Array, Array]:
        return position, *jax.value_and_grad(target.potential)(position)

    @jax.jit
    def start_all(keys: Array) -> tuple[Array, Array, Array]:
        # One after the other: many at once would take much memory where there are many neurons.
        free = jax.lax.map(target.free_draw, keys)
        first = free[:num_chains] if modes is None else start_in_modes(key, modes, num_chains)
        return jax.lax.map(start, jnp.concatenate([first, free[num_chains:]]))

    number = max(num_chains, START_DRAWS)
    all_positions, all_values, all_gradients = start_all(jax.random.split(key, number))
    positions, values, gradients = (array[:num_chains] for array in (all_positions, all_values, all_gradients))
    for chain in range(num_chains):
        if not jnp.isfinite(values[chain]):
            raise SamplerError(
                f"the action is {float(values[chain])} at the start of chain {chain}, a draw of the free theory: look "
                "for a logarithm or root of a negative number, a division by zero or an overflow in the model's "
                "factors (`nnft check` shows each term)"
            )
        if not jnp.all(jnp.isfinite(gradients[chain])):
            raise SamplerError(
                f"the gradient of the action is not finite at the start of chain {chain} although the action is: look "
                "for jnp.where, sqrt or norm at zero in the model"
            )
    forces = np.asarray(all_gradients)
    return Start(positions, values, gradients, forces[np.all(np.isfinite(forces), axis=1)])


def start_positions(
    target: Target, key: Array, num_chains: int, modes: Modes | None = None
) -> Float[Array, "chain dimension"]:
    """One exact free draw per chain, where the potential and its gradient are known to be finite.

    Args:
        target: What is sampled.
        key: A random key, a scalar.
        num_chains: Number of chains.
        modes: Where the chains start, in turn, if there is more than one.

    Returns:
        Positions z, shape (chain, dimension).

    Raises:
        SamplerError: If the action or its gradient is not finite on a free draw.
    """
    return start_chains(target, key, num_chains, modes).positions
