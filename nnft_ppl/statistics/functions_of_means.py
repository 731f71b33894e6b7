"""Functions of means: what they depend on, and complex ones as functions of real numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

Function = Callable[[dict[str, Array]], Array]
"""A differentiable function of {name: mean of the observable}, such as a `Derived`."""


@dataclass(frozen=True)
class InParts:
    """A function of means as one of real numbers: real and imaginary parts, along last axes, of what is complex."""

    quantity: Function
    paired: frozenset[str]
    """Names of the complex means."""

    def whole(self, means: dict[str, Array]) -> Array:
        """Its value, complex where it is.

        Args:
            means: Of every observable, in parts where they are complex.
        """
        joined = {name: jax.lax.complex(means[name][..., 0], means[name][..., 1]) for name in self.paired}
        return jnp.asarray(self.quantity(means | joined))

    def __call__(self, means: dict[str, Array]) -> Array:
        """Its value, in parts where it is complex.

        Args:
            means: Of every observable, in parts where they are complex.
        """
        value = self.whole(means)
        return jnp.stack([value.real, value.imag], axis=-1) if jnp.iscomplexobj(value) else value


def reading(quantity: Function, at: dict[str, Array]) -> tuple[list[str], bool]:
    """Names of the means that a function depends on, in order, and whether it is complex.

    Args:
        quantity: The function.
        at: Of every observable.

    Raises:
        KeyError: If it asks for an observable that is missing.
    """
    program = jax.make_jaxpr(quantity)(at)
    read = {id(one) for step in program.eqns for one in step.invars} | {id(one) for one in program.jaxpr.outvars}
    value: Any = program.out_avals[0]
    arguments = zip(sorted(at), program.jaxpr.invars, strict=True)
    return [key for key, argument in arguments if id(argument) in read], np.iscomplexobj(value)
