r"""Improved products of factors that are linear in Gaussian amplitudes.

With φ_k = φ_{0,k} + Σ_i z_i h_{ki}, K_{jk} = Σ_i h_{ji} h_{ki} (no conjugation) and σ_k = φ_{0,k} − Σ_i h_{ki} ∂_i S,
the improved form I of a product of n factors is

    I(1 … n) = (1/n) Σ_k σ_k Π_{j≠k} φ_j + (2/n) Σ_{j<k} K_{jk} I(1 … n without j, k),        I() = 1

which is the identity for each factor, averaged over the factors. Products that have sub-products in common share them.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Sequence
from itertools import combinations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from nnft_ppl.observables import Moment


def contract(
    moments: Sequence[Moment],
    values: Shaped[Array, "factor *shape"],
    source: Shaped[Array, "factor *shape"],
    pairs: Shaped[Array, "pair *shape"],
) -> Shaped[Array, "moment *shape"]:
    """The improved forms of products of factors.

    Args:
        moments: Which factors are multiplied, each by its numbers in order.
        values: φ_k, of every factor.
        source: σ_k.
        pairs: K_{jk} of `pairs_of(moments)`, in that order.
    """
    pair = {one: at for at, one in enumerate(pairs_of(moments))}
    levels = _levels(moments)
    done: dict[Moment, int] = {(): 0}
    improved = jnp.ones((1, *values.shape[1:]), values.dtype)
    for size, level in enumerate(levels[1:], start=1):
        if not level:
            continue
        factors, others = np.array(level), _all_but_one(size)
        total = jnp.sum(source[factors] * jnp.prod(values[factors[:, others]], axis=2), axis=1)
        if size > 1:
            two = list(combinations(range(size), 2))
            which = np.array([[pair[one[j], one[k]] for j, k in two] for one in level])
            rest = np.array([[done[_without(one, j, k)] for j, k in two] for one in level])
            total = total + 2 * jnp.sum(pairs[which] * improved[rest], axis=1)
        done |= {one: len(done) + at for at, one in enumerate(level)}
        improved = jnp.concatenate([improved, total / size])
    return improved[np.array([done[one] for one in moments])]


def pairs_of(moments: Sequence[Moment]) -> list[tuple[int, int]]:
    """The pairs of factors that occur together in a product.

    Args:
        moments: The products.
    """
    return sorted({pair for moment in moments for pair in combinations(moment, 2)})


def _levels(moments: Sequence[Moment]) -> list[list[Moment]]:
    """All products that are met, by their number of factors: pairs are taken out until nothing is left."""
    levels: list[set[Moment]] = [set() for _ in range(max(map(len, moments)) + 1)]
    for moment in moments:
        levels[len(moment)].add(moment)
    for size in range(len(levels) - 1, 1, -1):
        for moment in levels[size]:
            levels[size - 2] |= {_without(moment, j, k) for j, k in combinations(range(size), 2)}
    return [sorted(level) for level in levels]


def _without(moment: Moment, j: int, k: int) -> Moment:
    return (*moment[:j], *moment[j + 1 : k], *moment[k + 1 :])


def _all_but_one(size: int) -> np.ndarray:
    """Shape (size, size − 1): row k counts to size without k."""
    return np.array([[one for one in range(size) if one != k] for k in range(size)], int).reshape(size, size - 1)
