"""Gradient flow: training in continuous time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PyTree

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.dynamics.equation import solved

Network = Callable[[Any], Any]
"""From parameters to a field."""


def gradient_flow(
    network: Network,
    parameters: PyTree[Array],
    loss: Callable[[Any], Array],
    time: float | Float[ArrayLike, "time"],
    *,
    steps: int = 32,
    tolerance: float = 1e-8,
) -> PyTree[Array]:
    r"""Parameters after gradient flow, $d\theta/dt = -\partial L[\phi_\theta]/\partial\theta$.

    By equal steps of Dormand and Prince's method of order 8 (diffrax), which estimates its error. It can be
    differentiated, forwards and backwards, in the parameters at the start and in what network and loss depend on.

    Args:
        network: Parameters -> field; all of them are trained. What is not trained it knows from elsewhere.
        parameters: θ at time 0: an array, or a tuple or dict of arrays, real.
        loss: Field -> L, such as a `SquaredLoss`; any functional of the field.
        time: When, at least 0, in units of θ² over those of L; or several, in ascending order.
        steps: From 0 to the last time; the largest eigenvalue of the tangent kernel times a step should stay below 1.
        tolerance: The largest sum of estimated errors in any parameter, in units of 1 + |θ|; at float32 1000 units of
            its rounding, where that is more.

    Returns:
        Parameters of the same shapes; for several times with a leading axis `time`. NaN where the tolerance is not
        met: give more steps.

    Raises:
        TypeError, ValueError: If times, steps or tolerance are out of range, or a parameter is complex.

    Example:
        >>> moved = gradient_flow(lambda w: lambda x: w * x[0], 2.0, lambda phi: phi([1.0]) ** 2 / 2, 1.0)
        >>> round(float(moved), 5)  # 2/e
        0.73576

    Source: P. Kidger, arXiv:2202.02435 (diffrax).
    """
    times = flow_times("gradient_flow", time)
    require_count("gradient_flow", "steps", steps)
    require_positive("gradient_flow", "tolerance", tolerance)
    require_real("gradient_flow", parameters)
    start = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf, float)), parameters)
    if not times[-1]:
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (*np.shape(time), *leaf.shape)), start)

    def downhill(at: PyTree[Array]) -> PyTree[Array]:
        return jax.tree.map(jnp.negative, jax.grad(lambda moved: loss(network(moved)))(at))

    found = solved(downhill, start, times, steps, tolerance)
    return found if np.ndim(time) else jax.tree.map(lambda leaf: leaf[0], found)


def require_real(owner: str, parameters: PyTree[Array]) -> None:
    """Real parameters: of a complex one the slope would need its conjugate, or the flow climbs.

    Args:
        owner: Who asks.
        parameters: Those to be trained.

    Raises:
        TypeError: If one is complex.
    """
    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(parameters)):
        raise TypeError(f"{owner}: a parameter is complex; give its real and imaginary parts as two parameters")


def flow_times(owner: str, time: Any, *, infinite: bool = False) -> Float[np.ndarray, "time"]:
    """Times of training, at least one, ascending from 0 on.

    Args:
        owner: Who asks.
        time: One, or several.
        infinite: Whether infinity will do.

    Raises:
        TypeError, ValueError: If they are no such numbers.
    """
    try:
        times = np.atleast_1d(np.array(time, float))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{owner}: time is {type(time).__name__}; give a number, or several") from error
    good = times.ndim == 1 and times.size and np.all(times >= 0) and np.all(np.diff(times) >= 0)
    if not good or not (infinite or np.isfinite(times).all()):
        wanted = "numbers" if infinite else "finite numbers"
        raise ValueError(f"{owner}: time = {time}; give {wanted} >= 0, in ascending order")
    return times
