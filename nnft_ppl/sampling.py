"""From a theory to an ensemble: sampling, the second route, estimates and verdicts."""

import hashlib
import json
import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from nnft_ppl.autocorrelation import MINIMUM_DRAWS
from nnft_ppl.ensemble import Ensemble, estimates_dataset, series_of
from nnft_ppl.estimates import Estimate, estimate
from nnft_ppl.log_weights import kish, log_mean_weight, smoothed_log_weights
from nnft_ppl.samplers import SAMPLERS, Block, Sampler, Settings, reweight
from nnft_ppl.storage import RunFolder, plain_json
from nnft_ppl.theory import Theory
from nnft_ppl.verdicts import chain_verdicts, overall, reweighting_verdicts, routes_verdict

KEPT_BYTES = 256 * 2**20
"""`keep="auto"` keeps all parameters below this size, else `KEPT_DRAWS` per chain."""
KEPT_DRAWS = 1000

Progress = Callable[[str, int, int], None]
"""(what is being done, draws done, draws in all)."""
Transport = Callable[[Any], dict[str, jax.Array]]
"""Positions (chain, draw, dimension) -> parameters by stored name."""


def sample(
    theory: Theory,
    sampler: str | Sampler = "hmc",
    *,
    num_chains: int = 4,
    num_draws: int | None = None,
    num_warmup: int = 300,
    seed: int = 0,
    out: str | Path | None = None,
    keep: str = "auto",
    second_route: bool = True,
    progress: Progress | None = None,
) -> Ensemble:
    """Sample a theory and estimate its observables.

    The precision is JAX's: switch `jax_enable_x64` on before any array is made.

    Args:
        theory: What to sample.
        sampler: Name of a sampler (`nnft_ppl.samplers.SAMPLERS`), or a function of that type.
        num_chains: Independent chains, each started from its own free draw.
        num_draws: Draws kept per chain; 2 000 for Markov chains and 10 000 for `reweight` unless given.
        num_warmup: Steps per chain that adapt the sampler.
        seed: 0 ≤ seed < 2³²; the same seed on the same machine and versions gives the same draws.
        out: Folder for the result; None keeps it in memory only.
        keep: `all` parameters, `none`, or `auto` (all below 256 MB, else thinned to 1000 draws per chain).
        second_route: Whether Markov chains are checked against reweighted free draws.
        progress: Called after each block.

    Raises:
        ValueError, TypeError: For settings out of range, or an unknown sampler.
        ResultError: If `out` cannot be written or holds something else.
        SamplerError: If the sampler cannot go on.
    """
    started = time.perf_counter()
    name, run = resolve(sampler)
    num_draws = default_draws(name) if num_draws is None else num_draws
    _check(num_chains, num_draws, num_warmup, seed, keep)
    keep_every = _keep_every(theory, num_chains, num_draws, keep)
    asked = describe(theory, name, num_chains, num_draws, num_warmup, seed, keep)
    folder = RunFolder(Path(out), asked) if out is not None else None
    show = progress or (lambda what, done, total: None)

    key_draws, key_second = jax.random.split(jax.random.key(seed))
    settings = Settings(key_draws, num_chains, num_draws, num_warmup, keep_every)
    transport = jax.jit(jax.vmap(jax.vmap(theory.transport)))
    trees: list[xr.DataTree] = []
    interrupted = False
    show(f"compiling {name}", 0, num_draws)
    try:
        for block in run(theory.target(), settings):
            first = sum(tree["observables"].sizes["draw"] for tree in trees)
            tree = _labelled(theory, transport, block, first, keep_every)
            if folder:
                folder.write_block(len(trees), tree)
            _refuse_nan(tree)
            trees.append(tree)
            show(name, first + tree["observables"].sizes["draw"], num_draws)
    except KeyboardInterrupt:
        if not trees:
            raise
        interrupted = True
    data = _concatenated(trees)
    try:
        data, findings = _judged(theory, data, None if interrupted or not second_route else key_second, show)
    except KeyboardInterrupt:
        interrupted = True
        data, findings = _judged(theory, _concatenated(trees), None, show)
    asked |= findings | {"interrupted": interrupted, "wall_s": round(time.perf_counter() - started, 3)}
    data.attrs["provenance"] = json.dumps(plain_json(asked), ensure_ascii=False, allow_nan=False)
    # The same run cut short must not replace its own complete result.
    if folder and not (interrupted and folder.has_result):
        folder.write_result(data)
    return Ensemble(data)


def default_draws(sampler: str) -> int:
    """Draws per chain where none are asked for: free draws are independent and cheap, those of a chain are not."""
    return 10_000 if sampler == "reweight" else 2000


def resolve(sampler: str | Sampler) -> tuple[str, Sampler]:
    """Name and function of a sampler.

    Raises:
        ValueError: For an unknown name.
    """
    if callable(sampler):
        return getattr(sampler, "__name__", "custom"), sampler
    if sampler not in SAMPLERS:
        raise ValueError(f"unknown sampler {sampler!r}: there are {', '.join(SAMPLERS)}")
    return sampler, SAMPLERS[sampler]


def describe(
    theory: Theory, sampler: str, num_chains: int, num_draws: int, num_warmup: int, seed: int, keep: str
) -> dict[str, Any]:
    """What is asked, as JSON values, with its fingerprint."""
    asked = {
        "model": theory.name,
        "source_sha256": theory.file.sha256,
        # JSON has no infinity: such a keyword (a cut-off removed) is stored as the word that --set takes.
        "keywords": plain_json(
            {name: str(value) if value in (math.inf, -math.inf) else value for name, value in theory.keywords.items()}
        ),
        "dim": theory.dim,
        "sampler": {"name": sampler, "chains": num_chains, "draws": num_draws, "warmup": num_warmup, "keep": keep},
        "seed": seed,
        "precision": jnp.zeros(()).dtype.name,
        "versions": {name: version(name) for name in ("jax", "blackjax", "nnft-ppl")},
    }
    fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return asked | {
        "fingerprint": fingerprint,
        "description": theory.file.description,
        "path": str(theory.file.path.resolve()) if theory.file.path else None,
        "device": f"{jax.devices()[0].device_kind} ({platform.machine()})",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "numpyro": version("numpyro"),
        "python": platform.python_version(),
        "dimension": theory.dimension,
    }


def _check(num_chains: int, num_draws: int, num_warmup: int, seed: int, keep: str) -> None:
    counts = (("chains", num_chains, 1), ("draws", num_draws, MINIMUM_DRAWS), ("warmup", num_warmup, 0))
    for name, value, least in counts:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")
    if keep not in ("auto", "all", "none"):
        raise ValueError(f"keep must be auto, all or none, not {keep!r}")


def _keep_every(theory: Theory, num_chains: int, num_draws: int, keep: str) -> int:
    if keep == "none":
        return 0
    size = num_chains * num_draws * theory.dimension * jnp.zeros(()).dtype.itemsize
    return 1 if keep == "all" or size < KEPT_BYTES else math.ceil(num_draws / KEPT_DRAWS)


def _labelled(theory: Theory, transport: Transport, block: Block, first: int, keep_every: int) -> xr.DataTree:
    """One block of draws as a DataTree; `first` is the number of draws before it."""
    length = next(iter(block.stats.values())).shape[1]
    draws = np.arange(first, first + length)
    dims = {name: one.dims for name, one in theory.observables.items()}
    coords = {dim: list(values) for one in theory.observables.values() for dim, values in one.coords.items()}
    groups = {
        "sample_stats": _dataset(block.stats, {}, draws),
        "observables": _dataset(block.measured["observables"], dims, draws, coords),
        "action": _dataset(block.measured["action"], {}, draws),
    }
    if block.positions is not None:
        values = {name: np.asarray(value) for name, value in transport(block.positions).items()}
        site_dims = {site.label: site.dims for site in theory.sites}
        name = "prior" if "log_weight" in block.stats else "posterior"
        groups[name] = _dataset(values, site_dims, draws[draws % keep_every == 0])
    return xr.DataTree.from_dict(groups)


def _dataset(
    values: Mapping[str, np.ndarray],
    dims: Mapping[str, tuple[str, ...]],
    draws: np.ndarray,
    coords: Mapping[str, Iterable] | None = None,
) -> xr.Dataset:
    variables = {name: (("chain", "draw", *dims.get(name, ())), value) for name, value in values.items()}
    chains = next((value.shape[0] for value in values.values()), 0)
    labels: dict[str, Any] = {"chain": np.arange(chains), "draw": draws} | dict(coords or {})
    return xr.Dataset(variables, coords=labels)


def _concatenated(trees: list[xr.DataTree]) -> xr.DataTree:
    groups = {name: [tree[name].to_dataset() for tree in trees] for name in trees[0].children}
    return xr.DataTree.from_dict({name: xr.concat(parts, "draw") for name, parts in groups.items()})


def _refuse_nan(data: xr.DataTree) -> None:
    for name, values in data["observables"].dataset.items():
        bad = ~np.isfinite(values.values)
        if bad.any():
            raise FieldError(
                f"observable {name!r} is NaN or infinite on {int(bad.any(axis=tuple(range(2, bad.ndim))).sum())} of "
                f"{bad.shape[0] * bad.shape[1]} draws: the field or the observable divides by zero, takes a root or "
                "logarithm of a negative number, or overflows (`nnft check` evaluates the field on free draws)"
            )


class FieldError(RuntimeError):
    """A field or observable that is not finite on the draws."""


def _judged(
    theory: Theory, data: xr.DataTree, key_second: jax.Array | None, show: Progress
) -> tuple[xr.DataTree, dict[str, Any]]:
    """The data with estimates, exact values and the second route; and the verdicts."""
    series = series_of(data)
    stats = {str(name): values.values for name, values in data["sample_stats"].dataset.items()}
    coords = {str(dim): values.values for dim, values in data["observables"].coords.items()}
    dims = {name: one.dims for name, one in theory.observables.items()}
    log_z = None
    if "log_weight" in stats:
        estimates, k_hat, size = _reweighted(theory, series, stats["log_weight"])
        verdicts = reweighting_verdicts(k_hat, estimates)
        log_z = dict(zip(("value", "error"), log_mean_weight(stats["log_weight"]), strict=True))
        findings: dict[str, Any] = {"k_hat": k_hat, "kish": size}
    else:
        estimates = estimate(series, theory.derived)
        verdicts = chain_verdicts(series, stats, estimates)
        findings = {
            "acceptance": float(np.mean(stats["acceptance_rate"])),
            "step_size": float(stats["step_size"].mean()),
        }
        if key_second is not None:
            second, k_hat, size = _second_route(theory, series, key_second, show)
            data["second_route"] = xr.DataTree(estimates_dataset(second, dims, coords))
            verdicts.append(routes_verdict(estimates, second, k_hat))
            findings |= {"second_route": {"k_hat": k_hat, "kish": size}}
    data["estimates"] = xr.DataTree(estimates_dataset(estimates, dims, coords))
    if theory.exact:
        labels = data["estimates"].dataset
        exact = {name: (labels[name].dims, value) for name, value in theory.exact.items()}
        data["exact"] = xr.DataTree(xr.Dataset(exact))
    judged = {"verdict": overall(verdicts), "verdicts": [verdict.to_json() for verdict in verdicts]}
    return data, judged | {"findings": findings, "log_z": log_z}


def _reweighted(
    theory: Theory, series: Mapping[str, np.ndarray], log_weight: np.ndarray
) -> tuple[dict[str, Estimate], float, float]:
    """Estimates from free draws, Pareto k̂ and Kish's effective size of their weights."""
    smoothed, k_hat = smoothed_log_weights(log_weight)
    return estimate(series, theory.derived, smoothed, independent=True), float(k_hat), float(kish(log_weight))


def _second_route(
    theory: Theory, series: Mapping[str, np.ndarray], key: jax.Array, show: Progress
) -> tuple[dict[str, Estimate], float, float]:
    """As many free draws as the chains made, reweighted."""
    chains, draws = next(iter(series.values())).shape[:2]
    show("second route: free draws", 0, draws)
    blocks = list(reweight(theory.target(), Settings(key, chains, draws, num_warmup=0, keep_every=0)))
    free = {name: np.concatenate([block.measured["observables"][name] for block in blocks], 1) for name in series}
    return _reweighted(theory, free, np.concatenate([block.stats["log_weight"] for block in blocks], 1))
