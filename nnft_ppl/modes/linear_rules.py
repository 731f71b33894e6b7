"""Rules of sums, contractions, rearrangements and complex parts: what is linear in each of its arguments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from nnft_ppl.modes.algebra import ZERO, each, plus, times
from nnft_ppl.modes.known import CONSTANT, LOG, Has, Known, hull, known, nothing, product, scaled, shared
from nnft_ppl.modes.rules import Rule


def summed(x: Known, number: int) -> Known:
    """The sum of `number` elements, any of them."""
    lower = number * x.least if number else 0.0
    return known(lower, number * x.most if number else 0.0, x.has, imaginary=x.imaginary)


def _sum(eqn: Any, x: Known) -> Known:
    axes = tuple(eqn.params["axes"])
    if x.lower.ndim:
        return each(x, lambda bound: np.sum(bound, axis=axes))
    shape = eqn.invars[0].aval.shape
    number = prod(shape[axis] for axis in axes)
    return each(x, lambda bound: bound * number) if number else ZERO


def _cumulated(eqn: Any, x: Known) -> Known:
    return known(0 if x.least >= 0 else -np.inf, 0 if x.most <= 0 else np.inf, x.has, imaginary=x.imaginary)


def _extreme_of(kept: Has) -> Rule:
    """The rule of the largest or smallest element."""

    def rule(eqn: Any, x: Known) -> Known:
        if not x.lower.size:
            return nothing(eqn.outvars[0].aval, x.has & CONSTANT)
        return hull([x], x.has if x.constant else x.has & kept)

    return rule


def _product_of_all(eqn: Any, x: Known) -> Known:
    lower = 0 if x.least >= 0 else -np.inf
    return known(lower, np.inf, x.has if x.constant else x.has & LOG if Has.LOG in x.has else Has.NOTHING)


def contracted(eqn: Any, a: Known, b: Known) -> Known:
    """Σ a b over the contracted dimensions: each result is a sum of products."""
    (ours, theirs), (batch, _) = eqn.params["dimension_numbers"]
    shapes = [tuple(one.aval.shape) for one in eqn.invars[:2]]
    number = prod(shapes[0][axis] for axis in ours)
    if tuple(ours) == tuple(theirs) and not batch and len(ours) == len(shapes[0]) == len(shapes[1]):
        return summed(times(a, b), number) if not a.exact and not b.exact else _weighted(a, b, ours, shapes[0], number)
    if b.exact and not a.exact:
        return _weighted(b, a, theirs, shapes[1], number)
    return _weighted(a, b, ours, shapes[0], number)


def _weighted(a: Known, b: Known, axes: Sequence[int], shape: tuple[int, ...], number: int) -> Known:
    """Σ a b over axes of a: positive and negative weights apart, if a is known."""
    imaginary = a.imaginary or b.imaginary
    if not a.exact or imaginary:
        return summed(times(hull([a], a.has), hull([b], b.has)), number) if not imaginary else _mixed(a, b)
    weights = np.broadcast_to(a.lower, shape)
    ends = known(b.least, b.most)
    positive, negative = (
        product(_exactly(np.sum(function(weights, 0), axis=tuple(axes))), ends) for function in (np.maximum, np.minimum)
    )
    lower, upper = (np.asarray(one + two) for one, two in zip(positive, negative, strict=True))
    return known(np.min(lower, initial=np.inf), np.max(upper, initial=-np.inf), scaled(b.has, a))


def _exactly(values: np.ndarray) -> Known:
    return known(values, values, CONSTANT)


def _mixed(a: Known, b: Known) -> Known:
    """A contraction of complex values: affine if one is constant and the other affine."""
    linear = (a.constant and b.affine) or (b.constant and a.affine)
    return known(-np.inf, np.inf, a.has & b.has & CONSTANT if linear else Has.NOTHING, imaginary=True)


def _convolved(eqn: Any, a: Known, b: Known) -> Known:
    if a.imaginary or b.imaginary:
        return _mixed(a, b)
    some = times(hull([a], a.has), hull([b], b.has))
    return known(0 if some.least >= 0 else -np.inf, 0 if some.most <= 0 else np.inf, some.has)


def _transformed(eqn: Any, x: Known) -> Known:
    return nothing(eqn.outvars[0].aval, x.has & CONSTANT if x.affine else Has.NOTHING)


def _solved(eqn: Any, matrix: Known, x: Known) -> Known:
    return nothing(eqn.outvars[0].aval, x.has & CONSTANT if matrix.constant and x.affine else Has.NOTHING)


def _arranged(function: Callable[[Any, np.ndarray], Any]) -> Rule:
    """The rule of elements put into another order or shape, or left out."""
    return lambda eqn, x, *sizes: each(x, lambda bound: function(eqn.params, bound) if bound.ndim else bound)


def _reshaped(params: Any, bound: np.ndarray) -> np.ndarray:
    return np.transpose(bound, params["dimensions"]).reshape(params["new_sizes"])


def _broadcast(params: Any, bound: np.ndarray) -> np.ndarray:
    shape, places = params["shape"], params["broadcast_dimensions"]
    spread = [1] * len(shape)
    for place, size in zip(places, bound.shape, strict=True):
        spread[place] = size
    return np.broadcast_to(bound.reshape(spread), shape)


def _sliced(params: Any, bound: np.ndarray) -> np.ndarray:
    steps = params["strides"] or (1,) * bound.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], steps, strict=True)
    return bound[tuple(slice(*one) for one in bounds)]


def _split(eqn: Any, x: Known) -> list[Known]:
    sizes, axis = eqn.params["sizes"], eqn.params["axis"]
    ends = np.cumsum(sizes)

    def part(start: int, end: int) -> Known:
        return each(x, lambda bound: np.take(bound, range(start, end), axis) if bound.ndim else bound)

    return [part(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)]


def _joined(eqn: Any, *parts: Known) -> Known:
    if not any(part.lower.ndim or part.upper.ndim or part.exact for part in parts):
        return hull(parts, shared(parts))
    shapes = [one.aval.shape for one in eqn.invars]

    def together(bounds: Sequence[np.ndarray]) -> np.ndarray:
        pairs = zip(bounds, shapes, strict=True)
        return np.concatenate([np.broadcast_to(bound, shape) for bound, shape in pairs], eqn.params["dimension"])

    lower = together([part.lower for part in parts])
    upper = lower if all(part.exact for part in parts) else together([part.upper for part in parts])
    return known(lower, upper, shared(parts), imaginary=any(part.imaginary for part in parts))


def _stacked(eqn: Any, *parts: Known) -> Known:
    return hull(parts, shared(parts))


def _taken(eqn: Any, x: Known, *places: Known) -> Known:
    """Elements from places, which are the same for all z or not."""
    fill = eqn.params.get("fill_value")
    elements = [x] if fill is None else [x, _exactly(np.asarray(fill, float))]
    has = shared(elements) if all(place.constant for place in places) else Has.NOTHING
    return hull(elements, has)


def _put(eqn: Any, x: Known, places: Known, new: Known) -> Known:
    return hull([x, new], shared([x, new]) if places.constant else Has.NOTHING)


def _updated(eqn: Any, x: Known, new: Known, *places: Known) -> Known:
    return hull([x, new], shared([x, new]) if all(place.constant for place in places) else Has.NOTHING)


def _added(eqn: Any, x: Known, places: Known, new: Known) -> Known:
    one = plus(_cumulated(eqn, x), _cumulated(eqn, new))
    return one if places.constant else replace(one, has=Has.NOTHING)


def _padded(eqn: Any, x: Known, filling: Known) -> Known:
    return hull([x, filling], shared([x, filling]))


def real_part(x: Known) -> Known:
    """Re x."""
    return replace(x, imaginary=False, base=None, factor=None, power=1, conjugate=None) if x.imaginary else x


def _imaginary_part(eqn: Any, x: Known) -> Known:
    if not x.imaginary:
        return ZERO
    return known(-np.inf, np.inf, x.has & CONSTANT if x.affine else Has.NOTHING)


def _complex(eqn: Any, real: Known, imaginary: Known) -> Known:
    if imaginary.exact and not np.any(imaginary.lower):
        return real
    both = real.has & imaginary.has & CONSTANT if imaginary.affine else Has.NOTHING
    has = both if real.affine else real.has
    return known(real.lower, np.array(real.upper), has, imaginary=True)


def _conjugate(eqn: Any, x: Known) -> Known:
    return replace(x, base=None, factor=None, power=1, conjugate=x) if x.imaginary else x


def _converted(eqn: Any, x: Known) -> Known:
    kind = np.dtype(eqn.params["new_dtype"]).kind
    x = x if kind == "c" else real_part(x)
    before = np.dtype(eqn.invars[0].aval.dtype).kind
    if kind in "fc" or (before in "biu" and kind != "b"):
        return x
    has = x.has if x.constant else Has.NOTHING
    if kind == "b":
        return each(x, lambda value: value != 0, has) if x.exact else known(0, 1, has)
    return each(x, np.trunc, has)


def _numbered(eqn: Any) -> Known:
    shape, along = eqn.params["shape"], eqn.params["dimension"]
    line = np.arange(shape[along], dtype=float).reshape([-1 if axis == along else 1 for axis in range(len(shape))])
    return _exactly(np.broadcast_to(line, shape))


def _same(eqn: Any, *x: Known) -> list[Known]:
    return list(x)


LINEAR: Mapping[str, Rule] = {
    "reduce_sum": _sum,
    "cumsum": _cumulated,
    "dot_general": contracted,
    "conv_general_dilated": _convolved,
    "fft": _transformed,
    "triangular_solve": _solved,
    "reshape": _arranged(_reshaped),
    "transpose": _arranged(lambda params, bound: np.transpose(bound, params["permutation"])),
    "squeeze": _arranged(lambda params, bound: np.squeeze(bound, tuple(params["dimensions"]))),
    "rev": _arranged(lambda params, bound: np.flip(bound, tuple(params["dimensions"]))),
    "broadcast_in_dim": _arranged(_broadcast),
    "slice": _arranged(_sliced),
    "split": _split,
    "concatenate": _joined,
    "stack": _stacked,
    "pad": _padded,
    "gather": _taken,
    "dynamic_slice": _taken,
    "dynamic_update_slice": _updated,
    "scatter": _put,
    "scatter-add": _added,
    "real": lambda eqn, x: real_part(x),
    "imag": _imaginary_part,
    "conj": _conjugate,
    "complex": _complex,
    "convert_element_type": _converted,
} | dict.fromkeys(("copy", "copy_p", "stop_gradient", "optimization_barrier", "reduce_precision", "device_put"), _same)
"""Rules of what is linear, also in complex values, by JAX's names."""

OTHERS: Mapping[str, Rule] = {
    "reduce_max": _extreme_of(Has.CONVEX | Has.ROOT | Has.LOG),
    "reduce_min": _extreme_of(Has.CONCAVE),
    "reduce_prod": _product_of_all,
    "sort": lambda eqn, *x: [hull([one], one.has if one.constant else Has.NOTHING) for one in x],
    "iota": _numbered,
}
"""Rules of reductions that are not linear, and of what has no argument."""
