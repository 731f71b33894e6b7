"""Of the parts of a function, one rule each: what is known of the result if so much is known of what goes in.

Derived in docs/theory/modes.md. A part without a rule tells nothing, which is never wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import special

from nnft_ppl.modes.algebra import ONE, ZERO, each, negative, over, plus, powered, times
from nnft_ppl.modes.known import CONSTANT, LOG, ROOT, Has, Known, known, nothing, shared

Rule = Callable[..., "Known | Sequence[Known]"]


def increasing(function: Callable[[np.ndarray], Any], curved: Callable[[Known], Has] | None = None) -> Rule:
    """The rule of an increasing function; `curved` says which properties it has beside those of constants."""
    return lambda eqn, x: each(x, function, x.has & CONSTANT if x.constant else curved(x) if curved else Has.NOTHING)


def decreasing(function: Callable[[np.ndarray], Any]) -> Rule:
    """The rule of a decreasing function."""

    def rule(eqn: Any, x: Known) -> Known:
        turned = each(x, function, x.has if x.constant else Has.NOTHING)
        return turned if turned.exact else known(turned.upper, turned.lower, turned.has)

    return rule


def between(lower: float, upper: float, function: Callable[[np.ndarray], Any] | None = None) -> Rule:
    """The rule of a bounded function, which is evaluated where its argument is known."""

    def rule(eqn: Any, *x: Known) -> Known:
        if function and x[0].exact:
            return each(x[0], function)
        return known(lower, upper, CONSTANT if all(one.constant for one in x) else Has.NOTHING)

    return rule


def of_convex(has: Has) -> Callable[[Known], Has]:
    """An increasing convex function of a convex one has this."""
    return lambda x: has if Has.CONVEX in x.has else Has.NOTHING


def power_rule(eqn: Any, x: Known, p: Known) -> Known:
    """x^p for real p."""
    if p.exact and p.lower.size and np.all(p.lower == np.rint(p.least)) and abs(p.least) < 2**30:
        return powered(x, int(p.least))
    both = Has.NOTHING if not (x.constant and p.constant) else CONSTANT
    if x.least >= 0 and p.exact:
        ends = x.lower**p.lower, x.upper**p.lower
        has = both
        if Has.CONVEX in x.has and p.least >= 1:
            has |= LOG if Has.LOG in x.has else ROOT if p.least >= 2 else Has.CONVEX
        return known(np.minimum(*ends), np.maximum(*ends), has)
    if x.least > 0:
        return known(0, np.inf, both | (LOG if x.exact and p.affine else Has.NOTHING))
    return known(-np.inf, np.inf, both)


def magnitude(eqn: Any, x: Known) -> Known:
    """|x|."""
    if x.imaginary:
        return known(0, np.inf, Has.CONVEX if x.affine else Has.NOTHING)
    if x.least >= 0:
        return x
    if x.most <= 0:
        return negative(x)
    sizes = np.abs(x.lower), np.abs(x.upper)
    if x.exact:
        return each(x, np.abs)
    lower = np.where((x.lower <= 0) & (x.upper >= 0), 0, np.minimum(*sizes))
    return known(lower, np.maximum(*sizes), x.has if x.constant else Has.CONVEX if x.affine else Has.NOTHING)


def hyperbolic_cosine(eqn: Any, x: Known) -> Known:
    """The rule of cosh x: ln cosh is convex, and increasing above 0."""
    size = magnitude(eqn, x)
    has = LOG if x.affine or (Has.CONVEX in x.has and x.least >= 0) else Has.NOTHING
    return each(size, np.cosh, x.has if x.constant else has)


def largest(eqn: Any, a: Known, b: Known) -> Known:
    """max(a, b): what is convex stays so, by its root or logarithm, too."""
    return _extreme(a, b, np.maximum, Has.CONVEX | Has.ROOT | Has.LOG)


def smallest(eqn: Any, a: Known, b: Known) -> Known:
    """min(a, b)."""
    return _extreme(a, b, np.minimum, Has.CONCAVE)


def _extreme(a: Known, b: Known, function: Callable, kept: Has) -> Known:
    lower = function(a.lower, b.lower)
    upper = lower if a.exact and b.exact else function(a.upper, b.upper)
    has = a.has & b.has
    return known(lower, upper, has if Has.CONSTANT in has else has & kept)


def chosen(eqn: Any, which: Known, *cases: Known) -> Known:
    """The case that `which` names, element by element."""
    if which.exact:
        taken = [case for number, case in enumerate(cases) if np.any(which.lower == number)] or list(cases)
        index = which.lower.astype(int)
        lower = _pick(index, [case.lower for case in cases])
        exact = all(case.exact for case in taken)
        upper = lower if exact else _pick(index, [case.upper for case in cases])
        return known(lower, upper, shared(taken), imaginary=any(case.imaginary for case in taken))
    lower, upper = cases[0].lower, cases[0].upper
    for case in cases[1:]:
        lower, upper = np.minimum(lower, case.lower), np.maximum(upper, case.upper)
    has = shared(cases) if which.constant else Has.NOTHING
    return known(lower, upper, has, imaginary=any(case.imaginary for case in cases))


def _pick(index: np.ndarray, cases: Sequence[np.ndarray]) -> np.ndarray:
    result = np.broadcast_to(cases[0], np.broadcast_shapes(index.shape, *(case.shape for case in cases)))
    for number, case in enumerate(cases[1:], 1):
        result = np.where(index == number, case, result)
    return result


def compared(function: Callable[[Any, Any], Any], certain: Callable[[Known, Known], bool | None]) -> Rule:
    """A comparison, decided where both are known or their bounds leave no doubt."""

    def rule(eqn: Any, a: Known, b: Known) -> Known:
        if a.exact and b.exact:
            value = function(a.lower, b.lower)
            return known(value, value, CONSTANT)
        decided = certain(a, b)
        if decided is None:
            return known(0, 1, a.has & b.has & CONSTANT if a.constant and b.constant else Has.NOTHING)
        return ONE if decided else ZERO

    return rule


def _below(a: Known, b: Known) -> bool | None:
    return True if np.all(a.upper < b.lower) else False if np.all(a.lower >= b.upper) else None


def _not_above(a: Known, b: Known) -> bool | None:
    return True if np.all(a.upper <= b.lower) else False if np.all(a.lower > b.upper) else None


def _undecided(a: Known, b: Known) -> None:
    return None


def _logical(function: Callable) -> Rule:
    def rule(eqn: Any, a: Known, b: Known) -> Known:
        if eqn.outvars[0].aval.dtype != bool:
            return nothing(eqn.outvars[0].aval, a.has & b.has & CONSTANT if a.constant and b.constant else Has.NOTHING)
        return _extreme(a, b, function, Has.NOTHING)

    return rule


def _opposite_truth(eqn: Any, x: Known) -> Known:
    if eqn.outvars[0].aval.dtype != bool:
        return nothing(eqn.outvars[0].aval, x.has if x.constant else Has.NOTHING)
    return plus(ONE, negative(x)) if x.constant else known(1 - x.upper, 1 - x.lower)


def _finite(eqn: Any, x: Known) -> Known:
    sure = np.isfinite(x.least) and np.isfinite(x.most)
    return ONE if sure else known(0, 1, x.has if x.constant else Has.NOTHING)


def _clamped(eqn: Any, least: Known, x: Known, most: Known) -> Known:
    return smallest(eqn, largest(eqn, x, least), most)


def _divided(eqn: Any, a: Known, b: Known) -> Known:
    aval = eqn.outvars[0].aval
    if jnp.issubdtype(aval.dtype, jnp.integer):  # rounds
        return nothing(aval, CONSTANT if a.constant and b.constant else Has.NOTHING)
    return over(a, b)


ELEMENTWISE: Mapping[str, Rule] = {
    "add": lambda eqn, a, b: plus(a, b),
    "add_any": lambda eqn, a, b: plus(a, b),
    "sub": lambda eqn, a, b: plus(a, negative(b)),
    "neg": lambda eqn, x: negative(x),
    "mul": lambda eqn, a, b: times(a, b),
    "div": _divided,
    "integer_pow": lambda eqn, x: powered(x, eqn.params["y"]),
    "square": lambda eqn, x: powered(x, 2),
    "pow": power_rule,
    "abs": magnitude,
    "exp": increasing(np.exp, of_convex(LOG)),
    "exp2": increasing(np.exp2, of_convex(LOG)),
    "expm1": increasing(np.expm1, of_convex(Has.CONVEX)),
    "log": increasing(np.log, lambda x: Has.CONVEX if Has.LOG in x.has else Has.NOTHING),
    "log1p": increasing(np.log1p, lambda x: Has.CONVEX if Has.LOG in x.has else Has.NOTHING),
    "sqrt": increasing(
        lambda x: np.sqrt(np.maximum(x, 0)),
        lambda x: LOG if Has.LOG in x.has else Has.CONVEX if Has.ROOT in x.has else Has.NOTHING,
    ),
    "cbrt": increasing(np.cbrt),
    "rsqrt": decreasing(lambda x: 1 / np.sqrt(np.maximum(x, 0))),
    "tanh": increasing(np.tanh),
    "logistic": increasing(special.expit),
    "erf": increasing(special.erf),
    "erfc": decreasing(special.erfc),
    "atan": increasing(np.arctan),
    "sinh": increasing(np.sinh),
    "asinh": increasing(np.arcsinh),
    "cosh": hyperbolic_cosine,
    "sign": increasing(np.sign),
    "floor": increasing(np.floor),
    "ceil": increasing(np.ceil),
    "sin": between(-1, 1, np.sin),
    "cos": between(-1, 1, np.cos),
    "asin": between(-np.pi / 2, np.pi / 2, np.arcsin),
    "acos": between(0, np.pi, np.arccos),
    "atan2": between(-np.pi, np.pi),
    "max": largest,
    "min": smallest,
    "clamp": _clamped,
    "select_n": chosen,
    "lt": compared(np.less, _below),
    "le": compared(np.less_equal, _not_above),
    "gt": compared(np.greater, lambda a, b: _below(b, a)),
    "ge": compared(np.greater_equal, lambda a, b: _not_above(b, a)),
    "eq": compared(np.equal, _undecided),
    "ne": compared(np.not_equal, _undecided),
    "and": _logical(np.minimum),
    "or": _logical(np.maximum),
    "not": _opposite_truth,
    "is_finite": _finite,
}
"""Rules of what acts on each element by itself, by JAX's names."""
