"""Covariance of a network's field given what is inside it, from the Gaussian amplitudes of one site alone."""

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import handlers

from nnft_ppl.theory import load_file


def conditional_covariances(name, site, points, number, key, **keywords):
    """T_ab = Σ_i ∂φ(x_a)/∂v_i ∂φ(x_b)/∂v_i · Var v on free draws of a shipped model, shape (draw, point, point).

    Args:
        name: The model.
        site: Of independent normal amplitudes in which the field is linear, all of one variance.
        points: Shape (point, dim).
        number: Draws.
        key: Randomness.
        keywords: Of the model.
    """
    file = load_file(name)

    def one(key):
        trace = handlers.trace(handlers.seed(file.model, key)).get_trace(**keywords)
        own = {label: step["value"] for label, step in trace.items() if step["type"] == "sample"}

        def values(amplitudes):
            field = handlers.substitute(file.model, own | {site: amplitudes})
            return jax.vmap(handlers.seed(field, key)(**keywords))(jnp.asarray(points, float))

        features = jax.jacobian(values)(own[site]).reshape(len(points), -1)
        return features @ features.T * jnp.max(trace[site]["fn"].variance)

    return np.asarray(jax.jit(jax.vmap(one))(jax.random.split(key, number)))


def pulls(covariances, factors, exact):
    """Distance of E[T_12], or of Σ_3 Cov(T_12, T_34), from an exact answer, in errors; both are exact at any width."""
    t = covariances - (0.0 if len(factors) == 2 else np.mean(covariances, axis=0))
    one, two, *rest = factors
    series = t[:, one, two]
    if rest:
        three, four = rest
        series = series * t[:, three, four] + t[:, one, three] * t[:, two, four] + t[:, one, four] * t[:, two, three]
    difference = np.mean(series) - exact
    return abs(difference) / (np.std(series) / np.sqrt(len(series)) + 1e-13)
