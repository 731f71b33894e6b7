r"""Is a network's step one of mechanics? Whether it keeps phase space and can be run backwards.

Source: E. Hairer, C. Lubich and G. Wanner, Geometric Numerical Integration (2nd edition, 2006), chapters V and VI.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.dynamics.learning_network import State, state_arrays

Step = Callable[[State], State]
"""From a state to the next one, such as `network.step` or `lambda state: network.step(state, 0.1)`."""


def symplectic_defect(step: Step, state: State, momentum: Callable[[State], Array] | None = None) -> Float[Array, ""]:
    r"""By how much a step changes the symplectic form $d\varphi\wedge d\pi$ at a state; zero for Hamiltonian dynamics.

    The largest entry of $|J^T\,\Omega(s')\,J - \Omega(s)|$, where J is the derivative of the step s → s' and
    $\Omega = P^T \begin{pmatrix} 0 & 1 \\ -1 & 0 \end{pmatrix} P$ that of the map P to (φ, π). A step may keep the form
    at a state by chance: try several.

    Args:
        step: The step.
        state: Where it is looked at; any shape, of n numbers (the derivative has (2n)² entries).
        momentum: π of a state, such as `network.momentum`; β itself if None.

    Returns:
        A pure number ≥ 0.

    Raises:
        TypeError: If the state is no `State` of numbers, or the step gives none.
        ValueError: If the step changes shapes.

    Example:
        >>> swing = lambda s: State(s.phi + 0.1 * s.beta, s.beta - 0.1 * jnp.sin(s.phi + 0.1 * s.beta))
        >>> float(symplectic_defect(swing, State(jnp.ones(2), jnp.zeros(2)))) < 1e-6
        True
    """
    state = state_arrays("symplectic_defect", state)
    flat, unravel = ravel_pytree(state)
    _same_shapes("symplectic_defect", step, state)

    def canonical(at: Array) -> Array:
        one = unravel(at)
        return jnp.concatenate([one.phi.ravel(), jnp.ravel(one.beta if momentum is None else momentum(one))])

    def form(at: Array) -> Array:
        slopes = jax.jacfwd(canonical)(at)
        upper, lower = jnp.split(slopes, 2)
        half = jnp.matmul(upper.T, lower, precision=jax.lax.Precision.HIGHEST)
        return half - half.T

    def moved(at: Array) -> Array:
        return ravel_pytree(step(unravel(at)))[0]

    slopes = jax.jacfwd(moved)(flat)
    highest = jax.lax.Precision.HIGHEST
    kept = jnp.matmul(slopes.T, jnp.matmul(form(moved(flat)), slopes, precision=highest), precision=highest)
    return jnp.max(jnp.abs(kept - form(flat)))


def reversal_defect(step: Step, state: State, reverse: Step | None = None) -> Float[Array, ""]:
    r"""By how much a step, reversed, misses where it came from: $|R\,s\,R\,s(x) - x|$ at most; zero if reversible.

    Args:
        step: The step s.
        state: Where it is looked at.
        reverse: R, its own inverse. By default the activation followed by β → −β, by which networks that learn after
            their activation, with f = φ + β and a loss of φ alone, run backwards; where steps are symmetric, it is
            `lambda state: State(state.phi, -state.beta)`.

    Returns:
        In units of the state.

    Raises:
        TypeError: If the state is no `State` of numbers, or the step gives none.
        ValueError: If the step changes shapes.
    """
    state = state_arrays("reversal_defect", state)
    _same_shapes("reversal_defect", step, state)

    def usual(at: State) -> State:
        return State(step(at).phi, -at.beta)

    back = usual if reverse is None else reverse
    again = back(step(back(step(state))))
    return jnp.max(jnp.stack([jnp.max(jnp.abs(one - other)) for one, other in zip(again, state, strict=True)]))


def _same_shapes(owner: str, step: Step, state: State) -> None:
    moved = jax.eval_shape(step, state)
    if not isinstance(moved, State):
        raise TypeError(f"{owner}: the step gives {type(moved).__name__}; let it return State(phi, beta)")
    before, after = (tuple(jnp.shape(one) for one in at) for at in (state, moved))
    if before != after:
        raise ValueError(f"{owner}: a state of shapes {before} becomes one of {after}; a step must keep them")
