r"""Connected functions from the covariance that a network has given what is inside its neurons.

Where fields are linear in Gaussian amplitudes, φ(x) = Σ_i z_i h_i(x), a field is Gaussian with covariance
$T(x, y) = \sum_i h_i(x) h_i(y)$ given all other parameters, and averages over these are all that is left:

$$G_c(x_1 \ldots x_{2k}) = \sum_{\text{pairings}} \kappa_k\big(T(p_1), \ldots, T(p_k)\big),$$

the joint cumulants of T of the *whole* network. Neurons need not be independent, nor the network have one layer. Of n
draws κ_1, κ_2, κ_3 are estimated without bias by k-statistics: the mean, and n/(n−1) and n²/((n−1)(n−2)) times the mean
products of deviations. The variance of N·G_4 does not grow with the width N, that of N²·G_6 as N.

Source: R. A. Fisher, Proc. London Math. Soc. 30 (1929) 199 (k-statistics); derived in docs/theory/expansion.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field as dataclass_field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_finite
from nnft_ppl.identities import free_amplitudes
from nnft_ppl.observables import at, partitions, read_off
from nnft_ppl.statistics import Estimate
from nnft_ppl.theory import Theory

BATCHES = 64
"""Estimates of their own, whose spread gives the error."""
LEAST = 16
"""Draws in a batch, at least."""
TOGETHER = 1024
"""Draws that are evaluated at once."""
ROUNDING = 1e-10
"""Of a field: what may be left of it at vanishing amplitudes."""


@dataclass(frozen=True, eq=False)
class BatchEstimate(Estimate):
    """An estimate that is the mean of those of independent batches of draws."""

    batches: Float[ndarray, "batch *shape"] = dataclass_field(default_factory=lambda: np.zeros(0))
    """The estimate of each batch."""

    @property
    def covariance(self) -> Float[ndarray, "entry entry"]:
        """Covariance of the errors of all entries, in the order of `value.ravel()`, shape (entry, entry)."""
        flat = self.batches.reshape(len(self.batches), -1)
        return np.atleast_2d(np.cov(flat, rowvar=False)) / len(flat)


def conditional_cumulant(
    theory: Theory,
    points: Float[ArrayLike, "*shape order dim"],
    num_draws: int = 100_000,
    seed: int = 0,
    *,
    field: str | int | None = None,
    component: int | None = None,
) -> BatchEstimate:
    r"""A connected function of 2, 4 or 6 points by free draws, $\sum_{\text{pairings}} \kappa_k(T(p_1) \ldots T(p_k))$.

    Args:
        theory: A free theory whose fields are linear in Gaussian parameters, and vanish with them.
        points: Shape (*shape, order, dim), order 2, 4 or 6.
        num_draws: Draws of the network, in 64 batches of equal size.
        seed: Of the random numbers.
        field: Which field, where the model returns several.
        component: Which component of the field; None where it has one.

    Returns:
        Estimate of shape `shape`, in units of the field to the power of the order; it has the `covariance` of its
        entries.

    Raises:
        TypeError: If points are not real, or numbers no integers.
        ValueError: If points do not fit, there are too few draws, the theory has an action, or its fields are not of
            this kind.
    """
    places = require_finite("conditional_cumulant", "points", points)
    if places.ndim < 2 or places.shape[-2] not in (2, 4, 6):
        raise ValueError(
            f"conditional_cumulant: points have shape {places.shape}; give (*shape, order, dim), order 2, 4 or 6"
        )
    require_count("conditional_cumulant", "num_draws", num_draws, least=LEAST * BATCHES)
    if theory.action_terms:
        raise ValueError(
            f"conditional_cumulant: {theory.name} has an action, {' + '.join(theory.action_terms)}, and this looks at "
            "free draws; measure connected(...) among the observables of a run"
        )
    distinct, which = np.unique(places.reshape(-1, places.shape[-1]), axis=0, return_inverse=True)
    factors = np.ravel(which).reshape(-1, places.shape[-2])
    pairs, terms = _terms(factors)
    covariances = _covariances(theory, distinct, pairs, field, component)

    @jax.jit
    def batch(key: Array) -> tuple[Array, Array]:
        keys = jax.random.split(key, num_draws // BATCHES)
        found, left = jax.lax.map(covariances, keys, batch_size=TOGETHER)
        return _statistic(found, terms), jnp.max(left)

    keys = jax.random.split(jax.random.key(seed), BATCHES)
    values, left = (np.asarray(one) for one in zip(*map(batch, keys), strict=True))
    if np.max(left) > ROUNDING:
        raise ValueError(
            f"conditional_cumulant: the field of {theory.name} has a part that no Gaussian parameter multiplies; "
            "measure connected(...) among the observables of a run"
        )
    values = values.reshape(BATCHES, *places.shape[:-2])
    twos = values.reshape(BATCHES // 2, 2, *values.shape[1:]).mean(axis=1)
    error, second = (np.std(one, axis=0, ddof=1) / np.sqrt(len(one)) for one in (values, twos))
    used = np.full(error.shape, float(num_draws // BATCHES * BATCHES))
    return BatchEstimate(values.mean(axis=0), error, used, second, batches=values)


def _terms(factors: Float[ndarray, "entry order"]) -> tuple[ndarray, ndarray]:
    """The pairs of points that occur, (pair, 2), and the pairs in each term of each entry, (entry, pairing, k)."""
    numbers: dict[tuple[int, int], int] = {}

    def number(first: int, second: int) -> int:
        return numbers.setdefault((min(first, second), max(first, second)), len(numbers))

    pairings = list(partitions(range(factors.shape[1]), [2]))
    terms = [[[number(one[a], one[b]) for a, b in pairing] for pairing in pairings] for one in factors.tolist()]
    return np.array(list(numbers)), np.array(terms)


def _statistic(found: Float[Array, "draw pair"], terms: ndarray) -> Float[Array, "entry"]:
    """The sum over pairings of k-statistics."""
    draws, power = len(found), terms.shape[-1]
    if power == 1:
        return jnp.mean(found, axis=0)[terms[..., 0]].sum(axis=-1)
    deviations = found - jnp.mean(found, axis=0)
    # Terms that are one are computed once.
    products, places = np.unique(np.sort(terms.reshape(-1, power), axis=1), axis=0, return_inverse=True)
    means = jnp.stack([jnp.mean(jnp.prod(deviations[:, one], axis=1)) for one in products])
    unbiased = draws / (draws - 1) * (draws / (draws - 2) if power == 3 else 1.0)
    return unbiased * means[np.ravel(places).reshape(terms.shape[:-1])].sum(axis=-1)


def _covariances(
    theory: Theory, points: ndarray, pairs: ndarray, field: str | int | None, component: int | None
) -> Callable[[Array], tuple[Array, Array]]:
    """Random key -> T of the pairs on a free draw, and the share of the field that is left without amplitudes."""
    sites = free_amplitudes(theory)
    if not sites:
        raise ValueError(
            f"conditional_cumulant: the field of {theory.name} is linear in no Gaussian parameter (of which 512 at "
            "most are looked at); measure connected(...), or neuron_cumulant(...), among the observables of a run"
        )
    insertion = at(points, field, component)

    def covariances(key: Array) -> tuple[Array, Array]:
        parts = theory.split(theory.free_draw(key))
        amplitudes = {name: jnp.zeros_like(parts[name]) for name in sites}

        def values(amplitudes: dict[str, Array]) -> Array:
            read = read_off([insertion], theory.at_sites(parts | amplitudes).returned)
            return read.values[read.rows[0]]

        slopes = jax.jacrev(values)(amplitudes)
        features = jnp.concatenate([slopes[name].reshape(len(points), -1) for name in sites], axis=1)
        found = jnp.sum(features[pairs[:, 0]] * features[pairs[:, 1]], axis=1)
        left = jnp.max(jnp.abs(values(amplitudes)))
        return found, left / jnp.sqrt(jnp.max(jnp.sum(features**2, axis=1)) + left**2 + jnp.finfo(left.dtype).tiny)

    return covariances
