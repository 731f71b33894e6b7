"""The observable with which a bank of identities tests: one that varies, and has a derivative where that is needed."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.observables import hidden_names
from nnft_ppl.target import Position
from nnft_ppl.theory import Theory

PILOT = 64
"""Normal draws z on which the observable must vary."""


def observable_of(theory: Theory) -> tuple[str, str, Callable[[Position], Array]]:
    """Name, words and last entry of the observable that is taken (see `Bank.observable`); a constant where none is.

    Where coordinates are discrete it is a function of points y.

    Args:
        theory: Any theory.

    Of a complex one it is the real part, and the words say so.
    """
    positions = jnp.asarray(np.random.default_rng(0).normal(size=(PILOT, theory.dimension)))
    discrete = theory.target().discrete
    if discrete:
        positions = jax.jit(jax.vmap(discrete.point))(positions)

    def of(name: str, position: Array) -> Array:
        return theory.observables[name].on(theory.at(position))

    doubtful = smoothness(theory).observables
    shown = theory.observables.keys() - hidden_names(theory.observables)
    for name in sorted(shown, key=lambda name: (bool(doubtful[name]), name)):

        def entry(position: Array, name: str = name) -> Array:
            measured = discrete.measure(position)["observables"][name] if discrete else of(name, position)
            return jnp.ravel(measured)[-1]

        def last(position: Array, entry: Callable[[Position], Array] = entry) -> Array:
            value = entry(position)
            return jnp.real(value) if jnp.iscomplexobj(value) else value

        if not np.prod(theory.shapes[name]):
            continue
        values = np.asarray(jax.jit(jax.vmap(entry))(positions))
        is_complex, values = np.iscomplexobj(values), np.real(values)
        if not np.issubdtype(values.dtype, np.floating) or not np.ptp(values[np.isfinite(values)]) > 0:
            continue
        if not doubtful[name] or _differentiable(last, positions[0]):
            return name, f"Re {name}" if is_complex else name, last
    return "", "", lambda position: jnp.zeros((), position.dtype)


def _differentiable(function: Callable[[Position], Array], position: Position) -> bool:
    """Whether JAX can differentiate a function in reverse."""
    try:
        jax.eval_shape(jax.grad(function), position)
    except Exception:  # whatever it is made of
        return False
    return True
