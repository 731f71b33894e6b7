"""What of a theory is smooth as it is written, and which sites can make the rest jump.

The operations that a model is made of are looked at one by one, without a number. A sum of sines and powers is smooth
wherever its parameters are, and nothing more is to be looked for; a comparison, a rounding, a `stop_gradient` or a
derivative of the model's own may hide a jump that no derivative sees, or a kink. Whether it does is found by numbers
(`nnft_ppl.identities.jumps`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal
from jaxtyping import Array

from nnft_ppl.theory import SMOOTH_MAP, Theory, named_fields

SMOOTH = {
    "add", "add_any", "sub", "neg", "mul", "div", "integer_pow", "square", "pow", "exp", "exp2", "expm1", "log",
    "log1p", "sqrt", "rsqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "logistic", "erf", "erfc", "erf_inv", "lgamma", "digamma", "bessel_i0e", "bessel_i1e",
    "igamma", "igammac", "dot_general", "conv_general_dilated", "reduce_sum", "reduce_prod", "cumsum", "cumprod",
    "cumlogsumexp", "fft", "real", "imag", "conj", "complex", "broadcast_in_dim", "reshape", "transpose", "squeeze",
    "expand_dims", "concatenate", "slice", "pad", "rev", "split", "stack", "copy", "copy_p", "reduce_precision",
    "optimization_barrier", "iota", "empty", "cholesky", "triangular_solve", "custom_linear_solve", "lt", "le",
    "gt", "ge", "eq", "ne", "and", "or", "not", "xor", "reduce_and", "reduce_or", "is_finite",
}  # fmt: skip
"""Operations without jump or kink, up to poles. Comparisons are here for what they give, a truth value, varies by
itself in nothing: what is chosen by it does."""
CHOOSING = {
    "select_n": slice(0, 1), "gather": slice(1, 2), "dynamic_slice": slice(1, None), "scatter": slice(1, 2),
    "scatter-add": slice(1, 2), "scatter_add": slice(1, 2), "dynamic_update_slice": slice(2, None),
}  # fmt: skip
"""Operations that are smooth in all but these operands."""
CALLS = {"jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint"}
"""Operations that are what is inside them."""
SMOOTH_BY_RULE = {"logaddexp", "logaddexp2", "log_ndtr", "ndtri", "silu", "sine_cosine"}
"""Functions of JAX and of this library with their own derivative, smooth although they are written with choices."""

NONE: frozenset[str] = frozenset()


class Dependence(NamedTuple):
    """What one number depends on."""

    sites: frozenset[str] = NONE
    """The sites that it depends on."""
    switches: frozenset[str] = NONE
    """Those of them whose change may make it jump, or kink."""
    largest: int = 0
    """Size of the largest array on the way from them to it."""


class Smoothness(NamedTuple):
    """Sites that may make something jump or kink; none where it is smooth as it is written."""

    potential: frozenset[str]
    """The action, and what sites without a transport add to it."""
    observables: dict[str, frozenset[str]]
    """Each observable, by name."""
    fields: frozenset[str]
    """The fields at a point."""
    acting: frozenset[str]
    """Not those: all sites that the action depends on."""
    largest: dict[str, int]
    """Size of the largest array that an observable makes of the sites, by name."""


@lru_cache(maxsize=4)
def smoothness(theory: Theory) -> Smoothness:
    """Which sites may make the action or an observable jump.

    Args:
        theory: Any theory.
    """

    def everything(coordinates: dict[str, Array]) -> tuple[Array, dict[str, Array], list[Array]]:
        reading = theory.at_sites(coordinates)
        observables = {name: one.on(reading) for name, one in theory.observables.items()}
        point = jnp.asarray(theory.region.pairs([0.0]).point, float)
        return reading.potential, observables, [field(point) for field in named_fields(reading.returned).values()]

    coordinates = jax.eval_shape(theory.split, jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0)))
    closed, shapes = jax.make_jaxpr(everything, return_shape=True)(coordinates)
    found = dependences(closed.jaxpr, [Dependence(frozenset({name})) for name in sorted(coordinates)])
    tree = jax.tree.structure(shapes)
    potential, observables, fields = jax.tree.unflatten(tree, [one.switches for one in found])
    _, largest, _ = jax.tree.unflatten(tree, [one.largest for one in found])
    return Smoothness(potential, observables, NONE.union(*fields), found[0].sites, largest)


def dependences(jaxpr: Any, given: Sequence[Dependence]) -> list[Dependence]:
    """What every output of a program depends on, given what its inputs do.

    Args:
        jaxpr: The program.
        given: One for each of its inputs.
    """
    known: dict[Any, Dependence] = dict(zip(jaxpr.invars, given, strict=True))

    def of(variable: Any) -> Dependence:
        return Dependence() if isinstance(variable, Literal) else known.get(variable, Dependence())

    for equation in jaxpr.eqns:
        operands = [of(variable) for variable in equation.invars]
        for variable, one in zip(equation.outvars, _through(equation, operands), strict=True):
            size = int(np.prod(variable.aval.shape)) if one.sites else 0
            known[variable] = one._replace(largest=max(one.largest, size))
    return [of(variable) for variable in jaxpr.outvars]


def _through(equation: Any, operands: list[Dependence]) -> list[Dependence]:
    """What the outputs of one operation depend on."""
    together, name = _union(operands), equation.primitive.name
    count = len(equation.outvars)
    if not together.sites:
        return [together] * count
    if SMOOTH_MAP in str(equation.source_info.name_stack):
        return [together] * count
    inner = _inner(equation.params)
    if name in CALLS and len(inner) == 1:
        return dependences(inner[0], operands)
    if name == "custom_jvp_call" and len(inner) == 1 and _source_name(inner[0]) in SMOOTH_BY_RULE:
        return [together] * count
    if name == "convert_element_type" and jnp.issubdtype(equation.invars[0].aval.dtype, jnp.inexact):
        return [together] * count
    if name in ("scan", "cond"):
        # Whatever goes round a loop, or into any branch, is taken for one.
        chosen = operands[0].sites if name == "cond" else NONE
        bodies = [_union(dependences(body, [together] * len(body.invars))) for body in inner]
        return [_union([together, Dependence(NONE, chosen), *bodies])] * count
    if name in SMOOTH:
        return [together] * count
    switching = together if name not in CHOOSING else _union(operands[CHOOSING[name]])
    return [_union([together, Dependence(NONE, switching.sites)])] * count


def _source_name(program: Any) -> str:
    """Name of the function that was traced."""
    return str(getattr(getattr(program, "debug_info", None), "func_src_info", "")).partition(" ")[0]


def _union(parts: Sequence[Dependence]) -> Dependence:
    sites, switches = NONE.union(*(one.sites for one in parts)), NONE.union(*(one.switches for one in parts))
    return Dependence(sites, switches, max((one.largest for one in parts), default=0))


def _inner(parameters: dict[str, Any]) -> list[Any]:
    """The programs that an operation calls."""
    values = [one for value in parameters.values() for one in (value if isinstance(value, tuple | list) else [value])]
    programs = [getattr(value, "jaxpr", value) for value in values]
    return [program for program in programs if hasattr(program, "eqns")]
