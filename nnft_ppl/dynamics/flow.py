"""Gradient flow: training in continuous time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PyTree

from nnft_ppl.arguments import require_positive

MOST_STEPS = 4096
"""Steps of the solver at most; a flow that needs more is stiff, and its parameters become NaN."""

Network = Callable[[Any], Any]
"""From parameters to a field."""


def gradient_flow(
    network: Network,
    parameters: PyTree[Array],
    loss: Callable[[Any], Array],
    time: float | Float[ArrayLike, "time"],
    *,
    tolerance: float = 1e-10,
) -> PyTree[Array]:
    r"""Parameters after gradient flow, $d\theta/dt = -\partial L[\phi_\theta]/\partial\theta$.

    By Dormand and Prince's method of order 8 with steps of its own choice (diffrax). It can be differentiated, forwards
    and backwards, in the parameters at the start and in what network and loss depend on.

    Args:
        network: Parameters -> field; all of them are trained. What is not trained it knows from elsewhere.
        parameters: θ at time 0: an array, or a tuple or dict of arrays, real.
        loss: Field -> L, such as a `SquaredLoss`; any functional of the field.
        time: When, at least 0, in units of θ² over those of L; or several, in ascending order.
        tolerance: Of one step, relative and absolute; at float32 its rounding is, where that is more.

    Returns:
        Parameters of the same shapes; for several times with a leading axis `time`. NaN where the flow takes more than
        4096 steps: the data hardly move, or blow up.

    Raises:
        TypeError, ValueError: If times or tolerance are out of range.

    Example:
        >>> moved = gradient_flow(lambda w: lambda x: w * x[0], jnp.array(2.0), lambda phi: phi([1.0]) ** 2 / 2, 1.0)
        >>> round(float(moved), 5)  # 2/e
        0.73576

    Source: P. Kidger, arXiv:2202.02435 (diffrax).
    """
    times = flow_times("gradient_flow", time)
    require_positive("gradient_flow", "tolerance", tolerance)
    import diffrax  # loads slowly

    start = jax.tree.map(jnp.asarray, parameters)

    def downhill(_: Any, at: PyTree[Array], __: Any) -> PyTree[Array]:
        return jax.tree.map(jnp.negative, jax.grad(lambda moved: loss(network(moved)))(at))

    if not times[-1]:
        moved = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(times), *leaf.shape)), start)
    else:
        rounding = max(16 * float(jnp.finfo(leaf.dtype).eps) for leaf in jax.tree.leaves(start))
        size = max(tolerance, rounding)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(downhill),
            diffrax.Dopri8(),
            0.0,
            float(times[-1]),
            None,
            start,
            # Steps end where it is looked: between them the solver only interpolates, to a lower order.
            stepsize_controller=diffrax.ClipStepSizeController(diffrax.PIDController(size, size), step_ts=times),
            saveat=diffrax.SaveAt(ts=times),
            adjoint=diffrax.DirectAdjoint(),
            max_steps=MOST_STEPS,
            throw=False,
        )
        arrived = solution.result == diffrax.RESULTS.successful
        moved = jax.tree.map(lambda leaf: jnp.where(arrived, leaf, jnp.nan), solution.ys)
    return moved if np.ndim(time) else jax.tree.map(lambda leaf: leaf[0], moved)


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
