"""What improved estimators ask of a Gaussian reference; `nnft_ppl.reference` has such Gaussians."""

from collections.abc import Sequence
from typing import Protocol

from jaxtyping import Array, Float


class Frame(Protocol):
    """A map L of the amplitudes at one point, with L Lᵀ the covariance of the Gaussian there."""

    def place(self, amplitudes: Array) -> Array:
        """L a."""
        ...

    def project(self, rows: Array) -> Array:
        """F L, for rows F, or Lᵀ a for one."""
        ...

    @property
    def held(self) -> Array:
        """tr(1 − L Lᵀ): how many of the amplitudes the quadratic part holds."""
        ...


class Knowing(Protocol):
    """A Gaussian that knows the action."""

    @property
    def constants(self) -> Sequence[float] | Float[Array, "field"]:
        """Of every field's quadratic part (c/2) ∫φ², c, over the theory's space."""
        ...

    def frame(self, position: Float[Array, "dimension"], /) -> Frame:
        """L at one point, z."""
        ...
