"""Quantities computed from means of observables: ratios, connected parts, effective masses.

Source: derived here; values and errors of f(means) as in `nnft_ppl.statistics.estimate`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite


@dataclass(frozen=True)
class Derived:
    """A function of means of observables, f(⟨O_1⟩, ⟨O_2⟩, ...): a ratio, a connected part, an effective mass.

    Example:
        >>> variance = Derived(lambda means: means["phi_squared"] - means["phi"] ** 2)
        >>> variance({"phi": 2.0, "phi_squared": 5.0})
        1.0
    """

    function: Callable[[dict[str, Array]], Array]
    """Differentiable map from {name: mean of the observable} to an array."""

    def __call__(self, means: dict[str, Array]) -> Array:
        """The quantity at these means.

        Args:
            means: Name -> mean of the observable, of the observable's shape.
        """
        return self.function(means)


def ratio(numerator: str, denominator: str) -> Derived:
    """The quotient of two means, ⟨numerator⟩ / ⟨denominator⟩, with the shapes broadcast.

    Args:
        numerator: Name of the observable above the line.
        denominator: Name of the observable below the line.
    """
    return Derived(lambda means: means[numerator] / means[denominator])


def effective_mass(name: str, separation: Float[ArrayLike, "point"] | float) -> Derived:
    """The decay rate of a correlator C between neighbouring points, m_i = ln(C_i / C_{i+1}) / (r_{i+1} - r_i).

    NaN, with error NaN, where C_i / C_{i+1} is negative.

    Args:
        name: Observable of shape (*shape, point).
        separation: Distances r_i, shape (point,), strictly increasing; or a number, the spacing of all neighbours.

    Returns:
        The derived quantity, of shape (*shape, point - 1), in inverse units of the separation.

    Raises:
        TypeError: If the separations are not real numbers.
        ValueError: If they do not increase, or are not finite.
    """
    points = require_finite("effective_mass", "separation", separation)
    steps = np.diff(points) if points.ndim else points
    if not (steps > 0).all():
        raise ValueError(
            f"effective_mass: separation = {points}; give strictly increasing distances, or one spacing > 0"
        )
    return Derived(lambda means: jnp.log(means[name][..., :-1] / means[name][..., 1:]) / steps)
