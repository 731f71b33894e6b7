"""Blocks of draws on disk: the labelled draws, and beside them what a run needs that goes on from there.

looked_at   z of draws that checks look at, where no parameters are kept
curve       the way from the free theory, of samplers that temper
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind
from nnft_ppl.samplers import Block, Curve

MEASURED = ("observables", "action", "phase", "improved", "control")


def complete(tree: xr.DataTree, block: Block) -> xr.DataTree:
    """The tree of a block with all that `block_from` needs.

    Args:
        tree: The labelled draws, from `Recorder.add`.
        block: The block.
    """
    if block.positions is not None and "reference" not in tree:
        positions = ("chain", "looked_at", "coordinate"), block.positions
        tree["looked_at"] = xr.DataTree(xr.Dataset({"z": positions}))
    if block.curve is not None:
        beta, log_z, measured = block.curve
        tree["curve"] = xr.DataTree(_dataset({"beta": beta, "log_z": log_z}))
        for name, values in measured.items():
            tree[f"curve_{name}"] = xr.DataTree(_dataset(values))
    return tree


def part_tree(block: Block) -> xr.DataTree:
    """The tree of a block that holds the chains of one of several processes, without labels.

    Args:
        block: The block.
    """
    groups = {name: _dataset(arrays) for name, arrays in block.measured.items()}
    groups["sample_stats"] = _dataset(block.stats)
    groups["sample_stats"].attrs["kind"] = str(block.kind)
    return complete(xr.DataTree.from_dict(groups), block)


def joined(parts: Sequence[Block]) -> Block:
    """One block of the chains of all processes, from that of each, in order.

    Args:
        parts: Blocks of the same draws.
    """
    one = parts[0]
    if len(parts) == 1:
        return one

    def along_chains(of: Callable[[Block], Any]) -> Any:
        return jax.tree.map(lambda *arrays: np.concatenate(arrays), *map(of, parts))

    measured, stats, positions = along_chains(lambda part: part[1:4])
    curve = None
    if one.curve is not None:
        log_z, averages = along_chains(lambda part: part.curve and part.curve[1:])
        curve = Curve(one.curve.beta, log_z, averages)
    return Block(one.kind, measured, stats, positions, curve)


def block_from(tree: xr.DataTree) -> Block:
    """The block of a tree, array for array.

    Args:
        tree: What was stored.
    """
    arrays = {
        name: {str(one): values.values for one, values in group.dataset.data_vars.items()}
        for name, group in tree.children.items()
    }
    measured: dict[str, Any] = {"action": {}} | {name: arrays[name] for name in MEASURED if name in arrays}
    positions = (arrays.get("reference") or arrays.get("looked_at") or {}).get("z")
    curve = None
    if "curve" in arrays:
        along = {name: arrays[f"curve_{name}"] for name in MEASURED if f"curve_{name}" in arrays}
        curve = Curve(arrays["curve"]["beta"], arrays["curve"]["log_z"], along)
    return Block(Kind(tree["sample_stats"].attrs["kind"]), measured, arrays["sample_stats"], positions, curve)


def _dataset(arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    return xr.Dataset({name: ([f"{name}_dim_{axis}" for axis in range(one.ndim)], one) for name, one in arrays.items()})
