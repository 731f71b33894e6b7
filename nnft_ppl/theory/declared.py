"""What a model file declares beside its model: observables, exact values, exact curves; checked and labelled."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.display import did_you_mean, error_words
from nnft_ppl.observables import Derived, Observable
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.naming import RESERVED, refuse_reserved


def separate(model: str, declared: Any) -> tuple[dict[str, Observable], dict[str, Derived]]:
    """The observables and the derived quantities in what `observables()` returned.

    Raises:
        ModelError: If that is no dict of these, a name cannot be stored, or no observable is among them.
    """
    if not isinstance(declared, dict) or not all(
        isinstance(value, Observable | Derived) for value in declared.values()
    ):
        raise ModelError(f"{model}: observables() must return a dict name -> Observable (or Derived)")
    for name in declared:
        if not re.fullmatch(r"[a-z_][a-z0-9_.]*", str(name)):
            raise ModelError(f"{model}: observable {name!r}: names are lower-case letters, digits, _ and . (no /)")
        refuse_reserved(f"{model}: observable", name)
    plain = {name: value for name, value in declared.items() if isinstance(value, Observable)}
    if not plain:
        raise ModelError(f"{model}: observables() names no Observable, so there is nothing to measure")
    return plain, {name: value for name, value in declared.items() if isinstance(value, Derived)}


def try_observables(model: str, dim: int, observables: Mapping[str, Observable], fields: Any) -> dict[str, Array]:
    """Every observable on one draw's fields, to learn the shapes; what goes wrong is said with the observable's name.

    Raises:
        ModelError: If an observable cannot be computed, or is no number.
    """
    values = {}
    for name, observable in observables.items():
        if observable.points is not None and (found := observable.points.shape[-1]) != dim:
            raise ModelError(
                f"{model}: observable {name!r} is measured at points of shape ({found},), but points have shape "
                f"({dim},) here: give the model a space(), or Theory(model, dim={found}), --dim {found}"
            )
        try:
            returned = observable.function(fields)
        except ModelError:
            raise
        except Exception as error:  # whatever the model file is made of
            hint = ""
            if isinstance(error, TypeError | ValueError | IndexError):
                hint = f"; points x have shape ({dim},) here: give a space(), or --dim, where that is wrong"
            raise ModelError(f"{model}: observable {name!r}: {error_words(error)}{hint}") from error
        try:
            value = jnp.asarray(returned)
        except (TypeError, ValueError) as error:
            raise ModelError(f"{model}: observable {name!r} gives {returned!r}, not a number or an array") from error
        if not value.size:
            raise ModelError(f"{model}: observable {name!r} has no entries, its shape is {value.shape}")
        values[name] = value.astype(jnp.result_type(float, value))
    return values


def try_derived(derived: Mapping[str, Derived], observables: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
    """The shape of every derived quantity.

    Args:
        derived: The quantities.
        observables: The observables' values, or their shapes.

    Raises:
        ModelError: If one asks for an observable that there is not.
    """
    shapes = {}
    for name, quantity in derived.items():
        try:
            shapes[name] = jax.eval_shape(quantity.function, dict(observables))
        except KeyError as error:
            near = did_you_mean(str(error.args[0]), observables)
            raise ModelError(
                f"derived {name!r} asks for {error}; the observables are {sorted(observables)}{near}"
            ) from error
    return shapes


def label(
    observables: Mapping[str, Observable], shapes: Mapping[str, tuple[int, ...]], derived: Iterable[str] = ()
) -> dict[str, Observable]:
    """The observables with a name for every dimension, `NAME_dim_AXIS` where none is given.

    Args:
        observables: As the model file declares them.
        shapes: The shapes that they are measured with.
        derived: Names of the quantities that are stored beside them.

    Raises:
        ModelError: For dimensions and coordinates that do not fit the shapes or each other.
    """
    sizes: dict[str, int] = {}
    named = {name: _label(name, observable, tuple(shapes[name]), sizes) for name, observable in observables.items()}
    _check_coordinates(named, [*observables, *derived])
    return named


def exact_values(
    model: str, answers: Any, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `exact()` returned, as arrays of the shapes that are measured, and how far off they may be.

    An answer is an array, or a pair (array, truncation): by how much it may differ from what is measured, because a
    series was cut off, say, or a limit was not taken. Without a pair it is exact.

    Raises:
        ModelError: If it is no dict, names something that is not measured, has another shape, or a truncation that is
            no number ≥ 0.
    """
    if not isinstance(answers, dict):
        raise ModelError(f"{model}: exact() must return a dict name -> array, not {type(answers).__name__}")
    if unknown := sorted(set(map(str, answers)) - set(shapes)):
        near = did_you_mean(unknown[0], shapes)
        raise ModelError(f"{model}: exact() names {unknown}, which observables() does not{near}")
    exact, truncation = {}, {}
    for name, answer in answers.items():
        value, off = answer if _is_pair(answer, shapes[name]) else (answer, 0.0)
        try:
            exact[name] = np.asarray(value, dtype=complex if np.iscomplexobj(value) else float)
            truncation[name] = np.broadcast_to(np.asarray(off, dtype=float), shapes[name])
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"{model}: exact() gives {name!r} as {answer!r}, not as an array of numbers, or a pair of one and its "
                "truncation"
            ) from error
        if np.any(truncation[name] < 0):
            raise ModelError(f"{model}: exact() gives {name!r} a truncation below zero: {off!r}")
    for name, value in exact.items():
        if value.shape != shapes[name]:
            raise ModelError(
                f"{model}: exact() gives {name!r} with shape {value.shape}, but it is measured with shape "
                f"{shapes[name]}: put NaN where the answer is unknown"
            )
    return exact, truncation


def _is_pair(answer: Any, shape: tuple[int, ...]) -> bool:
    """Whether this is a value of that shape with its truncation; two numbers are a value of shape (2,)."""
    return isinstance(answer, tuple) and len(answer) == 2 and np.shape(answer[0]) == shape


def exact_curves(
    model: str, answers: Any, observables: Mapping[str, Observable]
) -> dict[str, tuple[Float[np.ndarray, "point"], Float[np.ndarray, "point"]]]:
    """What `curves()` returned: coordinates and exact values between the points that are measured, for drawing.

    Raises:
        ModelError: If it is no dict of pairs of arrays of one length, or names no observable with one dimension.
    """
    if not isinstance(answers, dict):
        raise ModelError(
            f"{model}: curves() must return a dict name -> (coordinate, value), not {type(answers).__name__}"
        )
    curves = {}
    for name, pair in answers.items():
        if name not in observables or len(observables[name].dims) != 1:
            raise ModelError(f"{model}: curves() names {name!r}, which is no observable with one dimension")
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ModelError(f"{model}: curves() gives {name!r} {type(pair).__name__}, not (coordinate, value)")
        places = np.asarray(pair[0], dtype=float)
        values = np.asarray(pair[1], dtype=complex if np.iscomplexobj(pair[1]) else float)
        if places.ndim != 1 or places.shape != values.shape:
            raise ModelError(
                f"{model}: curves() gives {name!r} coordinates of shape {places.shape} and values of shape "
                f"{values.shape}: give two arrays of one length"
            )
        curves[name] = (places, values)
    return curves


def _label(name: str, observable: Observable, shape: tuple[int, ...], sizes: dict[str, int]) -> Observable:
    if len(observable.dims) > len(shape):
        raise ModelError(f"observable {name!r} declares dims {observable.dims}, but its value has shape {shape}")
    if len(set(observable.dims)) < len(observable.dims) or any("/" in dim or not dim for dim in observable.dims):
        raise ModelError(f"observable {name!r}: dims {observable.dims} must be different names, without /")
    dims = observable.dims + tuple(f"{name}_dim_{axis}" for axis in range(len(observable.dims), len(shape)))
    for dim, size in zip(dims, shape, strict=True):
        if sizes.setdefault(dim, size) != size:
            raise ModelError(f"dimension {dim!r} has size {size} in {name!r} and {sizes[dim]} before: use two names")
        if dim in observable.coords and len(observable.coords[dim]) != size:
            raise ModelError(
                f"observable {name!r}: {len(observable.coords[dim])} coordinates along {dim!r} of size {size}"
            )
    if foreign := set(observable.units) - {"", *observable.coords}:
        raise ModelError(
            f"observable {name!r} states units of {sorted(foreign)}; it has coordinates "
            f"{sorted(observable.coords) or 'none'}"
        )
    return replace(observable, dims=dims)


def _check_coordinates(observables: Mapping[str, Observable], names: Iterable[str]) -> None:
    """Raise `ModelError` for coordinates that cannot be stored, or that two observables give differently."""
    seen: dict[str, tuple[float, ...]] = {}
    for name, observable in observables.items():
        if reserved := set(observable.dims) & {*RESERVED, *names}:
            raise ModelError(f"observable {name!r}: dimension {sorted(reserved)} is the name of something else")
        for dim, values in observable.coords.items():
            if not np.issubdtype(np.asarray(values).dtype, np.number):
                raise ModelError(f"observable {name!r}: coordinates along {dim!r} must be numbers, not {values!r}")
            if seen.setdefault(dim, tuple(values)) != tuple(values):
                raise ModelError(f"dimension {dim!r} has other coordinates in {name!r} than before: use two names")
