"""Whole runs by the default command on theories with nothing wrong: false alarms, coverage, the bank's p-values.

Nine in ten are runs of a few theories with exact answers, seed by seed, whose compiled programs are shared; the others
are of many kinds. A run is as a user makes it: `auto`, all checks, as many draws as it takes for 400 effective ones.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from scipy.stats import binom, kstest, norm

from calibration.rows import Row, seeds
from nnft_ppl import Observable, Theory, load, sample
from nnft_ppl.theory import ModelFile

RUNS, OTHERS = 90, 10
"""Seeds of each theory below, and of each of `KINDS`."""
SHARED = {
    "phi4_circle λ=1": ("phi4_circle", {"coupling": 1.0}),
    "phi4_circle λ=6": ("phi4_circle", {}),
    "phi4_circle λ=24": ("phi4_circle", {"coupling": 24.0}),
    "phi4_circle λ=100": ("phi4_circle", {"coupling": 100.0}),
    "deformed_rotation": ("deformed_rotation", {}),
    "deformed_rotation, matrix": ("deformed_rotation", {"quartic": "matrix"}),
    "free_scalar N=1": ("free_scalar", {"width": 1, "dim": 1, "alpha": -1}),
    "free_scalar N=2": ("free_scalar", {"width": 2, "dim": 1, "alpha": -1}),
    "free_scalar N=4": ("free_scalar", {"width": 4, "dim": 1, "alpha": -1}),
    "phi4 N=4": ("phi4", {"width": 4, "dim": 1, "alpha": -1}),
}
ALARMS = 0.02
"""Share of runs with nothing wrong that may fail."""


def _one(law: Any, action: Callable = lambda a: 0.0 * jnp.sum(a)) -> Callable:
    """A model of one site and an action of it, whose field is constant."""

    def model() -> Callable:
        a = numpyro.sample("a", law)
        numpyro.factor("action", -jnp.sum(action(a)))
        return lambda x: jnp.sum(a) + 0 * x[0]

    return model


PAIR = dist.Normal(0, 1).expand([2]).to_event(1)
KINDS: dict[str, Callable] = {
    "uniform": _one(dist.Uniform(-1, 2)),
    "gamma": _one(dist.Gamma(2.0, 1.0)),
    "beta": _one(dist.Beta(0.5, 2.0), lambda a: a),
    "student": _one(dist.StudentT(8.0, 0, 1), lambda a: 0.5 * a**2),
    "dirichlet": _one(dist.Dirichlet(jnp.ones(3)), lambda a: 2 * a[0]),
    "correlated": _one(dist.MultivariateNormal(jnp.zeros(2), jnp.array([[1.0, 0.9], [0.9, 1.0]])), lambda a: a**4),
    "narrow": _one(PAIR, lambda a: 200 * (a - 0.5) ** 2),
    "two wells": _one(dist.Normal(0, 1), lambda a: 3 * (a**2 - 1) ** 2),
    "kink": _one(PAIR, lambda a: 2 * jnp.abs(a)),
    "far": _one(dist.Normal(0, 1), lambda a: 10 * (a - 4) ** 2),
}


def _observables() -> dict[str, Observable]:
    origin = jnp.zeros(1)
    return {"phi": Observable(lambda phi: phi(origin)), "bounded": Observable(lambda phi: jnp.tanh(phi(origin)))}


def _within(claim: str, inside: list[bool]) -> Row:
    low, high = np.array(binom.interval(0.99, len(inside), norm.cdf(1) - norm.cdf(-1))) / len(inside)
    return Row(f"{claim}: share of {len(inside)} values within one error", float(np.mean(inside)), low, high)


@dataclass
class _Found:
    """What the runs of one theory gave."""

    made: int = 0
    inside: list[bool] = field(default_factory=list)
    """Whether a value was within one error of the exact one."""
    p_values: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """The first failed verdict of every run that had one."""


def _runs(name: str, first: int, number: int) -> _Found:
    """Runs of one theory by its name in `SHARED` or `KINDS`, with seeds that follow one another."""
    shared = name in SHARED
    if shared:
        model, keywords = SHARED[name]
        theory = load(model, **keywords)
    else:
        theory = Theory(ModelFile(KINDS[name], name.replace(" ", "_"), observables=_observables))
    found, observable = _Found(number), next(iter(theory.exact), None)
    for seed in range(first, first + number):
        run = sample(theory, seed=seed)
        found.failed += [f"{name}: {one.text}" for one in run.verdicts if one.status == "failed"][:1]
        if observable:
            # One component of each run, for those of one run are correlated.
            one, exact = run.estimates()[observable], theory.exact[observable]
            index = tuple(size // 2 for size in exact.shape)
            found.inside.append(bool(abs(one.value[index] - exact[index]) < one.error[index]))
        p_value = run.findings.get("schwinger_dyson", {}).get("p_value")
        if shared and p_value is not None and np.isfinite(p_value):
            found.p_values.append(float(p_value))
    return found


def rows(fraction: float) -> Iterator[Row]:
    """Coverage of each theory, the bank's p-values, and the failed verdicts of all.

    Most of a run is tracing, which uses one core: each core has theories of its own.
    """
    numbers = [(name, len(seeds(RUNS if name in SHARED else OTHERS, fraction))) for name in (*SHARED, *KINDS)]
    first = count(50_000, RUNS)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = {name: pool.submit(_runs, name, next(first), number) for name, number in numbers}
        every = []
        for name, one in waiting.items():
            found = one.result()
            every.append(found)
            if found.inside:
                yield _within(name, found.inside)
            if len(found.p_values) > 5:
                claim = f"{name}: KS p-value of {len(found.p_values)} p of the bank"
                yield Row(claim, float(kstest(found.p_values, "uniform").pvalue), 1e-3, 1)
    yield _within("all", [one for found in every for one in found.inside])
    failed, made = [text for found in every for text in found.failed], sum(found.made for found in every)
    for text in failed:
        print(f"     {text[:200]}", flush=True)
    yield Row(f"failed verdicts among {made} runs with nothing wrong", len(failed), 0, max(1.0, ALARMS * made))
