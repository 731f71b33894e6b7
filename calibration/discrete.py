"""Shifts of integers in the bank, with many seeds: uniform p-values, and wrong theories that show."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from scipy.stats import kstest

from calibration.rows import Row
from nnft_ppl import Theory, load
from nnft_ppl.checks import FinishedDraws, IdentityBank, MeasureProgram, MeasureStream
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.draws import Kind
from nnft_ppl.samplers import Settings, mixed, reweight, run_blocks

RUNS, DRAWS = 300, 500
"""Clean runs of four chains, and draws per chain that each is tested on."""
MANY = 5000
"""Draws per chain against wrong theories."""
THINNING = 4
"""Draws of `mixed` from one to the next."""


def villain(beta=0.3):
    """Angles and free links on 2 × 2 sites."""
    theta: Any = numpyro.sample("theta", dist.Uniform(-jnp.pi, jnp.pi).expand([2, 2]).to_event(2))
    n: Any = numpyro.sample("n", IntegerNormal(1.0, largest=6).expand([2, 2, 2]).to_event(3))
    steps = jnp.stack([jnp.roll(theta, -1, axis) - theta for axis in (0, 1)]) - 2 * jnp.pi * n
    numpyro.factor("links", -beta / 2 * jnp.sum(steps**2) + 0.5 * jnp.sum(n**2))
    return lambda x: jnp.cos(theta[0, 0] - theta[0, 1]) + 0 * x[0]


def positions(theory: Theory, make, runs: int, draws: int, thinning: int, seed: int) -> np.ndarray:
    """z of four chains for each run, all advanced together."""
    settings = Settings(jax.random.key(seed), 4 * runs, thinning * draws, 200, thinning)
    blocks = run_blocks(make, theory.target(), settings)
    return np.concatenate([block.positions for block in blocks if block.positions is not None], axis=1)


def p_values(theory: Theory, draws: np.ndarray, *, independent: bool) -> np.ndarray:
    """The bank's p-value for every four chains."""
    bank = IdentityBank()
    stream = MeasureStream(MeasureProgram(theory, [bank], len(draws)))
    stream.add(draws, 0, 1)
    measured = stream.finish()[bank.name]
    values = []
    for first in range(0, len(draws), 4):
        part = measured.isel(chain=slice(first, first + 4))
        kind, logs = (Kind.FREE, np.zeros((4, draws.shape[1]))) if independent else (Kind.CHAINS, None)
        finished = FinishedDraws(theory, kind, {}, {}, log_weights=logs, measured=part)
        values.append(dict(bank.judge(finished).findings)["p_value"])
    return np.array(values)


def of_another_inertia(inertia: float, seed: int) -> np.ndarray:
    """z at which the circle at inertia 1 has windings of that inertia: integers drawn by their weights."""
    theory, wrong = load("particle_on_circle"), load("particle_on_circle", inertia=inertia)
    free = jnp.asarray(positions(wrong, reweight, 1, MANY, 1, seed))
    here, there = wrong.target().discrete, theory.target().discrete
    assert here is not None
    assert there is not None
    keys = jax.random.split(jax.random.key(seed), free.shape[:2])
    return np.asarray(jax.jit(jax.vmap(jax.vmap(there.position)))(keys, jax.vmap(jax.vmap(here.point))(free)))


def rows(fraction: float) -> Iterator[Row]:
    fresh, runs = count(5000), max(10, round(RUNS * fraction))
    circle, torus = load("particle_on_circle"), Theory(villain)
    for name, theory, make, thinning in (("circle", circle, reweight, 1), ("Villain 2 × 2", torus, mixed, THINNING)):
        draws = positions(theory, make, runs, DRAWS, thinning, next(fresh))
        found = p_values(theory, draws, independent=make is reweight)
        claim = f"{name}: bank's p on {runs} clean runs, KS p-value"
        yield Row(claim, float(kstest(found, "uniform").pvalue), 0.001, 1.0)
    for factor, low, high in ((1.0, 1e-4, 1.0), (1.1, 0.0, 1e-6), (0.9, 0.0, 1e-6)):
        (found,) = p_values(circle, of_another_inertia(factor, next(fresh)), independent=True)
        yield Row(f"circle: p of inertia × {factor:g}, 4 × {MANY} draws", found, low, high)
        draws = positions(Theory(villain, beta=0.3 * factor), mixed, 1, MANY, THINNING, next(fresh))
        (found,) = p_values(torus, draws, independent=False)
        yield Row(f"Villain 2 × 2: p of β × {factor:g}, 4 × {MANY} draws", found, low, high)
