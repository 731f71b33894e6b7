"""The linear field."""

from typing import final

import equinox as eqx
from jaxtyping import Array, Float


@final
class Linear(eqx.Module):
    """The linear field φ(x) = W x.

    Example:
        >>> import jax.numpy as jnp
        >>> Linear(jnp.array([[1.0, 2.0]]))(jnp.array([3.0, 4.0])).tolist()
        [11.0]
    """

    weight: Float[Array, "row column"]
    """The matrix W; rows are the field's components, columns the coordinates of x."""

    def __call__(self, x: Float[Array, "column"]) -> Float[Array, "row"]:
        """The field's components at one point."""
        return self.weight @ x
