"""Whole runs by the default command on theories with nothing wrong: false alarms, coverage, the bank's p-values.

Nine in ten are runs of a few theories with exact answers, seed by seed, whose compiled programs are shared; the others
are of many kinds. A run is as a user makes it: `auto`, all checks, as many draws as it takes for 400 effective ones.
"""

from collections.abc import Callable, Iterator
from itertools import count
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


def rows(fraction: float) -> Iterator[Row]:
    """Coverage of each theory, the bank's p-values, and the failed verdicts of all."""
    fresh, failed, made, every = count(50_000), [], 0, []
    for name, (model, keywords) in SHARED.items():
        theory, inside, p_values = load(model, **keywords), [], []
        observable = next(iter(theory.exact), None)
        for seed in (next(fresh) for _ in seeds(RUNS, fraction)):
            run = sample(theory, seed=seed, keep="auto")
            made += 1
            failed += [f"{name}: {one.text}" for one in run.verdicts if one.status == "failed"][:1]
            if observable:
                # One component of each run, for those of one run are correlated.
                one, exact = run.estimates()[observable], theory.exact[observable]
                index = tuple(size // 2 for size in exact.shape)
                inside.append(bool(abs(one.value[index] - exact[index]) < one.error[index]))
            p_values.append(run.findings.get("schwinger_dyson", {}).get("p_value"))
        known = [float(p) for p in p_values if p is not None and np.isfinite(p)]
        every += inside
        if inside:
            yield _within(name, inside)
        if len(known) > 5:
            yield Row(
                f"{name}: KS p-value of {len(known)} p of the bank", float(kstest(known, "uniform").pvalue), 1e-3, 1
            )
    yield _within("all", every)
    for name, model in KINDS.items():
        theory = Theory(ModelFile(model, name.replace(" ", "_"), observables=_observables))
        for seed in (next(fresh) for _ in seeds(OTHERS, fraction)):
            made += 1
            failed += [f"{name}: {one.text}" for one in sample(theory, seed=seed).verdicts if one.status == "failed"][
                :1
            ]
    for text in failed:
        print(f"     {text[:200]}", flush=True)
    yield Row(f"failed verdicts among {made} runs with nothing wrong", len(failed), 0, max(1.0, ALARMS * made))
