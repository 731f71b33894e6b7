"""Sums, products and powers of what is known: c φ^m · c′ φ^n is recognised as a power of φ, z z* as a square."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnft_ppl.modes.known import CONSTANT, LOG, ROOT, Has, Known, known, product, scaled

ONE = known(one := np.ones(()), one, CONSTANT)
MINUS_ONE = known(minus_one := -np.ones(()), minus_one, CONSTANT)
ZERO = known(zero := np.zeros(()), zero, CONSTANT)


def each(x: Known, function: Callable[[np.ndarray], Any], has: Has | None = None) -> Known:
    """Bounds carried through an increasing function of each element, or a rearrangement of them."""
    lower = function(x.lower)
    upper = lower if x.lower is x.upper else function(x.upper)
    return known(lower, upper, x.has if has is None else has, imaginary=x.imaginary)


def negative(x: Known) -> Known:
    """−x."""
    return times(MINUS_ONE, x)


def plus(a: Known, b: Known) -> Known:
    """The sum a + b."""
    lower = a.lower + b.lower
    exact = a.exact and b.exact
    return known(lower, lower if exact else a.upper + b.upper, a.has & b.has, imaginary=a.imaginary or b.imaginary)


def times(a: Known, b: Known) -> Known:
    """The product a · b, element by element."""
    if a.imaginary and b.imaginary:
        return _times_complex(a, b)
    ours, theirs = a.base or a, b.base or b
    if ours is theirs and not (a.constant or a.imaginary):  # c φ^m · c' φ^n
        result = powered(ours, a.power + b.power)
        for factor in (a.factor, b.factor):
            result = times(factor, result) if factor else result
        return result
    if b.constant and not a.constant:
        a, b = b, a
    has = scaled(b.has, a) if a.constant else LOG if Has.LOG in a.has & b.has else Has.NOTHING
    lower, upper = product(a, b)
    imaginary = a.imaginary or b.imaginary
    if a.exact and not (b.constant or imaginary):
        factor = times(a, b.factor) if b.factor else a
        return known(lower, upper, has, base=b.base or b, power=b.power, factor=factor)
    return known(lower, upper, has, imaginary=imaginary)


def _times_complex(a: Known, b: Known) -> Known:
    if a.conjugate is b or b.conjugate is a:  # |a|² of an affine a is a sum of two squares
        return known(0, np.inf, ROOT if a.affine else Has.NOTHING)
    linear = (a.constant and b.affine) or (b.constant and a.affine)
    return known(-np.inf, np.inf, a.has & b.has & CONSTANT if linear else Has.NOTHING, imaginary=True)


def over(a: Known, b: Known) -> Known:
    """The quotient a / b."""
    if b.imaginary:
        return times(a, known(-np.inf, np.inf, b.has if b.constant else Has.NOTHING, imaginary=True))
    return times(a, powered(b, -1))


def powered(x: Known, power: int) -> Known:
    """x^power."""
    if power == 0:
        return ONE
    if power == 1:
        return x
    if x.exact:
        return each(x, lambda value: value**power)
    if power < 0:
        whole = powered(x, -power)
        has = x.has if x.constant else Has.NOTHING
        if whole.least >= 0:
            return known(1 / whole.upper, 1 / (whole.lower + 0.0), has)
        return known(1 / whole.upper, 1 / whole.lower, has) if whole.most < 0 else known(-np.inf, np.inf, has)
    if power % 2 == 0:
        sizes = np.abs(x.lower), np.abs(x.upper)
        lower = np.where((x.lower <= 0) & (x.upper >= 0), 0, np.minimum(*sizes)) ** power
        upper = np.maximum(*sizes) ** power
    else:
        lower, upper = x.lower**power, x.upper**power
    has = Has.NOTHING
    if Has.LOG in x.has:
        has = LOG
    elif (x.affine and power % 2 == 0) or (Has.CONVEX in x.has and x.least >= 0):
        has = ROOT
    factor = powered(x.factor, power) if x.factor else None
    return known(lower, upper, x.has if x.constant else has, base=x.base or x, power=power * x.power, factor=factor)
