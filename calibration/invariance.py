"""Euclidean invariance and clustering on many data sets: false alarms, uniform p-values, and what is seen."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from scipy.stats import binom, kstest

from calibration.rows import Row
from nnft_ppl import Theory, load
from nnft_ppl.axioms import ClusterDecomposition, EuclideanInvariance, SchwingerAxioms, translation
from nnft_ppl.axioms.judged_draws import ALPHA, JudgedDraws
from nnft_ppl.spaces import Unbounded

RUNS = 1000
"""Data sets of each theory that has the symmetry."""
DRAWS = (4, 250)
"""Chains and draws of each."""
BROKEN_RUNS, BROKEN_DRAWS = 50, (4, 2500)
"""The same of those that have not."""

Series = dict[str, np.ndarray]


def gauss_net(width: int = 8) -> Callable:
    """Translation invariant at two points, and broken at four."""
    variance, bias = 0.5, 0.05
    with numpyro.plate("neuron", width):
        a = numpyro.sample("a", dist.Normal(0, 1))
        w = numpyro.sample("w", dist.Normal(0, variance**0.5))
        b = numpyro.sample("b", dist.Normal(0, bias**0.5))
    return lambda x: a @ jnp.exp(w * x[0] + b - bias - variance * x[0] ** 2) / width**0.5


def measured(axioms: SchwingerAxioms, theory: Theory, seed: int, number: int) -> Series:
    """What so many free draws give."""
    keys = jax.random.split(jax.random.key(seed), number)
    program = jax.jit(lambda all: jax.lax.map(lambda one: axioms(theory.free_draw(one)), all, batch_size=500))
    return {name: np.asarray(one) for name, one in program(keys).items()}


def data_sets(series: Series, shape: tuple[int, int]) -> Iterator[Series]:
    """The draws, cut in data sets of chains and draws."""
    size = shape[0] * shape[1]
    for start in range(0, len(next(iter(series.values()))), size):
        yield {name: one[start : start + size].reshape(*shape, *one.shape[1:]) for name, one in series.items()}


def euclidean(axioms: SchwingerAxioms, series: Series, shape: tuple[int, int]) -> list[dict]:
    """The findings on every data set."""
    own = {key.removeprefix("euclidean:"): one for key, one in series.items() if key.startswith("euclidean:")}
    draws = JudgedDraws(shape, independent=True)
    return [axioms.invariance.conclude(one, draws) for one in data_sets(own, shape)]


def false_alarms(claim: str, alarms: list[bool]) -> Row:
    """Their share, at most `ALPHA` and three of its errors."""
    high = float(binom.isf(1.35e-3, len(alarms), ALPHA)) / len(alarms)
    return Row(f"{claim}: share of {len(alarms)} data sets with a false alarm", float(np.mean(alarms)), 0.0, high)


def kept(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """Theories that are invariant, by averaged amplitudes (waves) and by raw products of four fields (a circle)."""
    runs = max(20, round(RUNS * fraction))
    for words, name in (("cos_net, amplitudes averaged", "cos_net"), ("free circle, raw products", "phi4_circle")):
        theory = load(name)
        axioms = SchwingerAxioms(theory)  # an action keeps amplitudes from being averaged; free draws are free
        found = euclidean(axioms, measured(axioms, theory, next(fresh), runs * DRAWS[0] * DRAWS[1]), DRAWS)
        yield false_alarms(f"invariance of {words}", [one["verdict"] == "broken" for one in found])
        for functions in ("two points", "four points", "bounded"):
            own = [
                part["p_value"]
                for one in found
                for part in one["parts"]
                if (part["kind"], part["functions"]) == ("translations", functions) and not part["left_out"]
            ]
            ks = float(kstest(own, "uniform").pvalue)
            yield Row(f"translations of {words}, {functions}: KS p-value of {len(own)} p", ks, 0.01, 1.0)


def broken(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """The Gauss-net's translations at four points, by averaged amplitudes: always seen, and not at two."""
    runs, theory = max(10, round(BROKEN_RUNS * fraction)), Theory(gauss_net)
    points = np.array([[-0.3], [-0.1], [0.1], [0.3]])
    invariance = EuclideanInvariance(Unbounded(1), points, [translation(np.array([0.3]))])
    axioms = SchwingerAxioms(theory, invariance=invariance)
    number = runs * BROKEN_DRAWS[0] * BROKEN_DRAWS[1]
    found = euclidean(axioms, measured(axioms, theory, next(fresh), number), BROKEN_DRAWS)
    verdicts = {one["functions"]: [] for one in found[0]["parts"]}
    for part in (part for one in found for part in one["parts"]):
        verdicts[part["functions"]].append(part["verdict"] == "broken")
    claim = f"Gauss-net of 8 neurons moved by 0.3, {BROKEN_DRAWS[0] * BROKEN_DRAWS[1]} draws: share of {runs} seen"
    yield Row(f"{claim} at four points", float(np.mean(verdicts["four points"])), 0.99, 1.0)
    yield false_alarms("Gauss-net moved by 0.3 at two points", verdicts["two points"])


def independent_places(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """A Gaussian field that is independent at all pairs of points, and one with a random constant."""
    runs = max(20, round(RUNS * fraction))
    decomposition = ClusterDecomposition(Unbounded(1))
    draws, generator = JudgedDraws(DRAWS, independent=True), np.random.default_rng(next(fresh))
    alarms, seen = [], []
    for _ in range(runs):
        values = generator.normal(size=(*DRAWS, 2, 2))
        alarms.append(decomposition.conclude(_read(values), draws)["verdict"] == "does not cluster")
    yield false_alarms("clustering of independent places", alarms)
    for _ in range(max(20, runs // 10)):
        values = generator.normal(size=(*DRAWS, 2, 2)) + 1.5 * generator.normal(size=(*DRAWS, 1, 1))
        seen.append(decomposition.conclude(_read(values), draws)["verdict"] == "does not cluster")
    yield Row(f"a common constant of 1.5 deviations: share of {len(seen)} seen", float(np.mean(seen)), 0.9, 1.0)


def _read(values: np.ndarray) -> Series:
    product = values.prod(axis=-1)[..., None]
    return {
        "field.field": np.concatenate([product, values], axis=-1),
        "square.field": np.concatenate([product**2, values**2], axis=-1),
        "values.field": np.abs(values),
    }


def rows(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """All of them."""
    yield from kept(fraction, fresh)
    yield from broken(fraction, fresh)
    yield from independent_places(fraction, fresh)
