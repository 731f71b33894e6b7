"""Data that a field is trained on, and how far it is from them."""

from typing import Any, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite


@final
class SquaredLoss:
    r"""Squared distance of a field from data, $L[\phi] = \frac12 \sum_a |\phi(x_a) - y_a|^2$.

    The sum and not the mean: times of a flow, and rates of descent, are in these units.

    Args:
        points: x_a, shape (datum, dim), or (datum,) on the line.
        values: y_a, shape (datum,), or (datum, component) of a field with components; in units of the field.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If one is not finite, or shapes do not fit together.

    Example:
        >>> loss = SquaredLoss([-1.0, 0.5], [0.8, -0.4])
        >>> round(float(loss(lambda x: 0 * x[0])), 12)
        0.4
    """

    def __init__(self, points: Float[ArrayLike, "datum *dim"], values: Float[ArrayLike, "datum *component"]) -> None:
        places, known = (require_finite("SquaredLoss", n, v) for n, v in (("points", points), ("values", values)))
        fits = places.ndim in (1, 2) and known.ndim in (1, 2) and len(places) == len(known) > 0
        if not fits:
            raise ValueError(
                f"SquaredLoss: points and values have shapes {places.shape} and {known.shape}; give (datum, dim), or "
                "(datum,) on the line, and one value for each datum"
            )
        self.points = places.reshape(len(places), -1)
        self.values = known

    def __call__(self, field: Any) -> Float[Array, ""]:
        """L[φ], in units of the field squared.

        Args:
            field: φ.

        Raises:
            ValueError: If its values have another shape than those of the data.
        """
        return 0.5 * jnp.sum(self.residual(field) ** 2)

    def residual(self, field: Any) -> Float[Array, "datum *component"]:
        """φ(x_a) − y_a.

        Args:
            field: φ.

        Raises:
            ValueError: If its values have another shape than those of the data.
        """
        found = jax.vmap(field)(jnp.asarray(self.points))
        if found.shape != self.values.shape:
            raise ValueError(
                f"SquaredLoss: the field has values of shape {found.shape[1:]} and the data of {self.values.shape[1:]}"
            )
        return found - self.values
