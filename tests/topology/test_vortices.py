"""The gas of vortices against all configurations of a tiny torus, with wrong moves that must be seen; its angles."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl.topology import (
    bare_stiffness,
    gas_action,
    spin_wave_modes,
    spin_wave_two_point,
    vortex_angles,
    vortex_gas,
)
from nnft_ppl.topology.vortices import Energies, Gas, transfer, turn

SIZE, B, FUGACITY = 3, 0.9, 0.4


def configurations(size):
    """All neutral charges with the sectors of weight above e^-40, and the logarithms of their weights."""
    charges = np.array([q for q in itertools.product((-1, 0, 1), repeat=size**2) if not sum(q)]).reshape(-1, size, size)
    moments = np.stack([(charges.sum(2) * np.arange(size)).sum(1), (charges.sum(1) * np.arange(size)).sum(1)], axis=1)
    turns = size * np.stack(np.meshgrid(np.arange(-5, 6), np.arange(-5, 6)), axis=-1).reshape(-1, 2)
    dipoles = moments[:, None] + turns
    weights = jax.vmap(lambda q: gas_action(q, jnp.zeros(2), B, FUGACITY))(jnp.asarray(charges))
    sector = bare_stiffness(B) / 2 * (2 * np.pi / size) ** 2 * np.sum(dipoles**2, axis=-1)
    return charges, dipoles, -np.asarray(weights, float)[:, None] - sector


@functools.cache
def exact():
    charges, dipoles, logs = configurations(SIZE)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    number = np.abs(charges).sum((1, 2))
    return {
        "number": np.sum(weights.sum(1) * number),
        "pairs": np.sum(weights.sum(1) * (number == 2)),
        "dipole_squared": np.sum(weights * np.mean(dipoles**2, axis=-1)),
        "dipole_number": np.sum(weights * np.mean(dipoles**2, axis=-1) * number[:, None]),
    }


RIGHT = {"listed": 0.0, "forgotten": 0.0, "sector": 1.0}
"""Of wrong moves: a factor of the number of vortices, as if they were in a list that insertions lengthen; the energy of
two charges with each other left out; another energy of the sectors than of the rest."""


@jax.jit
def chains(seed, listed, forgotten, sector):
    """Averages of every chain, with moves that are right for `RIGHT`."""
    energies = Energies.of(SIZE, B, FUGACITY)

    def step(gas, drawn):
        places, luck = drawn
        here, direction, sign = places[0] // 8, places[0] % 4, 1 - 2 * (places[0] // 4 % 2)
        number = 1 + jnp.sum(jnp.abs(gas.charges))
        pair = energies.pairs[0, jnp.array([SIZE, 1])[direction % 2]]
        wrong = ((1 + number) / number) ** listed * jnp.exp(forgotten * pair)
        gas = transfer(gas, energies, SIZE, here, direction, sign, luck[0] * wrong)
        turned = energies._replace(sector=sector * energies.sector)
        gas = turn(gas, turned, SIZE, 1 - 2 * (places[1:] % 2), luck[1:])
        count, squared = jnp.sum(jnp.abs(gas.charges)), jnp.mean(gas.dipole.astype(float) ** 2)
        return gas, {"number": count, "pairs": count == 2, "dipole_squared": squared, "dipole_number": squared * count}

    def one(key):
        empty = Gas(jnp.zeros(SIZE**2, int), jnp.zeros(SIZE**2), jnp.zeros(2, int))
        keys = jax.random.split(key)
        drawn = jax.random.randint(keys[0], (2000, 3), 0, 8 * SIZE**2), jax.random.uniform(keys[1], (2000, 3))
        found = jax.lax.scan(step, empty, drawn)[1]
        return jax.tree.map(lambda series: jnp.mean(series[200:].astype(float)), found)

    return jax.vmap(one)(jax.random.split(jax.random.key(seed), 100))


def worst(found):
    """Largest distance from the exact averages, in errors between chains."""
    known = exact()
    return max(
        abs(np.mean(one) - known[name]) / (np.std(one, ddof=1) / np.sqrt(len(one))) for name, one in found.items()
    )


def test_moves_are_exact():
    assert worst(chains(1, **RIGHT)) < ACCEPTED


@pytest.mark.parametrize("wrong", [{"listed": 1.0}, {"forgotten": 1.0}, {"sector": 0.5}])
def test_wrong_ratios_are_seen(wrong):
    assert worst(chains(1, **RIGHT | wrong)) > REJECTED


def test_angles_turn_around_vortices_and_close():
    charges = np.zeros((12, 12), int)
    charges[1, 5], charges[8, 0], charges[11, 11], charges[0, 0] = 1, -1, 1, -1
    moment = np.array([(charges.sum(1) * np.arange(12)).sum(), (charges.sum(0) * np.arange(12)).sum()])
    dipole = moment - 12 * np.round(moment / 12).astype(int) + np.array([0, 12])
    angles = np.asarray(vortex_angles(charges, dipole))

    def steps(axis):  # gradients nearest to those of the smooth solution, across the boundary as well
        inverse = np.roll(angles, -1, axis=axis) - angles
        return (inverse + np.pi) % (2 * np.pi) - np.pi

    along, across = steps(0), steps(1)
    curl = along + np.roll(across, -1, axis=0) - np.roll(along, -1, axis=1) - across
    np.testing.assert_allclose(curl, 2 * np.pi * charges, atol=2e-5)
    # A uniform gradient 2πP_y/L² along x: what vortex-antivortex pairs that went around the torus leave behind.
    uniform = np.asarray(vortex_angles(np.zeros((5, 5), int), np.array([0, 5])))
    np.testing.assert_allclose(uniform, np.broadcast_to(2 * np.pi * np.arange(5)[:, None] / 5, (5, 5)), atol=1e-5)


def test_energy_of_the_sector_is_that_of_the_angles():
    # On the lattice K/2 Σ (Δθ)² splits into that of the vortices and of the uniform gradient, which P tells.
    charges = np.zeros((6, 6), int)
    charges[1, 1], charges[1, 2] = 1, -1
    energies = []
    for dipole in ([0, -1], [6, -1], [0, 5]):
        angles = np.asarray(vortex_angles(charges, dipole), float)
        steps = [np.roll(angles, -1, axis=axis) - angles for axis in (0, 1)]
        # Differences inside, where no boundary is crossed; θ there is the smooth solution.
        energies.append([np.mean(steps[0][:-1, 4]), np.mean(steps[1][4, :-1])])
    shift = 2 * np.pi / 36
    np.testing.assert_allclose(np.subtract(energies[1], energies[0]), [0, -6 * shift], atol=1e-5)
    np.testing.assert_allclose(np.subtract(energies[2], energies[0]), [6 * shift, 0], atol=1e-5)


def test_spin_waves_are_exact_at_every_width():
    modes, rng = spin_wave_modes(8), np.random.default_rng(0)
    squared = np.sum(modes**2, axis=1)
    drawn = modes[rng.choice(len(modes), (200_000, 2), p=1 / squared / np.sum(1 / squared))]
    phases = rng.uniform(-np.pi, np.pi, (200_000, 2))
    x, b = np.array([2.0, 1.0]), 0.7
    amplitude = np.sqrt(2 * np.sum(1 / squared) / np.pi / 2)
    difference = amplitude * np.sum(np.cos(2 * np.pi / 8 * drawn @ x + phases) - np.cos(phases), axis=1)
    values = np.cos(b * difference)
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - spin_wave_two_point(8, b, x, 2)) < ACCEPTED * error
    assert abs(np.mean(values) - spin_wave_two_point(8, b, x)) > REJECTED * error  # the Gaussian limit
    # That limit is the power law r^(-b²), as a torus has it.
    r = np.array([[4.0, 0.0], [16.0, 0.0]])
    one, two = spin_wave_two_point(64, 0.4, r)
    known = (np.sin(np.pi * 4 / 64) / np.sin(np.pi * 16 / 64)) ** 0.16
    assert two / one == pytest.approx(known, rel=2e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vortex_gas(2), "size = 2"),
        (lambda: vortex_gas(8, b=0.0), "b = 0"),
        (lambda: vortex_gas(8, fugacity=-1.0), "fugacity = -1"),
        (lambda: vortex_gas(8, width=0), "width = 0"),
        (lambda: vortex_gas(8, num_blocks=2), "num_blocks = 2"),
    ],
)
def test_mistakes_of_the_gas(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_what_was_never_seen_has_no_known_error():
    """At this fugacity there are 10⁻¹² vortices, and none in any chain: zero is no answer that is certain."""
    found = vortex_gas(SIZE, 0.2, 1e-6, steps=2**12, num_chains=4)
    assert found["vortices"].value == 0
    assert np.isnan([found["vortices"].error, found["stiffness"].error]).all()
    assert found["two_point"].error[0] == 0
    assert np.isnan(found["two_point"].error[1:]).all()
