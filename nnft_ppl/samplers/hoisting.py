"""How much cheaper the action is while some parameters stand still.

Inside a compiled loop, whatever depends only on parameters that do not move is computed once: with the momenta of a
plane-wave network at rest, none of its cosines is computed again. The compiler does this by itself; here it is
predicted, from the operations of the action and the parameters that each of them depends on.
"""

from collections.abc import Callable, Collection
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

TRANSCENDENTAL = {
    "cos",
    "sin",
    "tan",
    "exp",
    "exp2",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "erf",
    "erf_inv",
    "pow",
    "logistic",
}
TRANSCENDENTAL_COST = 8.0
"""Cost of one such function, in elementary operations; measured on processors as 5 to 15."""


def resting_share(action: Callable, dimension: int, groups: dict[str, slice], resting: Collection[str]) -> float:
    """Share of the action's operations that depend on none of the moving groups, between 0 and 1.

    Args:
        action: z -> scalar, which takes its groups from z by slices, as a `Theory` does; else the share is 0.
        dimension: Length of z.
        groups: The slice of z that belongs to each parameter.
        resting: Names of the groups that do not move.
    """
    jaxpr = jax.make_jaxpr(action)(jnp.zeros(dimension)).jaxpr
    (position,) = jaxpr.invars
    moving: set[Any] = {position}
    total = rest = 0.0
    for equation in jaxpr.eqns:
        cost = _cost(equation)
        total += cost
        inputs = [variable for variable in equation.invars if not isinstance(variable, Literal)]
        if equation.primitive.name == "slice" and inputs == [position]:
            start, stop = equation.params["start_indices"][0], equation.params["limit_indices"][0]
            moves = any(part.start < stop and start < part.stop for name, part in groups.items() if name not in resting)
        else:
            moves = any(variable in moving for variable in inputs)
        if moves:
            moving.update(equation.outvars)
        else:
            rest += cost
    return rest / total if total else 0.0


def _cost(equation: Any) -> float:
    """Elementary operations of one equation, those inside it included."""
    inner = [value.jaxpr for value in equation.params.values() if hasattr(value, "jaxpr")]
    inner += [value for value in equation.params.values() if hasattr(value, "eqns")]
    if inner:
        times = equation.params.get("length", 1)
        return times * sum(_cost(part) for jaxpr in inner for part in jaxpr.eqns)
    size = sum(prod(getattr(variable.aval, "shape", ())) for variable in equation.outvars)
    name = equation.primitive.name
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        shape = equation.invars[0].aval.shape
        return size * prod(shape[axis] for axis in contracted) / 16  # products of matrices keep a processor busiest
    return size * (TRANSCENDENTAL_COST if name in TRANSCENDENTAL else 1.0)
