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
    """The matrix W, shape (row, column); rows are the field's components, columns the coordinates of x."""

    def __call__(self, x: Float[Array, "column"]) -> Float[Array, "row"]:
        """The field's components at one point, φ_r(x) = Σ_c W_rc x_c.

        Args:
            x: The point, shape (column,).

        Returns:
            φ(x), shape (row,), in units of W times length.
        """
        return self.weight @ x
