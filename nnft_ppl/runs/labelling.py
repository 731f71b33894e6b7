"""Blocks of draws as labelled data: dimensions, coordinates, groups."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.samplers import Block
from nnft_ppl.theory import Theory

Transport = Callable[[Any], dict[str, jax.Array]]
"""Positions (chain, draw, dimension) -> parameters by stored name."""


class FieldError(RuntimeError):
    """A field or observable that is not finite on the draws."""


def labelled(theory: Theory, transport: Transport, block: Block, first: int, keep_every: int) -> xr.DataTree:
    """One block of draws as a DataTree with dimensions (chain, draw, ...).

    Args:
        theory: What was sampled.
        transport: Positions to parameters.
        block: The draws.
        first: Number of draws before it.
        keep_every: The thinning of the positions in it; 0 where they are not to be kept.
    """
    length = next(iter(block.stats.values())).shape[1]
    draws = np.arange(first, first + length)
    dims = {name: one.dims for name, one in theory.observables.items()}
    coords = {dim: list(values) for one in theory.observables.values() for dim, values in one.coords.items()}
    units = {name: one.units for name, one in theory.observables.items()}
    groups = {
        "sample_stats": _dataset(block.stats, {}, draws),
        "observables": _dataset(block.measured["observables"], dims, draws, coords, units),
        "action": _dataset(block.measured["action"], {}, draws),
    }
    if improved := block.measured.get("improved"):
        groups["improved"] = _dataset(improved, dims, draws, coords)
    if block.positions is not None and keep_every:
        values = {name: np.asarray(value) for name, value in transport(block.positions).items()}
        site_dims = {site.label: site.dims for site in theory.sites}
        # Free draws belong to the free theory until they are weighted.
        free = "log_weight" in block.stats and "acceptance_rate" not in block.stats
        name = "prior" if free else "posterior"
        groups[name] = _dataset(values, site_dims, draws[draws % keep_every == 0])
    return xr.DataTree.from_dict(groups)


def _dataset(
    values: Mapping[str, np.ndarray],
    dims: Mapping[str, tuple[str, ...]],
    draws: np.ndarray,
    coords: Mapping[str, Iterable] | None = None,
    units: Mapping[str, Mapping[str, str]] | None = None,
) -> xr.Dataset:
    variables = {name: (("chain", "draw", *dims.get(name, ())), value) for name, value in values.items()}
    chains = next((value.shape[0] for value in values.values()), 0)
    labels: dict[str, Any] = {"chain": np.arange(chains), "draw": draws} | dict(coords or {})
    dataset = xr.Dataset(variables, coords=labels)
    for name, stated in (units or {}).items():
        for of, unit in stated.items():
            # xarray's own convention: its plots label axes with this attribute.
            dataset[of or name].attrs["units"] = unit
    return dataset


def concatenated(trees: list[xr.DataTree]) -> xr.DataTree:
    """Consecutive blocks as one tree."""
    groups = {name: [tree[name].to_dataset() for tree in trees] for name in trees[0].children}
    return xr.DataTree.from_dict({name: xr.concat(parts, "draw") for name, parts in groups.items()})


def refuse_nan(data: xr.DataTree) -> None:
    """Raise `FieldError` if an observable is not finite on some draw."""
    for name, values in data["observables"].dataset.items():
        bad = ~np.isfinite(values.values)
        if bad.any():
            raise FieldError(
                f"observable {name!r} is NaN or infinite on {int(bad.any(axis=tuple(range(2, bad.ndim))).sum())} of "
                f"{bad.shape[0] * bad.shape[1]} draws: the field or the observable divides by zero, takes a root or "
                "logarithm of a negative number, or overflows (`nnft check` evaluates the field on free draws)"
            )


def refuse_weightless(data: xr.DataTree) -> None:
    """Raise `FieldError` if the action is infinite on every draw of the free theory, so that none has a weight."""
    stats = data["sample_stats"].dataset
    if "log_weight" in stats and not np.any(np.isfinite(stats["log_weight"].values)):
        raise FieldError(
            f"the action is infinite on every one of {stats['log_weight'].size} draws of the free theory, so that none "
            "has a weight: look for a division by zero or an overflow in the model's factors (`nnft check` shows each)"
        )
