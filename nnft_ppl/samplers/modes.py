"""Modes of a density as samplers are told them: places and curvatures."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

MOST_MODES = 64
"""Modes between which chains jump, at most: those of largest weight."""
MOST_NUMBERS = 2**22
"""Fewer of them where their matrices would have more numbers together, but at least two."""
LEAST_CURVATURE = 1e-2
"""A flatter direction counts as this flat; a Gaussian of free parameters has 1."""


class Modes(NamedTuple):
    """Modes of a density, the heaviest first, with the curvature of −ln(density) there."""

    place: Float[Array, "mode dimension"]
    """z at the modes."""
    tension: Float[Array, "mode dimension dimension"]
    """H^{1/2}, symmetric."""
    spread: Float[Array, "mode dimension dimension"]
    """H^{−1/2}, symmetric."""
    half_log_det: Float[Array, " mode"]
    """½ ln det H."""

    @staticmethod
    def most(dimension: int) -> int:
        """How many modes are held at most.

        Args:
            dimension: Number of coordinates.
        """
        return min(MOST_MODES, max(2, MOST_NUMBERS // dimension**2))

    @classmethod
    def of(cls, places: Float[np.ndarray, "mode dimension"], curvatures: list[np.ndarray]) -> "Modes":
        """The modes at these places.

        Args:
            places: z at each, the heaviest first.
            curvatures: H at each, shape (dimension, dimension).
        """
        tension, spread, half = [], [], []
        most = cls.most(places.shape[1])
        for curvature in curvatures[:most]:
            values, vectors = np.linalg.eigh(curvature)
            values = np.maximum(values, LEAST_CURVATURE)
            tension.append((vectors * np.sqrt(values)) @ vectors.T)
            spread.append((vectors / np.sqrt(values)) @ vectors.T)
            half.append(0.5 * np.sum(np.log(values)))
        arrays = (places[:most], np.stack(tension), np.stack(spread), np.array(half))
        return cls(*(jnp.asarray(array, jnp.zeros(()).dtype) for array in arrays))


def start_in_modes(key: Array, modes: Modes, num_chains: int) -> Float[Array, "chain dimension"]:
    """Where chains start: each in the next of the modes, at a draw of its Gaussian approximation.

    Args:
        key: A random key, a scalar.
        modes: At least one.
        num_chains: Number of chains.
    """
    which = np.arange(num_chains) % len(modes.place)
    noise = jax.random.normal(key, (num_chains, modes.place.shape[1]))
    return modes.place[which] + jnp.einsum("cij,cj->ci", modes.spread[which], noise)
