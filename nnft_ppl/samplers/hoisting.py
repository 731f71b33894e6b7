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
LINEAR_ALGEBRA = {"cholesky": 24, "triangular_solve": 8}
"""Of n rows n times the numbers that come out, divided by this: a root is a third of that, and done in blocks."""
TRANSCENDENTAL_COST = 8.0
"""Cost of one such function, in elementary operations; measured on processors as 5 to 15."""


def operations(function: Callable, *arguments: Any) -> float:
    """Elementary operations of a function, as they are counted here.

    Args:
        function: Of arrays.
        arguments: Such arrays; of them only shapes count.
    """
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    return sum(_cost(equation) for equation in jaxpr.eqns)


def resting_share(action: Callable, dimension: int, groups: dict[str, slice], resting: Collection[str]) -> float:
    """Share of the action's operations that depend on none of the moving groups, between 0 and 1.

    Args:
        action: z -> scalar, which takes its groups from z by slices, as a `Theory` does; else the share is 0.
        dimension: Length of z.
        groups: The slice of z that belongs to each parameter.
        resting: Names of the groups that do not move.
    """

    def moves(start: int, stop: int) -> bool:
        return any(part.start < stop and start < part.stop for name, part in groups.items() if name not in resting)

    jaxpr = jax.make_jaxpr(action)(jnp.zeros(dimension)).jaxpr
    total, rest, _ = _costs(jaxpr, set(jaxpr.invars), set(), moves)
    return rest / total if total else 0.0


def _costs(
    jaxpr: Any, position: set, moving: set, moves: Callable[[int, int], bool]
) -> tuple[float, float, list[bool]]:
    """Cost of all operations, of those that depend on nothing that moves, and whether each result depends on it.

    Args:
        jaxpr: The operations.
        position: Its variables that are all of z.
        moving: Its other variables that depend on something that moves; those found are added.
        moves: Whether some of z between two places moves.
    """
    total = rest = 0.0
    for equation in jaxpr.eqns:
        taken = [None if isinstance(one, Literal) else one for one in equation.invars]
        if equation.primitive.name == "jit":  # a program in the program, compiled together with it
            inner = equation.params["jaxpr"]
            inner = getattr(inner, "jaxpr", inner)
            of_position, of_moving = (
                {own for own, given in zip(inner.invars, taken, strict=True) if given in known}
                for known in (position, moving)
            )
            cost, resting, results = _costs(inner, of_position, of_moving, moves)
            total, rest = total + cost, rest + resting
            moving.update(one for one, result in zip(equation.outvars, results, strict=True) if result)
            continue
        cost = _cost(equation)
        total += cost
        if equation.primitive.name == "slice" and taken[0] in position:
            moved = moves(equation.params["start_indices"][0], equation.params["limit_indices"][0])
        else:
            moved = any(one in position or one in moving for one in taken)
        if moved:
            moving.update(equation.outvars)
        else:
            rest += cost
    results = [not isinstance(one, Literal) and (one in moving or one in position) for one in jaxpr.outvars]
    return total, rest, results


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
    if name in LINEAR_ALGEBRA:
        rows = equation.invars[0].aval.shape[-1]
        return rows * size / LINEAR_ALGEBRA[name]
    return size * (TRANSCENDENTAL_COST if name in TRANSCENDENTAL else 1.0)
