"""A scalar in d = 1 with its interaction in a Gaussian window, and the dilatation of its networks."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
from jax import Array
from numpyro import distributions as dist

from nnft_ppl.densities import UniformBall
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.identities import NeuronField
from nnft_ppl.identities.vector_fields import Values


def scalar_with_window(width: int = 2, mass: float = 0.7, cutoff: float = 3.0, coupling: float = 2.0) -> PlaneWaves:
    """α = −1, S = (λ/4!) ∫ e^{−x²/2} φ⁴ dx."""
    x, weight = np.polynomial.legendre.leggauss(48)
    x, weight = 6 * x, 6 * weight
    with numpyro.plate("neuron", width):
        b: Any = numpyro.sample("momentum", UniformBall(1, cutoff))
        c: Any = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        a: Any = numpyro.sample("amplitude", dist.Normal(0, 1))
    size = math.sqrt(2 * cutoff / (math.pi * width)) / jnp.sqrt(b[:, 0] ** 2 + mass**2)
    phi = PlaneWaves(a, b, c, size)
    quartic = jnp.sum(weight * np.exp(-(x**2) / 2) * phi.on_grid((x,)) ** 4)
    numpyro.factor("quartic", -coupling / 24 * quartic)
    return phi


def _dilated(one: Values) -> dict[str, Array]:
    # Δ − b·∂ ln w with Δ = (d − 2)/2 = −1/2 and w = (b² + m²)^{−1/2}, m = 0.7.
    square = one["momentum"][0] ** 2
    return {"momentum": one["momentum"], "amplitude": one["amplitude"] * (-0.5 + square / (square + 0.7**2))}


DILATATION = NeuronField("dilatation", _dilated)


def at_two_points(phi: PlaneWaves) -> Array:
    """φ(0.4) φ(−0.8)."""
    return phi(jnp.array([0.4])) * phi(jnp.array([-0.8]))
