r"""The fields at points on one draw, and as linear functions φ = m + h·z of Gaussian amplitudes z ~ N(0, I).

Products of such fields are averaged over the amplitudes by Wick's theorem (nothing is conjugated):

    F_ab = E_z[φ_a φ_b] = m_a m_b + h_a·h_b
    E_z[φ_a φ_b φ_c φ_d] = F_ab F_cd + F_ac F_bd + F_ad F_bc − 2 m_a m_b m_c m_d

What amplitudes would add to an average is noise alone. The sum over components is taken within a pair of points: such
products do not care whether components turn among themselves, or with the axes.

Source: derived in docs/theory/symmetries.md.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Shaped

from nnft_ppl.identities import free_amplitudes
from nnft_ppl.theory import Reading, Theory, named_fields

MOST_FIELDS = 4
"""Fields that are looked at, the first ones."""


class Legs(NamedTuple):
    """One field at some points, its components in a row."""

    values: Shaped[Array, "*point component"]
    """φ on this draw."""
    means: Shaped[Array, "*point component"]
    """m; φ itself where nothing is averaged."""
    features: Shaped[Array, "*point component amplitude"] | None
    """h; None where nothing is averaged."""

    def at(self, which: Any) -> "Legs":
        """Some of the points.

        Args:
            which: An index.
        """
        features = None if self.features is None else self.features[which]
        return Legs(self.values[which], self.means[which], features)

    def shaped(self, shape: tuple[int, ...]) -> "Legs":
        """The points in another shape.

        Args:
            shape: Of as many points.
        """
        values, means = (one.reshape(*shape, one.shape[-1]) for one in (self.values, self.means))
        return Legs(
            values, means, None if self.features is None else self.features.reshape(*shape, *self.features.shape[-2:])
        )

    @property
    def conjugate(self) -> "Legs":
        """The conjugated field."""
        features = None if self.features is None else jnp.conj(self.features)
        return Legs(jnp.conj(self.values), jnp.conj(self.means), features)


def averaged_pair(a: Legs, b: Legs) -> Shaped[Array, "*point"]:
    """E_z[Σ_i φ_i(a) φ_i(b)], of the points' shape."""
    product = a.means * b.means
    if a.features is not None and b.features is not None:
        product = product + jnp.sum(a.features * b.features, axis=-1)
    return jnp.sum(product, axis=-1)


def averaged_quartet(a: Legs, b: Legs, c: Legs, d: Legs) -> Shaped[Array, "*point"]:
    """E_z[Σ_i φ_i(a) φ_i(b) Σ_j φ_j(c) φ_j(d)], of the points' shape."""
    total = averaged_pair(a, b) * averaged_pair(c, d)
    if a.features is None:
        return total

    def both(one: Legs, other: Legs) -> Array:
        """E_z[φ_i φ_j]."""
        means = one.means[..., :, None] * other.means[..., None, :]
        return means + jnp.einsum("...ia,...ja->...ij", one.features, other.features)

    crossed = jnp.sum(both(a, c) * both(b, d) + both(a, d) * both(b, c), axis=(-2, -1))
    means = jnp.sum(a.means * b.means, axis=-1) * jnp.sum(c.means * d.means, axis=-1)
    return total + crossed - 2 * means


class FieldValues:
    """The fields of a theory at points.

    Args:
        theory: The theory.
        points: Where, shape (point, dim).

    Attributes:
        amplitudes: Sites that are averaged over by hand, in which fields are linear and the action does not occur.
    """

    def __init__(self, theory: Theory, points: Float[np.ndarray, "point dim"]) -> None:
        self.theory, self.points = theory, np.asarray(points, float)
        self.amplitudes = free_amplitudes(theory)

    def __call__(
        self, position: Float[Array, "dimension"], more: Callable[[Reading], Any]
    ) -> tuple[dict[str, Legs], Any]:
        """Every field by its stored name, and whatever else is read off the same draw.

        Args:
            position: z, shape (dimension,).
            more: What else.
        """
        if not self.amplitudes:
            reading = self.theory.at(position)
            return {name: Legs(one, one, None) for name, one in self._read(reading).items()}, more(reading)
        parts = self.theory.split(position)
        amplitudes, unravel = ravel_pytree({name: parts[name] for name in self.amplitudes})

        def values(amplitudes: Array) -> tuple[dict[str, Array], Any]:
            reading = self.theory.at_sites(parts | unravel(amplitudes))
            return self._read(reading), more(reading)

        found, push, rest = jax.linearize(values, amplitudes, has_aux=True)
        features = jax.vmap(push, out_axes=-1)(jnp.eye(amplitudes.size, dtype=amplitudes.dtype))
        return {name: Legs(one, one - features[name] @ amplitudes, features[name]) for name, one in found.items()}, rest

    def _read(self, reading: Reading) -> dict[str, Array]:
        points = jnp.asarray(self.points)
        found = {}
        for name, field in list(named_fields(reading.returned).items())[:MOST_FIELDS]:
            value = jnp.asarray(jax.vmap(field)(points))
            value = value if jnp.iscomplexobj(value) else value.astype(points.dtype)
            found[name] = value.reshape(len(points), -1)
        return found
