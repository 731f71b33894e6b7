"""Vortices: the jump of the stiffness by currents, exponents of the vortex gas, the sampler `mixed` on small tori."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import chi2

from calibration.rows import Row
from nnft_ppl import load, sample
from nnft_ppl.statistics import Estimate
from nnft_ppl.topology import villain_currents, vortex_gas

SIZES = (8, 16, 32)
STEPS = {8: 2**19, 16: 2**21, 32: 2**23}
"""Steps of the worm in each of 32 chains."""
LARGEST_ERROR = 0.008
FAR = 5.0
"""Errors within which an exact value must lie."""


def kosterlitz_thouless(found: list[Estimate]) -> float:
    """p-value of ⟨W²⟩ = (2/π)(1 + 1/(2 ln L + C)) with the best C, one constant for three sizes."""
    values, errors = (np.array([float(getattr(one, name)) for one in found]) for name in ("value", "error"))

    def chi_squared(constant: float) -> float:
        law = 2 / np.pi * (1 + 1 / (2 * np.log(SIZES) + constant))
        return float(np.sum(((values - law) / errors) ** 2))

    # From above the pole that the law has at C = −2 ln L of the smallest size.
    constants = np.geomspace(0.05, 1000, 10_000) - 2 * np.log(SIZES[0])
    return float(chi2.sf(min(map(chi_squared, constants)), len(SIZES) - 1))


def rows(fraction: float) -> Iterator[Row]:
    for beta, low, high in ((0.752, 0.01, 1.0), (0.65, 0.0, 1e-6), (0.9, 0.0, 1e-6)):
        found = [
            villain_currents(size, beta, steps=int(STEPS[size] * fraction), seed=size)["stiffness"] for size in SIZES
        ]
        told = ", ".join(f"{float(one.value):.3f} ± {float(one.error):.3f}" for one in found)
        worst = max(float(one.error) for one in found)
        yield Row(f"⟨W²⟩ at β = {beta}, L = 8, 16, 32 ({told}): largest error", worst, 0, LARGEST_ERROR / fraction**0.5)
        yield Row(f"law of the transition at β = {beta}: p", kosterlitz_thouless(found), low, high)
    for b, fugacity, low, high in (
        (0.3, 0.05, 0.98, 1.02),
        (0.4, 0.05, 0.98, 1.02),
        (0.3, 1, 1.05, 2),
        (0.4, 1, 2, 99),
    ):
        gas = vortex_gas(32, b, fugacity, steps=int(2**19 * fraction), seed=1)
        eta, error = (float(getattr(gas["exponent"], name)) / b**2 for name in ("value", "error"))
        yield Row(f"η/b² ± {error:.2g} of the gas at b = {b}, y = {fugacity}", eta, low, high)
    gas = vortex_gas(32, 0.6, 0.3, steps=int(2**19 * fraction), seed=1)
    yield Row("vortices per plaquette at b = .6, y = .3", float(gas["vortices"].value), 0.1, 1)
    pairs, r = gas["two_point"], np.arange(1, 5)
    rates = -np.diff(np.log(pairs.value[r]))
    yield Row("rates of decay from r = 1 to 4 there: least over largest", float(rates.min() / rates.max()), 0.6, 1)
    for beta in (0.3, 0.75):
        draws = int(20_000 * fraction)
        run = sample(load("villain_torus", beta=beta), "mixed", num_draws=draws, seed=1, keep="none", checks=False)
        estimates, number = run.estimates(), draws * run.provenance.sampler.chains
        for name, exact in run.exact.items():
            one = estimates[name]
            pull = abs(float(one.value) - float(exact)) / float(one.error)
            yield Row(f"villain_torus by mixed at β = {beta}: errors from the exact {name}", pull, 0, FAR)
            share = float(one.ess) / number
            yield Row(f"villain_torus by mixed at β = {beta}: effective draws of {name} a sweep", share, 0.05, np.inf)
        if beta == 0.3:
            waves = load("villain_torus", beta=beta, vortices=False).exact["neighbour"]
            apart = abs(float(estimates["neighbour"].value) - float(waves)) / float(estimates["neighbour"].error)
            yield Row("spin waves alone at β = .3: errors from neighbour", apart, 8, np.inf)
