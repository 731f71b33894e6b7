r"""The lattice peer: φ⁴ on a periodic square by Fourier-accelerated HMC, as a lattice practitioner writes it in JAX.

    S = Σ_x a² [½ φ (p² + m²) φ + (λ/4!) φ⁴],    K = ½ Σ_x a² v (p² + M²) v,    φ' = v

in modes |n_j| ≤ K, with the continuum's p² = (2πn/L)²: without this library, and for its theory on 4K + 4 points per
axis. On 2K + 2, the practitioner's own lattice, φ⁴ of the highest modes is folded back. M² = m² + (λ/2) ⟨φ²⟩ and the
step size are tuned in the warm-up. Source: Fourier acceleration, Davies et al., Phys. Rev. D 41, 1953 (1990).
"""

import math
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from benchmarks.answers import estimated

CHAINS = 16
"""In one batch: so many small transforms cost little more than one."""
TRAJECTORY, ACCEPTANCE, ROUNDS = math.pi / 2, 0.8, 15
"""A quarter of the period that all modes share where M² is that of the field; what the warm-up aims at; its rounds."""


def lattice(coupling: float, side: float, modes: int, points: int, mass: float, draws: int, r: float) -> Callable:
    """(φ, keys, step, M²) -> φ, {"two_point", "phi_squared", "acceptance"} of so many draws of every chain.

    Fields are their Fourier modes, (chain, points, points//2 + 1); `two_point` is averaged over all translations,
    and over both axes.
    """
    first, last = np.meshgrid(np.fft.fftfreq(points, 1 / points), np.arange(points // 2 + 1), indexing="ij")
    inside = (abs(first) <= modes) & (last <= modes)
    squared = (2 * np.pi / side) ** 2 * (first**2 + last**2)
    share = inside * np.where(last == 0, 1, 2) / points**4  # Σ share |φ_k|² is the average of φ²
    area = side**2

    def average(f: Array, of: Any = 1.0) -> Array:
        return jnp.sum(share * of * jnp.abs(f) ** 2)

    def at_points(f: Array) -> Array:
        return jnp.fft.irfft2(f, s=(points, points))

    def energy(phi: Array, v: Array, heavy: Array) -> Array:
        quadratic = average(phi, squared + mass**2) + average(v, squared + heavy)
        return area * (quadratic / 2 + coupling / 24 * jnp.mean(at_points(phi) ** 4))

    def force(phi: Array, heavy: Array) -> Array:  # over (p² + M²)
        x = at_points(phi)
        rest = jnp.fft.rfft2((mass**2 - heavy) * x + coupling / 6 * x**3)
        return jnp.where(inside, -phi - rest / (squared + heavy), 0)

    def trajectory(phi: Array, key: Array, step: Array, heavy: Array) -> tuple[Array, dict[str, Array]]:
        noise, length, accept = jax.random.split(key, 3)
        white = jnp.fft.rfft2(jax.random.normal(noise, (points, points))) * points / side
        v = jnp.where(inside, white / jnp.sqrt(squared + heavy), 0)
        leaps = jnp.ceil(TRAJECTORY / step).astype(int)
        step = step * jax.random.uniform(length, minval=0.8, maxval=1.2)  # trajectories of different length

        def leap(_: Any, state: tuple[Array, Array]) -> tuple[Array, Array]:
            q, w = state
            w = w + step * force(q, heavy)
            return q + step * w, w

        q, w = phi + step / 2 * v, v  # positions first: one force a step
        q, w = jax.lax.fori_loop(0, leaps, leap, (q, w))
        q = q - step / 2 * w
        chance = jnp.exp(jnp.minimum(energy(phi, v, heavy) - energy(q, w, heavy), 0.0))
        phi = jnp.where(jax.random.uniform(accept) < chance, q, phi)
        apart = average(phi, (np.cos(2 * np.pi * first * r / side) + np.cos(2 * np.pi * last * r / side)) / 2)
        return phi, {"two_point": apart, "phi_squared": average(phi), "acceptance": chance}

    def chain(phi: Array, key: Array, step: Array, heavy: Array) -> tuple[Array, dict[str, Array]]:
        keys = jax.random.split(key, draws)
        return jax.lax.scan(lambda phi, key: trajectory(phi, key, step, heavy), phi, keys)

    return jax.vmap(chain, in_axes=(0, 0, None, None))


def run(
    started: float, coupling: float, side: float, modes: int, seconds: float, points: int = 0, mass: float = 1.0,
    r: float = 1.0, block: int = 100, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Compile, tune, and draw until so many seconds of drawing are over.

    Args:
        started: When the process was started, in seconds since the epoch.
        coupling: λ.
        side: L.
        modes: Highest mode K along each axis.
        seconds: Time for draws, compilation and warm-up not counted.
        points: Of the lattice along each axis; 0 for 2K + 2.
        mass: m.
        r: Distance of `two_point`.
        block: Draws per chain in one call.
        seed: Seed of the run.

    Returns:
        `compile`, `warmup` in seconds, `seconds_per_draw` (of all chains together), `draws`, `estimates`, `acceptance`,
        `heavy` (M²), and `wall` since the start.
    """
    points = points or 2 * modes + 2
    devices = jax.device_count() if CHAINS % jax.device_count() == 0 else 1
    mesh = jax.make_mesh((devices,), ("chain",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.P("chain")
    many = lattice(coupling, side, modes, points, mass, block, r)
    draw = jax.jit(jax.shard_map(many, mesh=mesh, in_specs=(split, split, jax.P(), jax.P()), out_specs=split))
    phi = jnp.zeros((CHAINS, points, points // 2 + 1), complex)
    phi = jax.device_put(phi, jax.NamedSharding(mesh, split))
    step, heavy, number = 0.4, mass**2, 0

    def keys() -> Array:
        return jax.device_put(
            jax.random.split(jax.random.key(1000 * seed + number), CHAINS), jax.NamedSharding(mesh, split)
        )

    begun = time.time()
    draw = draw.lower(phi, keys(), step, heavy).compile()
    compiled = time.time()
    for _ in range(ROUNDS):
        number += 1
        phi, found = draw(phi, keys(), step, heavy)
        means = {name: float(jnp.mean(one)) for name, one in found.items()}
        heavy = mass**2 + coupling / 2 * means["phi_squared"]
        step = float(np.clip(step * math.exp(means["acceptance"] - ACCEPTANCE), 0.02, TRAJECTORY))
    warm, parts = time.time(), []
    while not parts or time.time() - warm < seconds:
        number += 1
        phi, found = draw(phi, keys(), step, heavy)
        parts.append(jax.tree.map(np.asarray, found))
    drawn = time.time() - warm
    series = {name: np.concatenate([one[name] for one in parts], axis=1) for name in parts[0]}
    acceptance, draws = float(np.mean(series.pop("acceptance"))), CHAINS * block * len(parts)
    return {
        "compile": compiled - begun,
        "warmup": warm - compiled,
        "seconds_per_draw": drawn / draws,
        "draws": draws,
        "estimates": estimated(series),
        "acceptance": acceptance,
        "step": step,
        "heavy": heavy,
        "wall": time.time() - started,
    }
