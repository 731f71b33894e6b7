"""Where chains start: exact draws of the free theory, at which the action and its forces are looked at first."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.samplers.modes import Modes, start_in_modes
from nnft_ppl.samplers.sampler import SamplerError
from nnft_ppl.target import Target

START_DRAWS = 32
"""Free draws at which forces are computed before the chains start, at least."""
MOST_ROUNDS = 16
"""Rounds of so many free draws in which starts are looked for, where an infinite action forbids some."""


class Start(NamedTuple):
    """Where the chains start."""

    positions: Float[Array, "chain dimension"]
    potentials: Float[Array, " chain"]
    forces: Float[Array, "chain dimension"]
    """Gradients of the potential."""
    typical_forces: Float[np.ndarray, "draw dimension"]
    """The same at these and further free draws."""


def refuse_discrete(target: Target) -> None:
    """Raise `ValueError` for discrete coordinates, in which the action jumps and no gradient leads anywhere.

    Args:
        target: What is sampled.
    """
    if target.discrete:
        names = ", ".join(repr(name) for name in target.discrete.sites)
        raise ValueError(
            f"this sampler follows gradients, and there are none in discrete sites ({names}): use --sampler mixed, or "
            "one that needs no gradient (reweight, pcn, elliptical-slice)"
        )


def start_chains(target: Target, key: Array, num_chains: int, modes: Modes | None = None) -> Start:
    """One exact free draw per chain, where the potential and its gradient are known to be finite.

    Of those that are looked at the chains take the ones of lowest, ..., highest potential: they start far apart. Where
    there is more than one mode, they start in all of them, in turn. An action of +∞ is a wall: no chain starts there.

    Raises:
        SamplerError: If they are not, or too few free draws are before the wall.
    """

    def start(position: Array) -> tuple[Array, Array, Array]:
        return position, *jax.value_and_grad(target.potential)(position)

    number = max(num_chains, START_DRAWS)
    # One after the other: many at once would take much memory where there are many neurons.
    draw_all = jax.jit(lambda keys: jax.lax.map(target.free_draw, keys))
    start_all = jax.jit(lambda positions: jax.lax.map(start, positions))
    found: list[tuple[np.ndarray, ...]] = []
    for number_of_round in range(MOST_ROUNDS):
        round_key = key if number_of_round == 0 else jax.random.fold_in(key, number_of_round)
        drawn = draw_all(jax.random.split(round_key, number))
        if modes is not None:
            drawn = jnp.concatenate([start_in_modes(round_key, modes, num_chains), drawn[num_chains:]])
        positions, values, gradients = (np.asarray(part) for part in start_all(drawn))
        _refuse_undefined(values[:num_chains])
        inside = np.isfinite(values)
        found.append((positions[inside], values[inside], gradients[inside]))
        if sum(len(part[1]) for part in found) >= num_chains:
            break
    positions, values, gradients = (np.concatenate(column) for column in zip(*found, strict=True))
    if len(values) < num_chains:
        raise SamplerError(
            f"the action is infinite on all but {len(values)} of {MOST_ROUNDS * number} draws of the free theory, and "
            f"{num_chains} chains have to start at some: the model's factors forbid nearly everything; let its "
            "distributions draw parameters inside (a truncated one, say), or make the wall a steep slope"
        )
    ranks = np.linspace(0, len(values) - 1, num_chains).round().astype(int)
    chosen = np.argsort(values)[ranks] if modes is None else np.arange(num_chains)
    smooth = np.all(np.isfinite(gradients), axis=1)
    if not np.all(smooth[chosen]):
        raise SamplerError(
            f"the gradient of the action is not finite at the start of chain {int(np.argmin(smooth[chosen]))} "
            "although the action is: look for jnp.where, sqrt or norm at zero in the model"
        )
    begun, potentials, forces = (jnp.asarray(part[chosen]) for part in (positions, values, gradients))
    return Start(begun, potentials, forces, gradients[smooth])


def _refuse_undefined(values: np.ndarray) -> None:
    """Raise `SamplerError` if the action is NaN or −∞ where chains would start."""
    bad = np.isnan(values) | np.isneginf(values)
    if np.any(bad):
        chain = int(np.argmax(bad))
        raise SamplerError(
            f"the action is {float(values[chain])} at the start of chain {chain}, a draw of the free theory: look "
            "for a logarithm or root of a negative number, a division by zero or an overflow in the model's factors "
            "(`nnft check` shows each term)"
        )


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
