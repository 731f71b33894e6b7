"""Gradient flow in closed form, where a network is linear in what is trained."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, PyTree

from nnft_ppl.dynamics.flow import Network, flow_times, require_real
from nnft_ppl.dynamics.squared_loss import SquaredLoss


def linear_flow(
    network: Network, parameters: PyTree[Array], loss: SquaredLoss, time: float | Float[ArrayLike, "time"]
) -> PyTree[Array]:
    r"""Parameters after gradient flow of a network that is linear in them, in closed form.

    With slopes $J = \partial\phi(X)/\partial\theta$ at the data and $\hat\Theta = J J^T$

    $$\theta_t = \theta_0 - J^T \hat\Theta^{-1}\,(1 - e^{-\hat\Theta t})\,(\phi_0(X) - y).$$

    The read-out of a network is such. Of others it is the flow of the network linearised about its start, from which
    wide networks depart by O(1/√N); `gradient_flow` is that of the network itself.

    Args:
        network: Parameters -> field; all of them are trained.
        parameters: θ_0.
        loss: The data, of which the inverse of a number by number matrix is taken.
        time: When, at least 0, or infinity; or several, in ascending order.

    Returns:
        Parameters of the same shapes; for several times with a leading axis `time`.

    Raises:
        TypeError, ValueError: If times are out of range, the field's values are no data, or a parameter is complex.

    Source: J. Lee et al., arXiv:1902.06720.
    """
    if not isinstance(loss, SquaredLoss):
        raise TypeError(f"linear_flow: loss is {type(loss).__name__}; give a SquaredLoss, or use gradient_flow")
    times = flow_times("linear_flow", time, infinite=True)
    require_real("linear_flow", parameters)
    start, unravel = ravel_pytree(parameters)

    def residual(flat: Array) -> Array:
        return loss.residual(network(unravel(flat))).reshape(-1)

    slopes = jax.jacrev(residual)(start)
    rates, modes = jnp.linalg.eigh(slopes @ slopes.T)
    # What the network cannot learn stays, also in infinite time.
    learns = rates > len(rates) * jnp.finfo(rates.dtype).eps * rates[-1]
    known = jnp.where(learns, rates, 1.0)
    learned = jnp.where(learns, -jnp.expm1(-known * times[:, None]) / known, 0.0)
    moved = start - (learned * (modes.T @ residual(start))) @ modes.T @ slopes
    found: Any = jax.vmap(unravel)(moved)
    return found if np.ndim(time) else jax.tree.map(lambda leaf: leaf[0], found)
