"""Reflection positivity with many draws and many data sets: uniform p-values, false alarms, power, one neuron."""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
from scipy.stats import kstest

from calibration import invariance
from calibration.rows import Row, seeds
from nnft_ppl.axioms import (
    ALPHA,
    Mirrored,
    Reflection,
    Rung,
    families,
    held_out,
    kernel_positivity,
    means_of_products,
    positivity_of,
)

RUNS = 1000
"""Data sets of each theory."""
UNIFORM_DRAWS = 10_000
"""Draws of each where p-values must be uniform."""
DRAWS = 4000
"""Draws of each where false alarms are counted."""
POWER_RUNS = 100
NEURONS = 1_000_000
"""Draws of one neuron."""
TIMES = (0.25, 0.75, 1.5, 2.5)
MIRROR = Reflection("plane", (0.0,), 5.0)
EXACT, VECTOR = -0.066498, np.array([-0.8412, 0.5408])
"""One neuron of Cauchy momentum: v·M v of φ(2), φ(0.05)² φ(2)."""

Draws = Callable[[np.random.Generator, tuple[float, ...], int], np.ndarray]


def gaussian(kernel: Callable[[np.ndarray], np.ndarray]) -> Draws:
    """Draws of a Gaussian theory behind the mirror and at the images, shape (2 chains, draw, 2·time)."""

    def draw(rng: np.random.Generator, times: tuple[float, ...], number: int) -> np.ndarray:
        points = np.array([*times, *(-time for time in times)])
        variances, directions = np.linalg.eigh(kernel(np.abs(points[:, None] - points)))
        root = directions * np.sqrt(np.maximum(variances, 0.0))
        return rng.normal(size=(2, number // 2, len(points))) @ root.T

    return draw


def tanh_network(rng: np.random.Generator, times: tuple[float, ...], number: int) -> np.ndarray:
    """Eight random tanh neurons on an Ornstein–Uhlenbeck path, with Gaussian amplitudes: tails far from Gaussian."""
    path = gaussian(lambda t: np.exp(-t))(rng, times, number)
    shape = (*path.shape[:2], 8)
    amplitude, weight, bias = rng.normal(size=(3, *shape))
    return np.einsum("cdn,cdnt->cdt", amplitude, np.tanh(weight[..., None] * path[:, :, None] + bias[..., None]))


def one_neuron(rng: np.random.Generator, times: tuple[float, ...], number: int) -> np.ndarray:
    """cos(b t + c) with b of Cauchy's law: its two-point function is e^{−|t|}/2."""
    momentum, phase = rng.standard_cauchy((2, number // 2, 1)), rng.uniform(0, 2 * np.pi, (2, number // 2, 1))
    return np.cos(momentum * np.array([*times, *(-time for time in times)]) + phase)


def pauli_villars(t: np.ndarray) -> np.ndarray:
    """A difference of two propagators, of positive spectral density, and not reflection positive."""
    return np.exp(-t) / 2 - np.exp(-2 * t) / 4


def uniformity(fraction: float) -> Iterator[Row]:
    """Single-half p-values of a theory whose null lies on the boundary, and how the two halves depend on each other."""
    draw, linear = gaussian(lambda t: np.exp(-t)), families(1, len(TIMES))[0]
    found = []
    for seed in seeds(RUNS, fraction):
        values = draw(np.random.default_rng(seed), TIMES, UNIFORM_DRAWS)
        halves = held_out(linear(values[..., : len(TIMES)]), linear(values[..., len(TIMES) :]))
        found.append([means_of_products(half.products[..., None], independent=True) for half in halves])
    p_values = np.array([[float(half.p_value[0]) for half in pair] for pair in found])
    z = np.array([[float(half.z[0]) for half in pair] for pair in found])
    ks = float(kstest(p_values[:, 0], "uniform").pvalue)
    yield Row(f"Ornstein–Uhlenbeck: KS p-value of {len(z)} p of single halves", ks, 0.01, 1.0)
    correlation = float(np.corrcoef(z.T)[0, 1])
    yield Row("Ornstein–Uhlenbeck: correlation of the z of both halves", correlation, 0.0, 0.8)
    share, level = float(np.mean(2 * np.min(p_values, axis=1) < 0.05)), 0.05
    yield Row("Ornstein–Uhlenbeck: share with 2 min p < 5 %", share, 0.0, level + 3 * np.sqrt(level / len(z)))


def false_alarms(fraction: float) -> Iterator[Row]:
    """How often positive theories are called violated, all families together."""
    theories: dict[str, Draws] = {
        "(e^−t + e^−3t)/2": gaussian(lambda t: (np.exp(-t) + np.exp(-3 * t)) / 2),
        "Ornstein–Uhlenbeck": gaussian(lambda t: np.exp(-t)),
        "tanh network on a path": tanh_network,
    }
    times = TIMES[:3]
    for name, draw in theories.items():
        words = [_verdict(draw, times, seed, DRAWS) for seed in seeds(RUNS, fraction)]
        rate = words.count("violated") / len(words)
        most = ALPHA + 3 * np.sqrt(ALPHA / len(words))
        yield Row(f"{name}: share of {len(words)} data sets of {DRAWS} draws called violated", rate, 0.0, most)


def _verdict(draw: Draws, times: tuple[float, ...], seed: int, number: int) -> str:
    values = draw(np.random.default_rng(seed), times, number)[..., None]
    pair = Mirrored(Rung(MIRROR, times), values[:, :, : len(times)], values[:, :, len(times) :])
    return positivity_of([pair], independent=True).verdict


def power(fraction: float) -> Iterator[Row]:
    """Draws that Pauli–Villars needs for 8 errors, with the best v, with the lowest eigenvector, and as it is found."""
    exact = kernel_positivity(pauli_villars, TIMES)
    draw, linear = gaussian(pauli_villars), families(1, len(TIMES))[0]
    fixed = {"the best v": exact.witness, "the lowest eigenvector": exact.vector}
    z: dict[str, list[float]] = {name: [] for name in (*fixed, "v found on as many")}
    for seed in seeds(POWER_RUNS, fraction):
        values = draw(np.random.default_rng(seed), TIMES, 20_000)
        behind, mirrored = linear(values[..., : len(TIMES)]), linear(values[..., len(TIMES) :])
        products = {name: (behind[1:] @ v) * (mirrored[1:] @ v) for name, v in fixed.items()}
        products["v found on as many"] = held_out(behind, mirrored)[1].products
        for name, one in products.items():
            z[name].append(float(means_of_products(one[..., None], independent=True).z[0]))
    bands = {"the best v": (5500, 7000), "the lowest eigenvector": (27_000, 37_000), "v found on as many": (5500, 8000)}
    for name, found in z.items():
        needed = 10_000 * (8 / np.mean(found)) ** 2
        yield Row(f"Pauli–Villars, {name}: draws that 8 errors need", float(needed), *bands[name])
    words = [_verdict(draw, TIMES, seed, 12_000) for seed in seeds(POWER_RUNS, fraction)]
    share = words.count("violated") / len(words)
    yield Row(f"Pauli–Villars: share of {len(words)} data sets of 12000 draws called violated", share, 0.95, 1.0)


def neuron(fraction: float) -> Iterator[Row]:
    """One neuron: positive in {φ}, its violation in {φ, φ²φ} at a fixed v, and the verdict of the fitted witness."""
    number = max(100_000, round(NEURONS * fraction))
    values = one_neuron(np.random.default_rng(NEURONS), (0.05, 2.0), number)
    behind, mirrored = (
        np.stack([one[..., 1], one[..., 0] ** 2 * one[..., 1]], -1) for one in (values[..., :2], values[..., 2:])
    )
    found = means_of_products(((behind @ VECTOR) * (mirrored @ VECTOR))[..., None], independent=True)
    pull = float((found.value[0] - EXACT) / found.error[0])
    yield Row(f"one neuron: v·M v at the fixed v, {found.value[0]:.5f}, from −0.066498 in errors", pull, -5.0, 5.0)
    times = (0.05, 0.5, 2.0)
    values = one_neuron(np.random.default_rng(NEURONS + 1), times, 100_000)[..., None]
    rows = positivity_of([Mirrored(Rung(MIRROR, times), values[:, :, :3], values[:, :, 3:])], independent=True).families
    z = {row.family: row.z for row in rows}
    yield Row("one neuron, {φ}: z of the witness", z["φ"], -4.0, np.inf)
    yield Row("one neuron, {φ, φφφ}: z of the witness", z["φφφ"], -np.inf, -8.0)


def rows(fraction: float) -> Iterator[Row]:
    yield from neuron(fraction)
    yield from power(fraction)
    yield from false_alarms(fraction)
    yield from uniformity(fraction)
    yield from invariance.rows(fraction, count(5000))
