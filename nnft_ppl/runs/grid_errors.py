r"""What finer grids change of a run's estimates: the same draws, with the action and observables on twice the points.

With $\Delta S$ the change of the action of a draw, $\delta F = \langle F_{\rm fine}\, e^{-\Delta S}\rangle / \langle
e^{-\Delta S}\rangle - \langle F\rangle$: draws are the same, so that δF is far better known than F. Its standard error,
by a jackknife of blocks of draws, is added in quadrature. Source: reweighting; derived here.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from numpy import ndarray

from nnft_ppl.results import Ensemble
from nnft_ppl.runs.kept import kept_draws
from nnft_ppl.spaces import refined, used_spaces
from nnft_ppl.statistics import replicas
from nnft_ppl.theory import ModelError, Theory

MOST_DRAWS = 4096
"""So many draws are looked at: a shift of δF is known to a small share of F's own error."""
AT_ONCE = 128
"""Draws are measured in groups of about this many."""


def grid_shifts(ensemble: Ensemble, theory: Theory) -> dict[str, ndarray]:
    """|δF| with its error, by name, of observables and derived quantities, each of its own shape.

    Args:
        ensemble: A run that kept its parameters.
        theory: Its theory.

    Raises:
        DrawsError: If no draws were kept.
        ModelError: If a grid is not built anew with more points, so that nothing can be compared.
    """
    kept = kept_draws(ensemble, theory)
    each = max(1, MOST_DRAWS // len(kept.positions))
    positions = kept.positions[:, :each]
    logs = np.zeros(positions.shape[:2]) if kept.log_weights is None else kept.log_weights[:, :each]
    action, observed = _measured(theory, positions)
    with refined(2), used_spaces() as used:
        fine_action, fine = _measured(Theory(theory.file, **theory.keywords), positions)
    for space in used:
        if space.refinement == 1 and not space.fixed:
            raise ModelError(
                f"{theory.name}: {space!r} was built before the model ran, so that its grid cannot be compared with a "
                "finer one: build it inside the model, and inside observables()"
            )
    coarse = {name: one for name, one in observed.items() if fine[name].shape == one.shape}
    functions = {name: one for name, one in theory.derived.items() if set(coarse) == set(observed)}
    before = replicas(coarse, functions, logs)
    after = replicas({name: fine[name] for name in coarse}, functions, logs - (fine_action - action))
    return {name: _shift(after[name] - before[name]) for name in before if not np.iscomplexobj(before[name])}


def _shift(of_blocks: ndarray) -> ndarray:
    """Its size and its jackknife error in quadrature."""
    blocks = len(of_blocks)
    return np.sqrt(of_blocks.mean(0) ** 2 + (blocks - 1) * of_blocks.var(0))


def _measured(theory: Theory, positions: ndarray) -> tuple[ndarray, dict[str, ndarray]]:
    """Action, (chain, draw), and observables, (chain, draw, *shape), of draws; the model is traced anew."""

    def one(position: jax.Array) -> tuple[jax.Array, Mapping[str, Any]]:
        return theory.action(position), theory.measure(position)["observables"]

    flat = positions.reshape(-1, positions.shape[-1])
    found = jax.jit(lambda all_of_them: jax.lax.map(one, all_of_them, batch_size=AT_ONCE))(flat)
    return jax.tree.map(lambda values: np.asarray(values).reshape(*positions.shape[:2], *values.shape[1:]), found)
