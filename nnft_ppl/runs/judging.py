"""From draws to numbers that can be trusted, or not: estimates, the second route, the curve in β, verdicts."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.display import Stage, Progress
from nnft_ppl.identities.improved import improved_verdict

from nnft_ppl.results import estimates_dataset, improved_series, quoted_series, series_of
from nnft_ppl.statistics import Estimate, estimate
from nnft_ppl.identities.power import bank_tested
from nnft_ppl.statistics import kish, log_mean_weight, smooth_log_weights
from nnft_ppl.samplers import Curve, Settings, reweight
from nnft_ppl.runs.tempering import curve_of_free_draws, curve_of_populations
from nnft_ppl.theory import Theory
from nnft_ppl.statistics import Verdict, chain_verdicts, population_verdicts, reweighting_verdicts, routes_verdict


SECOND_DRAWS = 10_000
"""Draws per chain of the second route, at most."""


def judged(
    theory: Theory, data: xr.DataTree, curves: list[Curve], key_second: jax.Array | None, show: Progress
) -> tuple[xr.DataTree, dict[str, Any]]:
    """The data with estimates, exact values, the second route and the curve; and the findings with their verdicts.

    Args:
        theory: What was sampled.
        data: Its draws.
        curves: What a tempering sampler found on its way, one for every block.
        key_second: Key of the second route; None for none.
        show: Told what is being done.
    """
    series = series_of(data)
    stats = {str(name): values.values for name, values in data["sample_stats"].dataset.items()}
    coords = {str(dim): values.values for dim, values in data["observables"].coords.items()}
    dims = {name: one.dims for name, one in theory.observables.items()}
    log_z = None
    findings: dict[str, Any] = {}
    weights = stats.get("log_weight")
    free = weights is not None and not curves
    k_hat = np.nan
    if weights is not None and free:
        weights, k_hat = smooth_log_weights(weights)
    quoted = quoted_series(data, weights)
    estimates = estimate(quoted, theory.derived, weights, independent=free)
    if curves:
        ends = np.concatenate([curve.log_z[:, -1] for curve in curves])
        log_z = _log_z(ends)
        verdicts = population_verdicts(stats, estimates, ends)
        data["tempering"] = xr.DataTree(curve_of_populations(curves, dims))
    elif free:
        size = float(kish(stats["log_weight"]))
        verdicts = reweighting_verdicts(k_hat, estimates)
        log_z = _log_z(stats["log_weight"])
        findings = {"k_hat": k_hat, "kish": size}
        data["tempering"] = xr.DataTree(curve_of_free_draws(series, stats["log_weight"], dims))
    else:
        verdicts = chain_verdicts(series, stats, estimates)
    for name, label in (("acceptance_rate", "acceptance"), ("step_size", "step_size"), ("swap_rate", "swap_rate")):
        if name in stats:
            findings[label] = float(np.mean(stats[name]))
    verdicts += _improved(data, series, weights, independent=free, dims=dims, coords=coords)
    if "schwinger_dyson" in data:
        tested, verdict = bank_tested(data["schwinger_dyson"].to_dataset(), weights, independent=free)
        findings |= {"schwinger_dyson": tested}
        verdicts.append(verdict)
    if key_second is not None and "log_weight" not in stats:
        second, k_hat, size = _second_route(theory, series, key_second, show)
        data["second_route"] = xr.DataTree(estimates_dataset(second, dims, coords))
        verdicts.append(routes_verdict(estimates, second, k_hat))
        findings |= {"second_route": {"k_hat": k_hat, "kish": size}}
    data["estimates"] = xr.DataTree(estimates_dataset(estimates, dims, coords))
    if theory.exact:
        labels = data["estimates"].dataset
        exact = {name: (labels[name].dims, value) for name, value in theory.exact.items()}
        data["exact"] = xr.DataTree(xr.Dataset(exact))
    if theory.curves:
        data["curves"] = xr.DataTree(_curves(theory))
    return data, {"verdicts": verdicts, "findings": findings, "log_z": log_z}


def _curves(theory: Theory) -> xr.Dataset:
    """Exact curves: `NAME` along `NAME.at`."""
    variables = {name: (f"{name}.at", values) for name, (_, values) in theory.curves.items()}
    return xr.Dataset(variables, coords={f"{name}.at": places for name, (places, _) in theory.curves.items()})


def _improved(
    data: xr.DataTree,
    series: Mapping[str, np.ndarray],
    log_weights: np.ndarray | None,
    *,
    independent: bool,
    dims: Mapping[str, tuple[str, ...]],
    coords: Mapping[str, Any],
) -> list[Verdict]:
    """Raw and improved estimates, each alone, and whether they agree draw by draw; nothing where there are none."""
    improved = improved_series(data)
    if not improved:
        return []
    raw = {name: series[name] for name in improved}
    for kind, values in (("raw", raw), ("improved", improved)):
        found = estimate(values, None, log_weights, independent=independent)
        data[f"{kind}_estimates"] = xr.DataTree(estimates_dataset(found, dims, coords))
    differences = {name: raw[name] - improved[name] for name in raw}
    return [improved_verdict(estimate(differences, None, log_weights, independent=independent))]


def _log_z(log_weight: np.ndarray) -> dict[str, float]:
    return dict(zip(("value", "error"), log_mean_weight(log_weight), strict=True))


def _reweighted(
    theory: Theory, series: Mapping[str, np.ndarray], log_weight: np.ndarray
) -> tuple[dict[str, Estimate], float, float]:
    """Estimates from free draws, Pareto k̂ and Kish's effective size of their weights."""
    smoothed, k_hat = smooth_log_weights(log_weight)
    return estimate(series, theory.derived, smoothed, independent=True), float(k_hat), float(kish(log_weight))


def _second_route(
    theory: Theory, series: Mapping[str, np.ndarray], key: jax.Array, show: Progress
) -> tuple[dict[str, Estimate], float, float]:
    """As many free draws as the chains made, at most `SECOND_DRAWS` of each, reweighted."""
    chains, draws = next(iter(series.values())).shape[:2]
    draws = min(draws, SECOND_DRAWS)
    show(Stage("second route: free draws", 0, draws))
    blocks = list(reweight(theory.target(), Settings(key, chains, draws, num_warmup=0, keep_every=0)))
    free = {name: np.concatenate([block.measured["observables"][name] for block in blocks], 1) for name in series}
    return _reweighted(theory, free, np.concatenate([block.stats["log_weight"] for block in blocks], 1))
