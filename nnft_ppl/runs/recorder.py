"""The draws of one sampler, block by block, as labelled data: dimensions, coordinates, groups."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind, KindError, refuse_controls
from nnft_ppl.results import state_units
from nnft_ppl.samplers import Block, Curve
from nnft_ppl.theory import Theory


class FieldError(RuntimeError):
    """A field or observable that is not finite on the draws."""


class Recorder:
    """All draws so far.

    Args:
        theory: What is sampled.
        keep_every: Every so many draws the parameters are kept; 0 for none.
        means: Gives means of the controls, (set, *shape) by name, where draws have controls.
    """

    def __init__(self, theory: Theory, keep_every: int, means: Callable[[], Mapping[str, np.ndarray]] = dict) -> None:
        self._theory, self._keep_every, self._find_means = theory, keep_every, means
        self._transport = jax.jit(jax.vmap(jax.vmap(theory.transport)))
        self._parts: list[dict[str, dict[str, np.ndarray]]] = []
        self.kind: Kind | None = None
        """What the draws are; None before the first block."""
        self.curves: list[Curve] = []
        """The way from the free theory, block by block, of samplers that temper."""
        self.draws = 0
        """Draws per chain so far."""

    def add(self, block: Block) -> xr.DataTree:
        """Record a block.

        Args:
            block: The next draws.

        Returns:
            The block as it is stored: statistics, observables, actions, and of kept draws the positions z.

        Raises:
            KindError: If the draws are not of the kind that they were of before.
        """
        if self.kind not in (None, block.kind):
            raise KindError(f"the sampler's draws are of kind {block.kind!r}, and were of kind {self.kind!r} before")
        self.kind = block.kind
        if block.measured.get("control"):
            refuse_controls(block.kind)
        block = _in_rows(block)
        part = {
            "sample_stats": dict(block.stats),
            "observables": dict(block.measured["observables"]),
            "action": dict(block.measured["action"]),
            "phase": dict(block.measured.get("phase", {})),
            "improved": dict(block.measured.get("improved", {})),
            "control": dict(block.measured.get("control", {})),
            "reference": {"z": block.positions} if block.positions is not None and self._keep_every else {},
        }
        first, self.draws = self.draws, self.draws + block.length
        tree = self._label(part, first, self.draws)
        if part["reference"]:
            part["parameters"] = {name: np.asarray(value) for name, value in self._transport(block.positions).items()}
        self._parts.append(part)
        self.curves += [block.curve] if block.curve else []
        return tree

    @property
    def data(self) -> xr.DataTree:
        """All draws, with the parameters of those that are kept."""
        if len(self._parts) > 1:
            self._parts = [jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *self._parts)]
        tree = self._label(self._parts[0], 0, self.draws)
        if "control" in tree:
            dims = {name: ("set", *one.dims) for name, one in self._theory.observables.items()}
            variables = {name: (dims[name], means) for name, means in self._means.items()}
            tree["control_means"] = xr.DataTree(xr.Dataset(variables))
        return tree

    @cached_property
    def _means(self) -> Mapping[str, np.ndarray]:
        return self._find_means()

    def _label(self, part: Mapping[str, Mapping[str, np.ndarray]], first: int, last: int) -> xr.DataTree:
        observables, draws = self._theory.observables, np.arange(first, last)
        dims = {name: one.dims for name, one in observables.items()}
        coords = {dim: list(values) for one in observables.values() for dim, values in one.coords.items()}
        units = {name: one.units for name, one in observables.items()}
        site_dims = {site.label: site.dims for site in self._theory.sites}
        kept = draws[draws % self._keep_every == 0] if self._keep_every else draws[:0]
        groups = {
            "sample_stats": _dataset(part["sample_stats"], {}, draws),
            "observables": _dataset(part["observables"], dims, draws, coords, units),
            "action": _dataset(part["action"], {}, draws),
        }
        groups["sample_stats"].attrs["kind"] = str(self.kind)
        if part["phase"]:
            groups["phase"] = _dataset(part["phase"], {}, draws)
        if part["improved"]:
            groups["improved"] = _dataset(part["improved"], dims, draws, coords)
        if part["control"]:
            groups["control"] = _dataset(part["control"], dims, draws, coords)
        if part["reference"]:
            groups["reference"] = _dataset(part["reference"], {"z": ("coordinate",)}, kept)
        if "parameters" in part:
            # Weighted draws belong to another density until they are weighted.
            name = "posterior" if self.kind is Kind.CHAINS else "prior"
            groups[name] = _dataset(part["parameters"], site_dims, kept)
        return xr.DataTree.from_dict(groups)


def _in_rows(block: Block) -> Block:
    """The block with arrays laid out as those that are read from disk: the last digit of a sum depends on that."""
    arrays = jax.tree.map(np.ascontiguousarray, (block.measured, block.stats, block.positions, block.curve))
    return Block(block.kind, *arrays)


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
        state_units(dataset, name, stated)
    return dataset


def refuse_nan(data: xr.DataTree) -> None:
    """Raise `FieldError` if an observable is not finite on some draw."""
    for name, values in data["observables"].dataset.items():
        bad = ~np.isfinite(values.values)
        if bad.any():
            raise FieldError(
                f"observable {name!r} is NaN or infinite on {int(bad.any(axis=tuple(range(2, bad.ndim))).sum())} of "
                f"{bad.shape[0] * bad.shape[1]} draws: the field or the observable divides by zero, takes a root or "
                "logarithm of a negative number, overflows, or is asked where it has no value, as a Path between its "
                "times (`nnft check` evaluates the field on free draws)"
            )


def refuse_weightless(kind: Kind, data: xr.DataTree) -> None:
    """Raise `FieldError` if the action is infinite on every draw of the free theory, so that none has a weight."""
    stats = data["sample_stats"].dataset
    if kind.weighted and not np.any(np.isfinite(stats["log_weight"].values)):
        raise FieldError(
            f"the action is infinite on every one of {stats['log_weight'].size} draws of the free theory, so that none "
            "has a weight: look for a division by zero or an overflow in the model's factors (`nnft check` shows each)"
        )
