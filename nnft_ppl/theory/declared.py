"""What a model file declares beside its model: observables, exact values, exact curves; checked."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from nnft_ppl.display import did_you_mean
from nnft_ppl.observables import Derived, HeldOut, Invariant, Moments, Observable
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.naming import refuse_reserved


class Declared(NamedTuple):
    """What `observables()` returned, sorted by what it is."""

    observables: dict[str, Observable]
    derived: dict[str, Derived]
    held_out: dict[str, HeldOut]
    invariants: dict[str, Invariant]


def separate(model: str, declared: Any) -> Declared:
    """What `observables()` returned, sorted by what it is.

    Raises:
        ModelError: If that is no dict of these, a name cannot be stored, or no observable is among them.
    """
    kinds = (Observable, Derived, HeldOut, Invariant)
    if not isinstance(declared, dict) or not all(isinstance(value, kinds) for value in declared.values()):
        raise ModelError(
            f"{model}: observables() must return a dict name -> Observable (or Derived, HeldOut, Invariant)"
        )
    for name in declared:
        if not re.fullmatch(r"[a-z_][a-z0-9_.]*", str(name)):
            raise ModelError(f"{model}: observable {name!r}: names are lower-case letters, digits, _ and . (no /)")
        refuse_reserved(f"{model}: observable", name)
    sorted_out: list[dict[str, Any]] = [
        {name: value for name, value in declared.items() if isinstance(value, kind)} for kind in kinds
    ]
    observables, derived, held_out, invariants = sorted_out
    for name, value in derived.items():
        if (own := value.moments) is not None:
            if f"{name}.moments" in declared:
                raise ModelError(
                    f"{model}: the moments of {name!r} are stored as {name}.moments: rename that observable"
                )
            labels = {f"{name}.moment": own.labels} if isinstance(own, Moments) else {}
            observables[f"{name}.moments"] = replace(
                own, dims=(f"{name}.moment", *own.dims), coords={**own.coords, **labels}
            )
    if not observables:
        more = "; beside the invariants add one, such as what they say is kept" if invariants else ""
        raise ModelError(f"{model}: observables() names no Observable, so there is nothing to measure{more}")
    named: dict[str, Derived] = {}
    for name, value in derived.items():
        named[name] = value.among(name, dict(named))
    derived = named
    return Declared(observables, derived, held_out, invariants)


def exact_values(
    model: str, answers: Any, shapes: Mapping[str, tuple[int, ...]], owner: str = "exact"
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `exact()` returned, as arrays of the shapes that are measured, and how far off they may be.

    An answer is an array, or a pair (array, truncation): by how much it may differ from what is measured, because a
    series was cut off, say, or a limit was not taken. Without a pair it is exact. `owner` is the function that gave
    them.

    Raises:
        ModelError: If it is no dict, names something that is not measured, has another shape, or a truncation that is
            no number ≥ 0.
    """
    if not isinstance(answers, dict):
        raise ModelError(f"{model}: {owner}() must return a dict name -> array, not {type(answers).__name__}")
    if unknown := sorted(set(map(str, answers)) - set(shapes)):
        near = did_you_mean(unknown[0], shapes)
        raise ModelError(f"{model}: {owner}() names {unknown}, which observables() does not{near}")
    exact, truncation = {}, {}
    for name, answer in answers.items():
        value, off = answer if _is_pair(answer, shapes[name]) else (answer, 0.0)
        try:
            exact[name] = np.asarray(value, dtype=complex if np.iscomplexobj(value) else float)
            truncation[name] = np.broadcast_to(np.asarray(off, dtype=float), shapes[name])
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"{model}: {owner}() gives {name!r} as {answer!r}, not as an array of numbers, or a pair of one and "
                "its truncation"
            ) from error
        if np.any(truncation[name] < 0):
            raise ModelError(f"{model}: {owner}() gives {name!r} a truncation below zero: {off!r}")
    for name, value in exact.items():
        if value.shape != shapes[name]:
            raise ModelError(
                f"{model}: {owner}() gives {name!r} with shape {value.shape}, but it is measured with shape "
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
        if isinstance(next(iter(observables[name].coords.get(observables[name].dims[0], ())), 0.0), str):
            raise ModelError(f"{model}: curves() names {name!r}, between whose coordinates, texts, there is nothing")
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
