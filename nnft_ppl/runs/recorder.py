"""The draws of one sampler, block by block, as labelled data: dimensions, coordinates, groups."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind, KindError, refuse_controls
from nnft_ppl.results import state_units
from nnft_ppl.runs.long_series import LongSeries, Part, averaged_over
from nnft_ppl.samplers import Block, Curve
from nnft_ppl.theory import Theory


class FieldError(RuntimeError):
    """A field or observable that is not finite on the draws."""


class Recorder:
    """All draws so far.

    Args:
        theory: What is sampled.
        keep_every: Every so many draws the parameters are kept; 0 for none.
        keep_all: Whether they are kept of all draws, however many there are.
        whole: Whether the series stay whole, however many draws there are; they do where weights have a phase, which
            averages do not have.
        means: Gives means of the controls, (set, *shape) by name, where draws have controls.
    """

    def __init__(
        self,
        theory: Theory,
        keep_every: int,
        *,
        keep_all: bool = False,
        whole: bool = False,
        means: Callable[[], Mapping[str, np.ndarray]] = dict,
    ) -> None:
        self._theory, self._keep_every, self._keep_all, self._find_means = theory, keep_every, keep_all, means
        self._whole = whole or bool(theory.phase_terms)
        self._transport = jax.jit(jax.vmap(jax.vmap(theory.transport)))
        self._parts: list[Part] = []
        self._long: LongSeries | None = None
        self._kept: list[tuple[np.ndarray, Part]] = []
        self._curves: list[Curve] = []
        self.kind: Kind | None = None
        """What the draws are; None before the first block."""
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
        }
        first, self.draws = self.draws, self.draws + block.length
        numbers = np.arange(first, self.draws)
        kept = {"reference": {"z": block.positions} if block.positions is not None and self._keep_every else {}}
        tree = self._label(part, numbers, kept, self._of_kept(numbers))
        if kept["reference"]:
            kept["parameters"] = {name: np.asarray(value) for name, value in self._transport(block.positions).items()}
            self._kept.append((self._of_kept(numbers), kept))
        self._parts.append(part)
        self._curves += [block.curve] if block.curve else []
        if self._long or (averaged_over(self.draws) > 1 and not self._whole):
            self._shorten()
        return tree

    @property
    def each(self) -> int:
        """How many consecutive draws an entry of a series is the average of."""
        return self._long.each if self._long else 1

    @property
    def curves(self) -> list[Curve]:
        """The way from the free theory: block by block of samplers that temper; of long series of free draws, too."""
        return [*self._long.curves, *self._curves] if self._long else self._curves

    @property
    def data(self) -> xr.DataTree:
        """All draws, or averages of them with single draws in a group `singles`; the parameters of what is kept."""
        numbers, kept = self._kept_together()
        if self._long is None:
            self._parts = [_behind(self._parts)]
            return self._with_means(self._label(self._parts[0], np.arange(self.draws), kept, numbers))
        averages, singles = self._long.series
        firsts = self.each * np.arange(self.draws // self.each)
        tree = self._label(averages, firsts, kept, numbers)
        tree["singles"] = self._label(singles, firsts, {"reference": {}}, firsts[:0])
        tree.attrs["averaged"] = self.each
        return self._with_means(tree)

    def _with_means(self, tree: xr.DataTree) -> xr.DataTree:
        """The draws, and the means of their controls, if they have any."""
        if "control" in tree:
            dims = {name: ("set", *one.dims) for name, one in self._theory.observables.items()}
            variables = {name: (dims[name], means) for name, means in self._means.items()}
            tree["control_means"] = xr.DataTree(xr.Dataset(variables))
        return tree

    @cached_property
    def _means(self) -> Mapping[str, np.ndarray]:
        return self._find_means()

    def _shorten(self) -> None:
        """Put what is whole into averages."""
        if self._long is None:
            assert self.kind is not None
            shown = [name for name, one in self._theory.observables.items() if not one.hidden]
            self._long = LongSeries(self.kind, shown)
        for part in self._parts:
            self._long.add(part)
        for curve in self._curves:
            self._long.add_curve(curve)
        self._parts, self._curves = [], []

    def _of_kept(self, numbers: np.ndarray) -> np.ndarray:
        """Those of these draws whose parameters are kept."""
        return numbers[numbers % self._keep_every == 0] if self._keep_every else numbers[:0]

    def _kept_together(self) -> tuple[np.ndarray, Part]:
        """Numbers of the kept draws, and what is kept of them: of long series those alone that are single draws."""
        if not self._kept:
            return np.arange(0), {"reference": {}}
        numbers = np.concatenate([numbers for numbers, _ in self._kept])
        together = _behind([part for _, part in self._kept])
        if not self._keep_all and (chosen := numbers % self.each == 0).sum() < len(numbers):
            numbers, together = numbers[chosen], jax.tree.map(lambda array: array[:, chosen], together)
        self._kept = [(numbers, together)]
        return numbers, together

    def _label(self, part: Part, draws: np.ndarray, kept: Part, kept_draws: np.ndarray) -> xr.DataTree:
        observables = self._theory.observables
        dims = {name: one.dims for name, one in observables.items()}
        coords = {dim: list(values) for one in observables.values() for dim, values in one.coords.items()}
        units = {name: one.units for name, one in observables.items()}
        site_dims = {site.label: site.dims for site in self._theory.sites}
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
        if kept["reference"]:
            groups["reference"] = _dataset(kept["reference"], {"z": ("coordinate",)}, kept_draws)
        if "parameters" in kept:
            # Weighted draws belong to another density until they are weighted.
            name = "posterior" if self.kind is Kind.CHAINS else "prior"
            groups[name] = _dataset(kept["parameters"], site_dims, kept_draws)
        return xr.DataTree.from_dict(groups)


def _behind(parts: list[Part]) -> Part:
    return jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *parts) if len(parts) > 1 else parts[0]


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
