"""What a model returns: one field, or a tuple or a dict of fields."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array

from nnft_ppl.display import error_words
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.naming import labels_of


def check_returned(model: str, returned: Any) -> None:
    """Raise `ModelError` unless this is a field, or a tuple or dict of fields."""
    names = field_names(returned)
    fields = [returned] if names is None else [returned[name] for name in names]
    if not fields or not all(callable(field) for field in fields):
        wrong = next((field for field in fields if not callable(field)), returned)
        kind = f"an array of shape {wrong.shape}" if isinstance(wrong, jax.Array) else type(wrong).__name__
        raise ModelError(
            f"{model}: the model returned {kind}, not a field: end it with `return phi`, where "
            "phi(x) takes a point of shape (dim,), or with a tuple or dict of such fields"
        )


def field_names(returned: Any) -> tuple | None:
    """Keys of a dict of fields, positions of a tuple of fields, None for one field.

    Args:
        returned: What a model returned.
    """
    if isinstance(returned, dict):
        return tuple(returned)
    return tuple(range(len(returned))) if isinstance(returned, tuple) else None


def named_fields(returned: Any) -> dict[str, Callable]:
    """Every field by the name that it is stored under: `field` where there is one, else `field.NAME`.

    Args:
        returned: What a model returned.
    """
    names = field_names(returned)
    if names is None:
        return {"field": returned}
    return {f"field.{label}": returned[name] for name, label in zip(names, field_labels(names), strict=True)}


def field_labels(names: tuple) -> list[str]:
    """The stored forms of the fields' names, positions of a tuple as they are.

    Raises:
        ModelError: If two of them are stored under one name.
    """
    return [str(name) for name in names] if _counted(names) else labels_of("fields", map(str, names))


def _counted(names: tuple) -> bool:
    return all(isinstance(name, int) for name in names)


def refuse_points(model: str, returned: Any, dim: int) -> None:
    """Raise `ModelError` for a field that does not take points of shape (dim,), a guess where there is no space.

    Args:
        model: Name of the model.
        returned: What it returned.
        dim: Dimension of the points.
    """
    mend = f"give the model a space(), or the dimension of its points (it is {dim} here): Theory(model, dim=...), --dim"
    for name, field in named_fields(returned).items():
        point = np.zeros(dim)
        if _takes_two(field):
            raise ModelError(
                f"{model}: {name} takes two points; a kernel S(x, y) of features f and g is Bilocal(f, g) of "
                "nnft_ppl.fields, and one of your own a function S(x, y=None) that at one point is a field, S(x, 0) say"
            )
        try:
            field(point)
        except IndexError as error:  # JAX reads past the end of an array without a word, NumPy does not
            if f"axis 0 with size {dim}" in str(error):
                raise ModelError(
                    f"{model}: {name} asks for x[{dim}] or more at a point x of shape ({dim},): {mend}"
                ) from error
        except Exception:
            pass  # a field may want JAX's arrays
        try:
            field(jnp.asarray(point))
        except (TypeError, ValueError, IndexError) as error:
            raise ModelError(
                f"{model}: {name} fails at a point x of shape ({dim},): {error_words(error)}; {mend}"
            ) from error


def _takes_two(field: Callable) -> bool:
    """Whether it must be given two points."""
    try:
        signature = inspect.signature(field)
        signature.bind(None, None)
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(None)
    except TypeError:
        return True
    return False


def jumps_between_sites(returned: Any, dim: int) -> bool:
    """Whether a field is that of a lattice: it depends on x, and its derivative vanishes identically.

    Args:
        returned: What a model returned, while it is traced.
        dim: Dimension of the points.
    """
    return any(_jumps(field, jnp.zeros(dim)) for field in named_fields(returned).values())


def _jumps(field: Callable, point: Array) -> bool:
    zeros: list[bool] = []

    @jax.custom_jvp
    def watched(value: Array) -> Array:
        return value

    @functools.partial(watched.defjvp, symbolic_zeros=True)
    def _(primals: tuple, tangents: tuple) -> tuple:
        zeros.append(isinstance(tangents[0], SymbolicZero))
        return primals[0], tangents[0]

    def followed(x: Array) -> Array:
        value = jnp.asarray(field(x))
        return watched(value if jnp.iscomplexobj(value) else value.astype(float))

    try:
        jax.jvp(followed, (point,), (point,))
        if not all(zeros):
            return False
        program = jax.make_jaxpr(field)(point).jaxpr
    except Exception:  # whatever the field is made of: who measures it complains
        return False
    return any(program.invars[0] is one for step in program.eqns for one in step.invars)
