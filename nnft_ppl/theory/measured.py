"""All that a theory measures, tried on one draw without computing anything: shapes, names of dimensions, mistakes."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.display import did_you_mean, error_words
from nnft_ppl.observables import (
    Derived,
    HeldOut,
    Invariant,
    Labelled,
    Observable,
    evaluate,
    name_dimensions,
    reads_parameters,
)
from nnft_ppl.theory.declared import Declared
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.naming import RESERVED
from nnft_ppl.theory.reading import Reading

Shapes = dict[str, tuple[int, ...]]


class Measured(NamedTuple):
    """What is measured, with a name for every dimension."""

    observables: dict[str, Observable]
    derived: dict[str, Derived]
    held_out: dict[str, HeldOut]
    invariants: dict[str, Invariant]
    shapes: Shapes
    """Of all but the invariants, by name."""


def measured(
    model: str, dim: int, declared: Declared, draw: Callable[[Array], Reading], check: Callable[[Reading], None]
) -> Measured:
    """What is declared, tried on one draw and labelled.

    Args:
        model: Name of the model.
        dim: Dimension of the points.
        declared: What its file declares.
        draw: Random key -> a draw.
        check: Looks at the draw, after the observables did.

    Raises:
        ModelError: If something cannot be computed, or its labels do not fit.
    """

    def look(key: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        reading = draw(key)
        values = try_observables(model, dim, declared.observables, reading)
        deviations = {
            name: _tried(f"{model}: invariant {name!r}", dim, one.function, reading)
            for name, one in declared.invariants.items()
        }
        check(reading)
        return values, deviations

    values, deviations = jax.eval_shape(look, jax.eval_shape(jax.random.key, 0))
    derived = try_derived(declared.derived, values)
    for name, one in declared.derived.items():
        found = (one.misplaced(other, own.dims, own.coords) for other, own in declared.observables.items())
        if words := next(filter(None, found), ""):
            raise ModelError(f"{model}: derived {name!r} {words}")
    try_held_out(declared.held_out, values)
    shapes = {name: tuple(value.shape) for name, value in (values | derived | deviations).items()}
    named = label(declared.observables | declared.derived | declared.invariants, shapes, declared.held_out)
    parts = ({name: named[name] for name in part} for part in (declared.observables, declared.derived))
    observables, quantities = parts
    invariants = {name: named[name] for name in declared.invariants}
    known = {name: shape for name, shape in shapes.items() if name not in invariants}
    known |= dict.fromkeys(declared.held_out, ())
    return Measured(observables, quantities, declared.held_out, invariants, known)


def try_observables(model: str, dim: int, observables: Mapping[str, Observable], reading: Reading) -> dict[str, Array]:
    """Every observable on one draw, to learn the shapes; what goes wrong is said with the observable's name.

    Raises:
        ModelError: If an observable cannot be computed, or is no number.
    """
    values = {}
    for name, observable in observables.items():
        named = {found for insertion in observable.insertions for found in insertion.dims}
        if found := sorted(named - {dim}):
            raise ModelError(
                f"{model}: observable {name!r} is measured at points of shape ({found[0]},), but points have shape "
                f"({dim},) here: give the model a space(), or Theory(model, dim={found[0]}), --dim {found[0]}"
            )
        values[name] = _tried(f"{model}: observable {name!r}", dim, observable.function, reading)
    return values


def _tried(words: str, dim: int, function: Callable[..., Any], reading: Reading) -> Array:
    """What a functional gives on one draw, as numbers that can be averaged; what goes wrong is said in plain words."""
    try:
        returned = evaluate(function, reading.returned, reading.values)
    except ModelError:
        raise
    except Exception as error:  # whatever the model file is made of
        hint = ""
        if isinstance(error, TypeError | ValueError | IndexError):
            hint = f"; points x have shape ({dim},) here: give a space(), or --dim, where that is wrong"
        if isinstance(error, KeyError) and reads_parameters(function):
            near = did_you_mean(str(error.args[0]), reading.values)
            hint = f"; the parameters are {sorted(reading.values)}{near}"
        raise ModelError(f"{words}: {error_words(error)}{hint}") from error
    try:
        value = jnp.asarray(returned)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{words} gives {returned!r}, not a number or an array") from error
    if not value.size:
        raise ModelError(f"{words} has no entries, its shape is {value.shape}")
    return value.astype(jnp.result_type(float, value))


def try_derived(derived: Mapping[str, Derived], observables: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
    """The shape of every derived quantity.

    Args:
        derived: The quantities.
        observables: The observables' values, or their shapes.

    Raises:
        ModelError: If one asks for an observable that there is not, or cannot be computed from their shapes.
    """
    found = {}
    for name, quantity in derived.items():
        try:
            found[name] = jax.eval_shape(lambda means, one=quantity: jnp.asarray(one(means)), dict(observables))
        except KeyError as error:
            raise _no_observable(f"derived {name!r}", error, observables) from error
        except Exception as error:  # whatever the model file is made of
            shapes = ", ".join(f"{one} {value.shape}" for one, value in observables.items())
            raise ModelError(
                f"derived {name!r}: {error_words(error)}; the means have the shapes of their observables: {shapes}"
            ) from error
    return found


def try_held_out(held_out: Mapping[str, HeldOut], observables: Mapping[str, Any]) -> None:
    """Try statements on made-up means: whether they ask for what there is, and give a number.

    Args:
        held_out: The statements.
        observables: The observables' values, or their shapes.

    Raises:
        ModelError: If one asks for an observable that there is not, or does not give one number.
    """
    if not held_out:
        return
    generator = np.random.default_rng(0)
    means: dict[str, Any] = {name: np.asarray(generator.normal(size=one.shape)) for name, one in observables.items()}
    for name, one in held_out.items():
        try:
            with np.errstate(all="ignore"):
                shape = np.shape(one.test(one.find(means))(means))
        except KeyError as error:
            raise _no_observable(f"held out {name!r}", error, observables) from error
        except Exception:
            continue  # means that no theory has need not do
        if shape:
            raise ModelError(f"held out {name!r}: test(found)(means) has shape {shape}; give one number")


def _no_observable(words: str, error: KeyError, observables: Mapping[str, Any]) -> ModelError:
    shown = sorted(name for name in observables if not name.endswith(".moments"))  # those are nobody's to ask for
    near = did_you_mean(str(error.args[0]), shown)
    return ModelError(f"{words} asks for {error}; the observables are {shown}{near}")


def label(quantities: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], others: Any = ()) -> dict[str, Any]:
    """Observables, derived quantities and invariants with a name for every dimension, and coordinates that agree.

    Args:
        quantities: As the model file declares them, observables first.
        shapes: The shapes that they are measured with.
        others: Names of what is stored beside them.

    Raises:
        ModelError: For dimensions and coordinates that do not fit the shapes or each other.
    """
    sizes: dict[str, int] = {}
    coords: dict[str, tuple] = {}
    named: dict[str, Any] = {}
    for name, quantity in quantities.items():
        words = f"{'observable' if isinstance(quantity, Observable) else type(quantity).__name__.lower()} {name!r}"
        try:
            named[name] = one = name_dimensions(name, quantity, tuple(shapes[name]), named, sizes)
        except ValueError as error:
            raise ModelError(f"{words.removesuffix(f' {name!r}')} {error}") from error
        for dim, size in zip(one.dims, shapes[name], strict=True):
            if (before := sizes.setdefault(dim, size)) != size:
                raise ModelError(f"dimension {dim!r} has size {size} in {name!r} and {before} before: use two names")
        if reserved := set(one.dims) & {*RESERVED, *quantities, *others}:
            raise ModelError(f"{words}: dimension {sorted(reserved)} is the name of something else")
        _check_coordinates(words, name, one, coords)
    return named


def _check_coordinates(words: str, name: str, one: Labelled, seen: dict[str, tuple]) -> None:
    """Raise `ModelError` for coordinates that cannot be stored, or that two quantities give differently."""
    for dim, values in one.coords.items():
        texts = [isinstance(value, str) for value in values]
        if not all(texts) and (any(texts) or not np.issubdtype(np.asarray(values).dtype, np.number)):
            raise ModelError(f"{words}: coordinates along {dim!r} must be numbers, or all texts, not {values!r}")
        if seen.setdefault(dim, tuple(values)) != tuple(values):
            raise ModelError(f"dimension {dim!r} has other coordinates in {name!r} than before: use two names")


def measured_on(observables: Mapping[str, Observable], reading: Reading) -> dict[str, dict[str, Array]]:
    """Every observable, every action term and, where a factor is complex, every `phase` of one run of the model.

    Args:
        observables: By name.
        reading: The run.
    """
    return {
        "observables": {name: observable.on(reading) for name, observable in observables.items()},
        "action": reading.action_terms,
    } | ({"phase": reading.phases} if reading.phases else {})
