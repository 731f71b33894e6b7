r"""Correlations between runs that share random numbers: the jackknife, block by block of draws.

Draw for draw two such runs fluctuate together. With replicas $F_{(b)}$, the estimate without the draws of block b,

$$\rho = \frac{\sum_b (F_{(b)} - \bar F)(G_{(b)} - \bar G)}
              {\sqrt{\sum_b (F_{(b)} - \bar F)^2 \sum_b (G_{(b)} - \bar G)^2}} .$$

Source: B. Efron, Ann. Statist. 7 (1979) 1.
"""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.statistics.functions_of_means import Function
from nnft_ppl.statistics.log_weights import relative_weights

BLOCKS = 128
"""Blocks of draws: ρ is good to 0.09 where it is 0, and better where it is not."""


def blocks(chains: int, draws: int) -> int:
    """How many blocks the draws of so many chains are in, as many in each chain.

    Args:
        chains: Number of chains.
        draws: Draws of each.
    """
    return chains * int(np.clip(BLOCKS // chains, 2, draws))


def replicas(
    series: Mapping[str, Float[ndarray, "chain draw *shape"]],
    functions: Mapping[str, Function] | None = None,
    log_weights: Float[ndarray, "chain draw"] | None = None,
    draws: int | None = None,
) -> dict[str, Float[ndarray, "block *shape"]]:
    """Means of observables, and functions of them, without one block of draws after the other.

    Args:
        series: Observables by name, each of shape (chain, draw, *shape).
        functions: Functions of the means by name.
        log_weights: Of the draws, shape (chain, draw).
        draws: So many of each chain are looked at; all unless given.

    Returns:
        Name -> replicas, shape (block, *shape).
    """
    length = next(iter(series.values())).shape[:2]
    logs = (np.zeros(length) if log_weights is None else log_weights)[:, :draws]
    weights = relative_weights(logs)
    chains, taken = weights.shape
    edges = np.linspace(0, taken, blocks(chains, taken) // chains, endpoint=False).astype(int)

    def sums(values: ndarray) -> ndarray:
        return np.add.reduceat(values, edges, axis=1).reshape(-1, *values.shape[2:])

    weight = sums(weights)
    means = {}
    for name, values in series.items():
        heavy = weights.reshape(*weights.shape, *(1,) * (values.ndim - 2)) * values[:, :draws]
        parts = sums(heavy)
        rest = (weight.sum() - weight).reshape(-1, *(1,) * (parts.ndim - 1))
        means[name] = (parts.sum(0) - parts) / rest
    found = {name: np.asarray(jax.vmap(function)(means)) for name, function in (functions or {}).items()}
    return means | found


def correlation_between(of_runs: Sequence[Float[ndarray, "block *shape"]]) -> Float[ndarray, "run run *shape"]:
    """Correlations of the estimates of several runs, entry by entry; 1 of each with itself, 0 with what has no error.

    Args:
        of_runs: Replicas of one quantity in every run, of equal shapes.
    """
    apart = np.stack([one - one.mean(0) for one in of_runs])
    # What is constant up to rounding fluctuates with nothing.
    size = np.max(np.abs(np.stack(of_runs)), axis=1)
    norm = np.linalg.norm(apart, axis=1)
    norm = np.where(norm <= 1e-12 * size * np.sqrt(apart.shape[1]), np.inf, norm)
    apart = apart / norm[:, None]
    found = np.einsum("ib...,jb...->ij...", apart, apart)
    own = np.eye(len(apart)).reshape(len(apart), len(apart), *(1,) * (found.ndim - 2))
    return np.where(own == 1, 1.0, found)
