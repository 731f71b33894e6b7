r"""The NumPyro peer: φ⁴ in two dimensions with NumPyro's NUTS, as a NumPyro user writes it without this library.

The same theory as `benchmarks/models/phi4_grid.py`: α = −1, Gaussian amplitudes, 32² Gauss–Legendre points, the field
as one matrix of cosines, (points², neuron). Two chains in one vmap, defaults otherwise.
"""

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from numpyro.infer import MCMC, NUTS

from benchmarks.answers import estimated

WARMUP, CHAINS = 60, 2
NAMES = ("mean_squared", "phi_squared")
PAIR = np.array([[-0.5, 0.0], [0.5, 0.0]])
"""Two points at distance 1/m about the centre, for `two_point`."""


def quartic_scalar(
    coupling: float,
    width: int = 256,
    points: int = 32,
    side: float = 8.0,
    mass: float = 1.0,
    cutoff: float = 4.0,
) -> Callable[[], None]:
    """The model, its grid computed once."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    grid = jnp.asarray(side / 2 * np.array(list(itertools.product(nodes, nodes))))
    area_element = jnp.asarray((side / 2) ** 2 * np.outer(weights, weights).ravel())

    def model() -> None:
        with numpyro.plate("neuron", width):
            amplitude = numpyro.sample("amplitude", dist.Normal(0, 1))
            phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
            disc = numpyro.sample("disc", dist.Uniform(0, 1))
            direction = numpyro.sample("direction", dist.Uniform(-math.pi, math.pi))
        length = cutoff * jnp.sqrt(disc)
        momentum = jnp.stack([length * jnp.cos(direction), length * jnp.sin(direction)], axis=1)
        # 2 Z/N with Z = ∫_{|p|<Λ} d²p/(2π)² = Λ²/4π.
        size = math.sqrt(cutoff**2 / (2 * math.pi * width)) * amplitude / jnp.sqrt(length**2 + mass**2)
        field = jnp.cos(grid @ momentum.T + phase) @ size
        numpyro.factor("quartic", -coupling / 24 * jnp.sum(area_element * field**4))
        numpyro.deterministic("mean_squared", (jnp.sum(area_element * field) / side**2) ** 2)
        numpyro.deterministic("phi_squared", jnp.sum(area_element * field**2) / side**2)
        left, right = jnp.cos(PAIR @ momentum.T + phase) @ size
        numpyro.deterministic("two_point", left * right)

    return model


def run(started: float, coupling: float, seconds: float, block: int) -> dict[str, Any]:
    """Blocks of draws until the time is up; effective draws by ArviZ and by this library's own estimate.

    `two_point` is φ(−r/2) φ(r/2) at r = 1/m, estimated apart; `ready` the time from the start to the end of the warm-up
    and of the first block.

    Args:
        started: When the process was started, in seconds since the epoch.
        coupling: λ.
        seconds: Wall time, start-up, compilation and warm-up included; the last block is finished.
        block: Draws per chain in a block.
    """
    kernel = NUTS(quartic_scalar(coupling))
    sampler = MCMC(
        kernel,
        num_warmup=WARMUP,
        num_samples=block,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    blocks: list[dict[str, np.ndarray]] = []
    ready = 0.0
    while not blocks or time.time() - started < seconds:
        if blocks:
            sampler.post_warmup_state = sampler.last_state
        sampler.run(jax.random.key(len(blocks)))
        draws = sampler.get_samples(group_by_chain=True)
        blocks.append({name: np.asarray(draws[name]) for name in (*NAMES, "two_point")})
        ready = ready or time.time() - started
    wall = time.time() - started
    from arviz_stats.base.array import array_stats  # late, after the clock

    series = {name: np.concatenate([one[name] for one in blocks], axis=1).astype(float) for name in blocks[0]}
    pair = estimated({"two_point": series.pop("two_point")})["two_point"]
    bulk = {name: float(np.asarray(array_stats.ess(one, chain_axis=0, draw_axis=1))) for name, one in series.items()}
    found = {"wall": wall, "draws": len(blocks) * block, "bulk_ess": bulk, "estimates": estimated(series)}
    return found | {"two_point": pair, "ready": ready, "block": block}
