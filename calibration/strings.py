"""The central charge of the free boson, whose bias is a fiftieth of it: more networks than a test can draw."""

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from calibration.rows import Row
from nnft_ppl.exact import WorldsheetBoson

NETWORKS = 1_600_000
WIDTH, UV, IR = 100, 4.0, 0.05
DIRECTIONS = np.exp(1j * math.pi * np.arange(8) / 8)
TOGETHER = 1000


def stress(key: jax.Array, boson: WorldsheetBoson) -> jax.Array:
    """2z⁴⟨T T⟩ at |z| = 1 of one network, averaged over its amplitudes and over directions of z."""
    scales, normals, phases = jax.random.split(key, 3)
    log_t = jax.random.uniform(scales, (WIDTH,), minval=-2 * math.log(UV), maxval=-2 * math.log(IR))
    k = jnp.exp(log_t / -2)[:, None] * jax.random.normal(normals, (WIDTH, 2)) / math.sqrt(2)
    waves = k[:, :1] * np.real(DIRECTIONS) + k[:, 1:] * np.imag(DIRECTIONS)  # k.x, (neuron, direction)
    slope = (k[:, :1] - 1j * k[:, 1:]) / 2 * DIRECTIONS
    size = 2 * boson.alpha_prime * boson.log / WIDTH
    if boson.amplitude == "pair":
        here, across = (size / 2 * jnp.sum(slope**2 * part, axis=0) for part in (1.0, jnp.cos(waves)))
        there = here
    else:
        phase = 2 * math.pi * jax.random.uniform(phases, (WIDTH, 1))
        one, other = slope * jnp.sin(phase), slope * jnp.sin(waves + phase)
        here, there, across = (size * jnp.sum(part, axis=0) for part in (one**2, other**2, one * other))
    return 2 / boson.alpha_prime**2 * jnp.mean((here * there + 2 * across**2).real)


def rows(fraction: float) -> Iterator[Row]:
    """Pulls against c_N, which must be right, and against the value without what width adds, which must be seen."""
    for seed, amplitude in enumerate(("pair", "gaussian")):
        boson = WorldsheetBoson(WIDTH, UV, IR, amplitude=amplitude)
        number = max(20, round(NETWORKS * fraction / TOGETHER))
        keys = jax.random.split(jax.random.key(seed), (number, TOGETHER))
        program = jax.jit(lambda keys, boson=boson: jax.lax.map(jax.vmap(lambda key: stress(key, boson)), keys))
        found = np.asarray(program(keys))
        value, error = float(np.mean(found)), float(np.std(found) / math.sqrt(found.size))
        known, wick = float(boson.central_charge(1.0)), (1 - 1 / WIDTH) * float(boson.current(1.0)) ** 2
        claim = f"free boson, {amplitude}, {found.size} networks: c_N = {value:.5f} ± {error:.5f}"
        yield Row(f"{claim}, pull against {known:.5f}", (value - known) / error, -4.0, 4.0)
        yield Row(f"{claim}, pull against {wick:.5f}", (value - wick) / error, 8.0 * math.sqrt(fraction), math.inf)
