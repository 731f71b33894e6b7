"""What can be proved about a function R^n → R from its program: bounds, and whether it is convex.

Derivation: docs/theory/modes.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from nnft_ppl.modes.known import Has, Known, hull, known, nothing, shared, value_of
from nnft_ppl.modes.linear_rules import LINEAR, OTHERS
from nnft_ppl.modes.rules import ELEMENTWISE

Curvature = Literal["constant", "affine", "convex", "concave", "unknown"]
RULES = {**ELEMENTWISE, **LINEAR, **OTHERS}
COMPLEX = LINEAR.keys() | {"add", "add_any", "sub", "neg", "mul", "div", "abs", "select_n"}
"""Whose rules hold for complex values, too."""
CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "remat": "jaxpr"}
CALLS |= {"remat2": "jaxpr", "checkpoint": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}
CALLS |= {"custom_vjp_call_jaxpr": "fun_jaxpr"}
"""Parts that are programs themselves, and where these are."""
LOG_ADD_EXP = ("max", "sub", "ne", "add", "abs", "neg", "exp", "log1p", "add", "select_n")


class Shape(NamedTuple):
    """What is proved of f: R^n → R."""

    lower: float
    """f(z) ≥ lower for all z; −∞ where nothing is proved."""
    upper: float
    """f(z) ≤ upper for all z; ∞ where nothing is proved."""
    curvature: Curvature
    """Of f over all of R^n; "unknown" where nothing is proved."""

    @property
    def convex(self) -> bool:
        """Whether f is proved convex."""
        return self.curvature in ("constant", "affine", "convex")


def shape(function: Callable[[Any], Any], dimension: int) -> Shape:
    """What is proved of a function of z.

    Args:
        function: z, shape (dimension,), of JAX's default float -> scalar.
        dimension: Number of coordinates.

    Example:
        >>> shape(lambda z: jnp.sum(z**4 + 2 * z**2), 3)
        Shape(lower=0.0, upper=inf, curvature='convex')
    """
    return shape_of(jax.make_jaxpr(function)(jax.ShapeDtypeStruct((dimension,), jnp.result_type(float))))


def shape_of(program: Any) -> Shape:
    """What is proved of a program, such as `jax.make_jaxpr` gives, of one real number, in all its arguments together.

    A few milliseconds: nothing is compiled or computed by JAX. Bounds and curvature go through the program by the rules
    of disciplined convex programming (Grant, Boyd, Ye 2006), in real arithmetic: they hold up to rounding, and where
    the function is defined (f is no NaN).
    """
    free = known(-np.inf, np.inf, Has.AFFINE)
    with np.errstate(all="ignore"):
        results = _walk(program, [free for _ in program.in_avals])
        result = hull(results, shared(results))
    return Shape(float(result.least), float(result.most), _curvature(result))


def _curvature(result: Known) -> Curvature:
    if result.imaginary:
        return "unknown"
    if result.constant:
        return "constant"
    if result.affine:
        return "affine"
    return "convex" if Has.CONVEX in result.has else "concave" if Has.CONCAVE in result.has else "unknown"


def _walk(program: Any, arguments: Sequence[Known]) -> list[Known]:
    """What is known of the results of a program, given what is known of its arguments."""
    inner = getattr(program, "jaxpr", program)
    found = dict(zip(inner.constvars, map(value_of, getattr(program, "consts", ())), strict=True))
    found |= dict(zip(inner.invars, arguments, strict=True))

    def look_up(atom: Any) -> Known:
        return value_of(atom.val) if isinstance(atom, core.Literal) else found[atom]

    for eqn in inner.eqns:
        found |= dict(zip(eqn.outvars, _results(eqn, [look_up(atom) for atom in eqn.invars]), strict=True))
    return [look_up(atom) for atom in inner.outvars]


def _results(eqn: Any, arguments: list[Known]) -> list[Known]:
    """What is known of the results of one part of a program."""
    name = eqn.primitive.name
    constant = all(argument.constant for argument in arguments)
    fallback = [nothing(out.aval, known(0, 1, Has.CONSTANT).has if constant else Has.NOTHING) for out in eqn.outvars]
    try:
        if name in CALLS:
            return _called(eqn.params[CALLS[name]], arguments)
        if name == "cond":
            return _branched(eqn.params["branches"], *arguments)
        if name == "scan":
            return _repeated(eqn, arguments)
        rule = RULES.get(name)
        # The complex √−1 is no NaN: of complex type all else tells nothing, whatever the values.
        if rule is None or (name not in COMPLEX and any(jnp.iscomplexobj(atom.aval) for atom in eqn.invars)):
            return fallback
        results = rule(eqn, *arguments)
    except (KeyError, TypeError, ValueError, IndexError):  # a version of JAX that writes this part otherwise
        return fallback
    results = [results] if isinstance(results, Known) else list(results)
    return [_in_range(out.aval, result) for out, result in zip(eqn.outvars, results, strict=True)]


def _in_range(aval: Any, result: Known) -> Known:
    """Integers wrap around: bounds beyond their range are none."""
    if not jnp.issubdtype(aval.dtype, jnp.integer):
        return result
    limits = np.iinfo(aval.dtype)
    if result.least >= limits.min and result.most <= limits.max:
        return result
    return known(limits.min, limits.max, result.has if result.constant else Has.NOTHING)


def _called(program: Any, arguments: Sequence[Known]) -> list[Known]:
    if _is_log_add_exp(program):
        a, b = arguments
        lower, upper = np.logaddexp(a.lower, b.lower), np.logaddexp(a.upper, b.upper)
        has = a.has & b.has
        return [known(lower, upper, has if Has.CONSTANT in has else has & Has.CONVEX)]
    return _walk(program, arguments)


def _is_log_add_exp(program: Any) -> bool:
    """Whether this is JAX's ln(eᵃ + eᵇ), whose convexity does not show in its parts."""
    inner = getattr(program, "jaxpr", program)
    if tuple(eqn.primitive.name for eqn in inner.eqns) != LOG_ADD_EXP:
        return False
    sizes = [jax.ShapeDtypeStruct(one.aval.shape, one.aval.dtype) for one in inner.invars]
    (original,) = jax.make_jaxpr(jnp.logaddexp)(*sizes).jaxpr.eqns
    return str(getattr(original.params.get("call_jaxpr"), "jaxpr", None)) == str(inner)


def _branched(branches: Sequence[Any], which: Known, *arguments: Known) -> list[Known]:
    """`jax.lax.cond` and `switch`."""
    ways = [_walk(branch, arguments) for branch in branches]
    return [hull(way, shared(way) if which.constant else Has.NOTHING) for way in zip(*ways, strict=True)]


def _repeated(eqn: Any, arguments: Sequence[Known]) -> list[Known]:
    """`jax.lax.scan`: what is carried keeps of its first value what a turn preserves."""
    program = eqn.params["jaxpr"]
    inner = getattr(program, "jaxpr", program)
    ranks = [var.aval.ndim for var in inner.invars]
    whole = sum(atom.aval.ndim == rank for atom, rank in zip(eqn.invars, ranks, strict=True))
    count = sum(out.aval.ndim == atom.aval.ndim for out, atom in zip(eqn.outvars, inner.outvars, strict=True))
    spread = [hull([argument], argument.has) for argument in arguments]
    fixed, carried, rows = spread[: whole - count], spread[whole - count : whole], spread[whole:]
    while True:
        results = _walk(program, [*fixed, *carried, *rows])
        kept = [_common(before, after) for before, after in zip(carried, results[:count], strict=True)]
        if all(_equal(*pair) for pair in zip(carried, kept, strict=True)):
            return [*carried, *(hull([row], row.has) for row in results[count:])]
        carried = kept


def _common(before: Known, after: Known) -> Known:
    """What holds before and after a turn; a bound that a turn moves outwards is none."""
    lower = before.least if after.least >= before.least else -np.inf
    upper = before.most if after.most <= before.most else np.inf
    return replace(known(lower, upper, before.has & after.has), imaginary=before.imaginary or after.imaginary)


def _equal(one: Known, two: Known) -> bool:
    same = one.least == two.least and one.most == two.most
    return bool(same and one.has == two.has and one.imaginary == two.imaginary)
