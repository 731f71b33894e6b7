"""A closed path on the circle of angles, with its winding number."""

import math
from typing import final

import equinox as eqx
from jaxtyping import Array, Float, Num

from nnft_ppl.fields.fourier import FourierSeries


@final
class WindingPath(eqx.Module):
    """The angle θ(τ) = periodic(τ) + 2πw τ/β of a path that winds w times while τ goes once round its circle.

    Attributes:
        winding: w, an integer, whose law labels the topological sectors.
        periodic: The periodic rest, a field on the circle of length β, in radians.

    Source: standard; derived in docs/theory/discrete.md.
    """

    winding: Num[Array, ""]
    periodic: FourierSeries

    def __call__(self, x: Float[Array, "1"]) -> Float[Array, ""]:
        """θ at a point, in radians; it grows by 2πw from τ to τ + β.

        Args:
            x: τ, shape (1,).
        """
        return self.periodic(x) + 2 * math.pi * self.winding * x[0] / self.periodic.sides[0]
