"""Gradient descent: training in steps."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.dynamics.flow import Network, require_real


def gradient_descent(
    network: Network,
    parameters: PyTree[Array],
    loss: Callable[[Any], Array],
    steps: int | Sequence[int],
    optimizer: Any,
) -> PyTree[Array]:
    r"""Parameters after steps of gradient descent, $\theta \to \theta - \eta\,\partial L[\phi_\theta]/\partial\theta$.

    For small rates η it is `gradient_flow` at the time η · steps. Of a constant tangent kernel Θ it is stable for
    η < 2/(largest eigenvalue of Θ at the data).

    Args:
        network: Parameters -> field; all of them are trained.
        parameters: θ at the start: an array, or a tuple or dict of arrays.
        loss: Field -> L, such as a `SquaredLoss`.
        steps: How many, or several numbers in ascending order.
        optimizer: η, positive; or what optax calls an optimiser, such as `optax.adam(0.01)`, whose moments begin at
            zero.

    Returns:
        Parameters of the same shapes; for several numbers of steps with a leading axis.

    Raises:
        TypeError: If numbers of steps are no integers, the optimiser is none, or a parameter is complex.
        ValueError: If they are out of range.

    Source: DeepMind et al., The DeepMind JAX ecosystem, 2020 (optax).
    """
    import optax  # loads slowly

    owner = "gradient_descent"
    if not hasattr(optimizer, "update"):
        optimizer = optax.sgd(require_positive(owner, "optimizer", optimizer))
    counts = [require_count(owner, "steps", one, least=0) for one in np.atleast_1d(np.asarray(steps)).tolist()]
    if not counts or sorted(counts) != counts:
        raise ValueError(f"{owner}: steps = {steps}; give a number of them, or several in ascending order")
    require_real(owner, parameters)
    start = jax.tree.map(jnp.asarray, parameters)

    def step(_: Array, state: tuple[Any, Any]) -> tuple[Any, Any]:
        at, memory = state
        slope = jax.grad(lambda moved: loss(network(moved)))(at)
        change, memory = optimizer.update(slope, memory, at)
        return optax.apply_updates(at, change), memory

    state, reached, done = (start, optimizer.init(start)), [], 0
    for count in counts:
        state, done = jax.lax.fori_loop(0, count - done, step, state), count
        reached.append(state[0])
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *reached) if np.ndim(steps) else reached[0]
