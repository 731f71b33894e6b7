r"""The exponential of an insertion averaged over Gaussian amplitudes that no action acts on: exp(φ_0 + ½ Σ_i h_i²).

Source: derived in docs/theory/identities.md.
"""

import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.identities.contractions import contract, pairs_of
from nnft_ppl.identities.features import Features
from nnft_ppl.observables import Exponential

SUMMED = 64
"""Rounding units to which a sum over the amplitudes is known."""


def exponential(observable: Exponential, linear: Features, amplitudes: Array) -> Array:
    """Its average over the amplitudes; factors before it are shifted by their contractions with it, and paired.

    Args:
        observable: The exponential of an insertion, perhaps times others.
        linear: Its insertions on one draw.
        amplitudes: z of that draw, shape (amplitude,).
    """
    (exponent, weight), *others = linear.of(observable.insertions)
    noisy = jnp.abs(exponent) + jnp.tensordot(jnp.abs(weight), jnp.abs(amplitudes), 1)
    constant = exponent - jnp.tensordot(weight, amplitudes, 1)
    # Of a field without a constant part rounding is left, whose series would look like one with a heavy tail.
    constant = jnp.where(jnp.abs(constant) <= SUMMED * jnp.finfo(noisy.dtype).eps * noisy, 0, constant)
    mean = jnp.exp(constant + 0.5 * jnp.sum(weight**2, axis=-1))
    if not others:
        return observable.scaled(mean)
    shifted = jnp.stack([one + jnp.sum(feature * (weight - amplitudes), axis=-1) for one, feature in others])
    features, product = [feature for _, feature in others], tuple(range(len(others)))
    pairs = [jnp.sum(features[j] * features[k], axis=-1) for j, k in pairs_of([product])]
    contractions = jnp.stack(pairs) if pairs else jnp.zeros((0, *mean.shape), mean.dtype)
    return mean * contract([product], shifted, shifted, contractions)[0]
