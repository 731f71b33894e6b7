"""Schwinger–Dyson identities with many draws and seeds: uniform p-values, planted faults, unbiased improvements."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import xarray as xr
from numpyro import distributions as dist
from scipy.stats import binom, kstest

from calibration.rows import Row, chi_squared, seeds
from nnft_ppl import Theory, load, sample
from nnft_ppl.checks import FinishedDraws, IdentityBank, MeasureProgram, MeasureStream
from nnft_ppl.draws import Kind
from nnft_ppl.samplers import SAMPLERS, Block, Settings, run_blocks
from nnft_ppl.statistics import smooth_log_weights, t_squared

RUNS = 1000
"""Clean runs of four chains, shared between the samplers."""
DRAWS = 600
"""Draws per chain that each is tested on."""
THINNING = {"elliptical-slice": 4, "mclmc": 4, "pcn": 8}
"""Draws from one to the next of them, where not 2."""


def tiny():
    """Three numbers with a quartic action."""
    a: Any = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    b: Any = numpyro.sample("b", dist.Uniform(-2, 2))
    numpyro.factor("quartic", -0.5 * jnp.sum(a**4) - 0.3 * (a[0] * b) ** 2)
    return lambda x: a[0] * jnp.cos(b * x[0]) + a[1]


def bank_of(theory: Theory, positions: np.ndarray) -> xr.Dataset:
    """Residuals of the bank on draws z of shape (chain, draw, dimension)."""
    stream = MeasureStream(MeasureProgram(theory, [IdentityBank()], len(positions)))
    stream.add(positions, 0, 1)
    return stream.finish()["schwinger_dyson"]


def _positions(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.positions for block in blocks if block.positions is not None], axis=1)


def p_values(theory: Theory, name: str, runs: int, seed: int) -> np.ndarray:
    """The bank's p-value in each of many independent runs of four chains, all advanced together."""
    thinning = THINNING.get(name, 2)
    settings = Settings(jax.random.key(seed), 4 * runs, thinning * DRAWS, 300, thinning)
    blocks = list(run_blocks(SAMPLERS[name], theory.target(), settings))
    residuals, weights = bank_of(theory, _positions(blocks))["residual"].values, None
    kind = blocks[0].kind
    if kind.weighted:
        weights = np.concatenate([block.stats["log_weight"] for block in blocks], axis=1)[:, ::thinning]
    values = []
    for run in range(runs):
        part = slice(4 * run, 4 * run + 4)
        own = None if weights is None else weights[part]
        if own is not None and kind is Kind.FREE:
            own = smooth_log_weights(own)[0]
        values.append(t_squared(residuals[part], own, independent=kind.independent).p_value)
    return np.array(values)


def uniformity(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """KS test of the p-values of each sampler and of all, and the rate of p < 1 %."""
    theory = Theory(tiny)
    names = [name for name in SAMPLERS if name != "mixed"]  # no site here is discrete
    each = max(10, round(RUNS * fraction / len(names)))
    every = []
    for name in names:
        found = p_values(theory, name, each, next(fresh))
        every.append(found)
        claim = f"bank's p on {each} clean runs of {name}: KS p-value"
        yield Row(claim, float(kstest(found, "uniform").pvalue), 0.001, 1.0)
    together = np.concatenate(every)
    yield Row(f"bank's p on all {len(together)} runs: KS p-value", float(kstest(together, "uniform").pvalue), 0.01, 1.0)
    low, high = np.array(binom.interval(0.99, len(together), 0.01)) / len(together)
    yield Row(f"bank's p below 1 % in {len(together)} runs", float(np.mean(together < 0.01)), low, high)


def strong_coupling(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """A coupling 1.1 times too large in d = 2 at λ = 24, on 10⁴ effective draws."""
    theory, other = (load("phi4", alpha=-1, coupling=24.0 * factor) for factor in (1.0, 1.1))
    settings = Settings(jax.random.key(next(fresh)), 4, max(1000, round(12_000 * fraction)), 300, 3)
    positions = _positions(list(run_blocks(SAMPLERS["hmc"], theory.target(), settings)))
    outcomes = {}
    for name, one in {"right": theory, "λ × 1.1": other}.items():
        draws = FinishedDraws(one, Kind.CHAINS, {}, {}, measured=bank_of(one, positions))
        outcomes[name] = IdentityBank().judge(draws).findings
    yield Row("phi4 d=2 λ=24: p of right draws", outcomes["right"]["p_value"], 1e-4, 1.0)
    yield Row("phi4 d=2 λ=24: p against λ × 1.1", outcomes["λ × 1.1"]["p_value"], 0.0, 1e-8)
    share = outcomes["right"]["power_reached"] / outcomes["right"]["power_bound"]
    yield Row("phi4 d=2 λ=24: power reached of its bound", share, 0.7, np.inf)


def unbiased(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """Improved and mixed estimators of the circle's correlator over 50 seeds."""
    for coupling in (1.0, 6.0):
        theory = load("phi4_circle", coupling=coupling)
        pulls: dict[str, list[float]] = {"improved": [], "mixed": []}
        for _ in seeds(50, fraction):
            run = sample(theory, "hmc", num_draws=1500, seed=next(fresh), keep="none", checks=False)
            for kind, found in {"improved": run.estimates_of("improved"), "mixed": run.estimates()}.items():
                one = found["two_point"]
                pulls[kind].append(float((one.value[2] - theory.exact["two_point"][2]) / one.error[2]))
        for kind, values in pulls.items():
            yield chi_squared(f"phi4_circle λ={coupling:g}, {kind} G(T/4)", np.array(values))
            mean = float(np.mean(values) * np.sqrt(len(values)))
            yield Row(f"phi4_circle λ={coupling:g}, {kind} G(T/4): mean pull in errors", mean, -3.3, 3.3)


def rows(fraction: float) -> Iterator[Row]:
    fresh = count(1000)
    yield from uniformity(fraction, fresh)
    yield from strong_coupling(fraction, fresh)
    yield from unbiased(fraction, fresh)
