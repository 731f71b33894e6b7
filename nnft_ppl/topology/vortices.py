r"""Chains of the neutral Coulomb gas of `nnft_ppl.topology.coulomb_gas`: a variable number of vortices.

One move takes a plaquette p, a neighbour p' of it and a sign s, each uniform, and proposes q_p + s, q_p' − s. Where one
charge goes and comes it displaces a vortex, of two empty plaquettes it makes a pair, of a pair it makes none. Written
by occupation numbers and not by lists of vortices, the way back is chosen as often as the way there, whatever the
number of vortices: the ratio of a reversible jump is e^{−ΔS} alone, with

    ΔS = s (u_p − u_p') − U_pp' − (|q_p'| + |q_p| after − before) ln y + ΔS_sector,        u_p = Σ_p'' U_pp'' q_p'',

where the potential u is carried along, L² sums for an accepted move and none for others. The dipole moment follows the
displacements, and P_x -> P_x ± L is a move of its own.

Source: reversible jumps: P. Green, Biometrika 82 (1995) 711; the moves are those of arXiv:2604.02313.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.statistics import Estimate, estimate
from nnft_ppl.topology.coulomb_gas import (
    bare_stiffness,
    dipole_moment,
    pair_energies,
    spin_wave_two_point,
    vortex_angles,
)
from nnft_ppl.topology.unseen import doubt_unseen

KNOWN = 5.0
"""Errors that the two-point function must be above zero for its exponent to be read there."""
CALL = 512
"""Moves for which random numbers are drawn at once, and after which the gas is measured."""


class Gas(NamedTuple):
    """One chain's charges; plaquette (x, y) has the number L x + y."""

    charges: Int[Array, "plaquette"]
    potential: Float[Array, "plaquette"]
    """u, the energy of a further charge +1."""
    dipole: Int[Array, "2"]


class Energies(NamedTuple):
    """What the weight of a configuration is made of."""

    pairs: Float[Array, "plaquette plaquette"]
    """U of two charges +1."""
    vortex: Float[Array, ""]
    """−ln y."""
    sector: Float[Array, ""]
    """(K/2) (2π/L)², in front of P²."""

    @classmethod
    def of(cls, size: int, b: float, fugacity: float) -> "Energies":
        """Those of a torus of L × L plaquettes."""
        table, here = pair_energies(size, b), np.indices((size, size)).reshape(2, -1)
        pairs = table[tuple((here[:, :, None] - here[:, None, :]) % size)]
        sector = bare_stiffness(b) / 2 * (2 * np.pi / size) ** 2
        return cls(jnp.asarray(pairs), jnp.asarray(-np.log(fugacity)), jnp.asarray(sector))


def transfer(gas: Gas, energies: Energies, size: int, here: Array, direction: Array, sign: Array, luck: Array) -> Gas:
    """One move of charge between neighbouring plaquettes.

    Args:
        gas: Before it.
        energies: Of the weight.
        size: L.
        here: The plaquette that gains the charge.
        direction: Where the one is that loses it: 0 to 3, forwards along both axes, then backwards.
        sign: Of the charge.
        luck: A uniform random number.
    """
    axis, step = direction % 2, 1 - 2 * (direction // 2)
    x, y = here // size, here % size
    there = jnp.where(axis == 0, (x + step) % size * size + y, x * size + (y + step) % size)
    gains, loses = gas.charges[here] + sign, gas.charges[there] - sign
    number = jnp.abs(gains) + jnp.abs(loses) - jnp.abs(gas.charges[here]) - jnp.abs(gas.charges[there])
    dipole = gas.dipole - sign * step * (jnp.arange(2) == axis)
    change = sign * (gas.potential[here] - gas.potential[there]) - energies.pairs[here, there]
    change += number * energies.vortex + energies.sector * jnp.sum(dipole**2 - gas.dipole**2)
    allowed = (jnp.abs(gains) <= 1) & (jnp.abs(loses) <= 1)
    accepted = allowed & (jnp.log(luck) < -change)
    moved = jnp.where(accepted, sign, 0)
    potential = gas.potential + moved * (energies.pairs[here] - energies.pairs[there])
    charges = gas.charges.at[here].add(moved).at[there].add(-moved)
    return Gas(charges, potential, jnp.where(accepted, dipole, gas.dipole))


def turn(gas: Gas, energies: Energies, size: int, signs: Array, luck: Array) -> Gas:
    """A move of the sector along each axis, P -> P ± L.

    Args:
        gas: Before it.
        energies: Of the weight.
        size: L.
        signs: ±1 for each axis.
        luck: A uniform random number for each.
    """
    dipole = gas.dipole + size * signs
    accepted = jnp.log(luck) < energies.sector * (gas.dipole**2 - dipole**2)
    return gas._replace(dipole=jnp.where(accepted, dipole, gas.dipole))


class Measured(NamedTuple):
    """What is averaged over the measurements of a block."""

    vortices: Float[Array, ""]
    """Σ |q|/L²."""
    dipole_squared: Float[Array, ""]
    """Average of P_x² and P_y²."""
    two_point: Float[Array, "separation"]
    """cos(θ_v(x + r) − θ_v(x)) of r = 0 … ⌊L/2⌋ along both axes, averaged over x."""


def measure(gas: Gas, size: int) -> Measured:
    """The measurements on one configuration."""
    phases = jnp.exp(1j * vortex_angles(gas.charges.reshape(size, size), gas.dipole))
    powers = jnp.abs(jnp.fft.fft2(phases)) ** 2 / size**2
    along = jnp.real(jnp.fft.ifft2(powers))
    two_point = (along[0] + along[:, 0]) / 2
    vortices = jnp.mean(jnp.abs(gas.charges).astype(float))
    return Measured(vortices, jnp.mean(gas.dipole.astype(float) ** 2), two_point[: size // 2 + 1])


@partial(jax.jit, static_argnames="size")
def advance(gases: Gas, keys: Array, size: int, energies: Energies, calls: Array) -> tuple[Gas, Measured]:
    """`calls` times `CALL` moves of every chain with a measurement after each; all with a leading axis of chains."""

    def one_chain(gas: Gas, key: Array) -> tuple[Gas, Measured]:
        def call(turns: Array, carry: tuple[Gas, Measured]) -> tuple[Gas, Measured]:
            gas, sums = carry
            gas = some_moves(gas, jax.random.fold_in(key, turns), energies, size, CALL)
            return gas, jax.tree.map(jnp.add, sums, measure(gas, size))

        nothing = jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), jax.eval_shape(lambda: measure(gas, size)))
        gas, sums = jax.lax.fori_loop(0, calls, call, (gas, nothing))
        return gas, jax.tree.map(lambda one: one / calls, sums)

    return jax.vmap(one_chain)(gases, keys)


def gas_moves(
    size: int, b: float, fugacity: float, sweeps: int = 2
) -> Callable[[Array, dict[str, Array]], dict[str, Array]]:
    """Sweeps of the gas as the move of the model's discrete sites `charge` (L, L) and `turn` (2,).

    Args:
        size: L.
        b: Amplitude of the spin waves.
        fugacity: y.
        sweeps: Times L² moves of charge.

    Returns:
        (key, values) -> values, which leaves the weight of `nnft_ppl.topology.gas_action` invariant.

    Raises:
        TypeError, ValueError: If an argument is not a number, or out of range.
    """
    energies, number = Energies.of(size, b, fugacity), sweeps * size**2

    def moves(key: Array, values: dict[str, Array]) -> dict[str, Array]:
        charges = values["charge"].ravel().astype(jnp.int32)
        dipole = dipole_moment(values["charge"], values["turn"]).astype(jnp.int32)
        gas = Gas(charges, jnp.zeros(size**2, energies.pairs.dtype), dipole)
        gas = some_moves(gas, key, energies, size, number)
        charge = gas.charges.reshape(size, size)
        return {"charge": charge, "turn": (gas.dipole - dipole_moment(charge, jnp.zeros(2, int))) // size}

    return moves


def some_moves(gas: Gas, key: Array, energies: Energies, size: int, number: int) -> Gas:
    """A move of the sector, and so many of charge.

    Args:
        gas: Before them, with any potential: that is computed afresh, so that rounding does not add up.
        key: A random key, a scalar.
        energies: Of the weight.
        size: L.
        number: Moves of charge.
    """

    def step(gas: Gas, drawn: tuple[Array, Array]) -> tuple[Gas, None]:
        place, luck = drawn
        return transfer(gas, energies, size, place // 8, place % 4, 1 - 2 * (place // 4 % 2), luck), None

    keys = jax.random.split(key)
    places = jax.random.randint(keys[0], (number + 2,), 0, 8 * size**2, dtype=jnp.int32)
    luck = jax.random.uniform(keys[1], (number + 2,))
    gas = turn(gas, energies, size, 1 - 2 * (places[:2] % 2), luck[:2])
    gas = gas._replace(potential=energies.pairs @ gas.charges.astype(energies.pairs.dtype))
    return jax.lax.scan(step, gas, (places[2:], luck[2:]))[0]


def vortex_gas(
    size: int = 32,
    b: float = 0.4,
    fugacity: float = 0.05,
    *,
    width: int | None = None,
    steps: int = 2**18,
    num_chains: int = 32,
    num_blocks: int = 16,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Averages of spin waves and vortices on a torus, the vortices by chains of their own, the spin waves exactly.

    The angle is b θ_sw + θ_v, of which the first is independent of the vortices.

    Args:
        size: L, at least 3.
        b: Amplitude of the spin waves, positive; K = 1/(2πb²).
        fugacity: y, positive.
        width: Number of random neurons of the spin waves; None for all modes.
        steps: Moves per chain, after half as many that are thrown away. A sweep of the lattice are L².
        num_chains: Independent chains, advanced together.
        num_blocks: Blocks of moves in each, between which correlations are looked for.
        seed: Of the random numbers.

    Returns:
        `two_point` ⟨cos(θ(x) − θ(y))⟩ at r = 0, 1, …, ⌊L/2⌋ along an axis; `exponent` η, the slope of −ln of it
        against ln sin(πr/L) where r ≥ 2 and it is known to a fifth, left out if that is nowhere; `vortices` per
        plaquette; `stiffness` Υ/T = K − K² (2π/L)² ⟨P_x²⟩. Without units; an error is NaN
        where no vortex was in any chain.

    Raises:
        TypeError, ValueError: If an argument is not a number, or out of range.

    Example:
        >>> found = vortex_gas(8, 0.4, 0.05, steps=2**12)
        >>> bool(abs(found["stiffness"].value - bare_stiffness(0.4)) < 0.02)  # hardly any vortices
        True
    """
    owner = "vortex_gas"
    size, fugacity = require_count(owner, "size", size, least=3), require_positive(owner, "fugacity", fugacity)
    steps, num_chains = require_count(owner, "steps", steps), require_count(owner, "num_chains", num_chains)
    num_blocks = require_count(owner, "num_blocks", num_blocks, least=4)
    energies, stiffness = Energies.of(size, b, fugacity), bare_stiffness(b)
    waves = spin_wave_two_point(size, b, np.arange(size // 2 + 1)[:, None] * np.array([1.0, 0.0]), width)
    calls = max(1, steps // (CALL * num_blocks))
    keys = jax.random.split(jax.random.key(seed), (num_blocks + 1, num_chains))
    empty = jnp.zeros((num_chains, size**2), energies.pairs.dtype)
    gases = Gas(empty.astype(jnp.int32), empty, jnp.zeros((num_chains, 2), jnp.int32))
    gases, _ = advance(gases, keys[0], size, energies, jnp.int32((calls * num_blocks + 1) // 2))
    found = []
    for one in keys[1:]:
        gases, measured = advance(gases, one, size, energies, jnp.int32(calls))
        found.append([np.asarray(part, float) for part in measured])
    vortices, squared, pairs = (np.stack(parts, axis=1) for parts in zip(*found, strict=True))
    series = {
        "two_point": waves * pairs,
        "vortices": vortices,
        "stiffness": stiffness - stiffness**2 * (2 * np.pi / size) ** 2 * squared,
    }
    found = estimate(series)
    known = np.abs(found["two_point"].value) > KNOWN * found["two_point"].error
    r = 2 + np.flatnonzero(known[2:])
    exponent = estimate({"exponent": exponents(series["two_point"], size, r)}) if len(r) > 2 else {}
    return doubt_unseen(found | exponent)


def exponents(
    two_point: Float[np.ndarray, "chain draw separation"], size: int, r: Int[np.ndarray, "point"]
) -> Float[np.ndarray, "chain draw"]:
    """Series whose mean is η: the slope of −ln C(r) against ln sin(πr/L), by its linear law.

    Args:
        two_point: Series of C at r = 0 … ⌊L/2⌋.
        size: L.
        r: Where it is read.
    """
    away = np.log(np.sin(np.pi * r / size))
    away -= away.mean()
    two_point = two_point[..., r]
    mean = two_point.mean((0, 1))
    slope = -(away @ np.log(mean)) / (away @ away)
    return slope - (two_point / mean - 1) @ away / (away @ away)
