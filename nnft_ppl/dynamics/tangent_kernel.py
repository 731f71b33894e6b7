"""The tangent kernel of a network, by which training moves the field itself."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, PyTree

from nnft_ppl.arguments import require_finite
from nnft_ppl.dynamics.flow import Network, require_real


def tangent_kernel(
    network: Network,
    parameters: PyTree[Array],
    points: Float[ArrayLike, "point *dim"],
    others: Float[ArrayLike, "other *dim"] | None = None,
) -> Float[Array, "*shape"]:
    r"""Empirical tangent kernel, $\hat\Theta(x, x') = \sum_k \partial_k\phi(x)\,\partial_k\phi(x')$.

    Under gradient flow $d\phi(x)/dt = -\sum_a \hat\Theta_t(x, x_a)\,\partial L/\partial\phi(x_a)$ at every width.

    Args:
        network: Parameters -> field.
        parameters: Those with respect to which derivatives are taken.
        points: x, shape (point, dim), or (point,) on the line.
        others: x'; the same points if None.

    Returns:
        Shape (point, other); with a field's components behind each. In units of the field squared over θ².

    Raises:
        TypeError, ValueError: If points are not real, not finite, or of another shape, or a parameter is complex.

    Source: A. Jacot et al., arXiv:1806.07572.
    """
    require_real("tangent_kernel", parameters)
    flat, unravel = ravel_pytree(parameters)

    def slopes(name: str, places: ArrayLike) -> Array:
        known = require_finite("tangent_kernel", name, places)
        if known.ndim not in (1, 2):
            raise ValueError(
                f"tangent_kernel: {name} have shape {known.shape}; give (point, dim), or (point,) on the line"
            )
        line = jnp.asarray(np.reshape(known, (len(known), -1)))
        return jax.jacrev(lambda at: jax.vmap(network(unravel(at)))(line))(flat)

    own = slopes("points", points)
    return jnp.tensordot(own, own if others is None else slopes("others", others), (-1, -1))
