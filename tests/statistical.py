"""How Monte-Carlo numbers are compared with exact ones: in their own errors, behind a gate on effective draws."""

import jax
import numpy as np
from scipy.signal import lfilter

from nnft_ppl.statistics import Estimate

ACCEPTED, REJECTED = 5.0, 6.0
"""A claim holds within 5 errors; its negative control must be more than 6 away."""


def worst_pull(estimate: Estimate, exact: np.ndarray, min_ess: float = 400.0) -> float:
    """The largest |value − exact|/error, after checking that there are draws enough for the error to mean something."""
    assert np.min(estimate.ess) >= min_ess, f"only {np.min(estimate.ess):.0f} effective draws"
    return float(np.max(np.abs(estimate.value - exact) / estimate.error))


def free_draws(theory, number, seed):
    """Observables of free draws, (1, draw, ...), by name, and their log weights: what `reweight` makes, and no more."""

    def one(key):
        position = theory.free_draw(key)
        return theory.measure(position)["observables"], -theory.action(position)

    measure = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=500))
    observables, logs = measure(jax.random.split(jax.random.key(seed), number))
    return {name: np.asarray(values)[None] for name, values in observables.items()}, np.asarray(logs)[None]


def autoregressive(rng, coefficient, shape) -> np.ndarray:
    """Stationary AR(1) of unit variance along axis 1; tau_int = (1 + a) / (2 (1 - a)) and error^2 = 2 tau_int / N."""
    noise = rng.normal(size=shape)
    noise[:, 0] /= np.sqrt(1 - coefficient**2)
    return np.asarray(lfilter([np.sqrt(1 - coefficient**2)], [1, -coefficient], noise, axis=1))


def sigmas(samples, expected):
    """Distance of the mean of independent samples from its expectation, in standard errors."""
    return abs(np.mean(samples) - expected) / (np.std(samples, ddof=1) / np.sqrt(len(samples)))
