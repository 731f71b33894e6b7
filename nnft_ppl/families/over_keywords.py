"""One model over several values of its keywords: a family of theories, sampled and told as one."""

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnft_ppl.display import place_words
from nnft_ppl.theory import ModelFile, Theory, load_file

RESERVED = ("chain", "draw")
"""Dimensions that every result has."""


class Family:
    """A model at every combination of the values of some of its keywords.

    Args:
        model: A function that returns a field, a `ModelFile`, the path of a model file or a shipped model's name.
        scanned: Keyword -> its values, two or more: numbers, texts or truth values.
        fixed: Further keywords, the same for all members.

    Raises:
        TypeError, ValueError: For keywords that the model does not take, values that cannot name members, and
            observables that are not of one shape in all members.
        ModelError, FileNotFoundError: See `Theory` and `load_file`.
    """

    def __init__(
        self, model: Callable | ModelFile | str | Path, /, scanned: Mapping[str, Sequence], fixed: Mapping[str, Any]
    ) -> None:
        self.file = _file_of(model)
        if not scanned:
            raise ValueError(
                f"{self.file.name}: no keyword has a list of values, so there is no family: write for instance "
                "width=[4, 8, 16] (--scan width=4,8,16), or load(...) for one theory"
            )
        for name, values in scanned.items():
            _refuse_values(self.file.name, name, values, fixed)
        combinations = list(itertools.product(*scanned.values()))
        keywords = [dict(zip(scanned, values, strict=True)) for values in combinations]
        self.theories: tuple[Theory, ...] = tuple(Theory(self.file, **fixed, **one) for one in keywords)
        self.scanned: dict[str, tuple] = {
            # As the model has them: 4 may have become 4.0.
            name: tuple(dict.fromkeys(_value(theory, name) for theory in self.theories))
            for name in scanned
        }
        for name, values in self.scanned.items():
            if len(values) < len(scanned[name]):
                raise ValueError(f"{self.file.name}: {name} = {list(scanned[name])} has a value twice")
        self.labels: tuple[dict[str, Any], ...] = tuple(
            {name: _value(theory, name) for name in scanned} for theory in self.theories
        )
        self._refuse_clashes()
        self._refuse_shapes()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.file.name

    @property
    def places(self) -> tuple[str, ...]:
        """Every member in words, `width=4`."""
        return tuple(place_words(one) for one in self.labels)

    def __len__(self) -> int:
        return len(self.theories)

    def __iter__(self) -> Iterator[Theory]:
        return iter(self.theories)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={list(one)}" for name, one in self.scanned.items())
        return f"Family({self.name}: {values}, {len(self)} theories)"

    def _refuse_clashes(self) -> None:
        first = self.theories[0]
        dims = {dim for one in first.observables.values() for dim in one.dims}
        for name in self.scanned:
            if name in dims or name in RESERVED or name in first.shapes:
                kind = "an observable" if name in first.shapes else "a dimension"
                raise ValueError(
                    f"{self.name}: {name!r} is the name of {kind}, too: it cannot be scanned; rename {kind} in the "
                    "model file"
                )

    def _refuse_shapes(self) -> None:
        first, at = self.theories[0], self.places[0]
        for theory, place in zip(self.theories, self.places, strict=True):
            if missing := set(first.shapes) ^ set(theory.shapes):
                name = min(missing)
                has, lacks = (at, place) if name in first.shapes else (place, at)
                raise ValueError(
                    f"{self.name}: observable {name!r} is measured at {has} and not at {lacks}: members of a family "
                    "have the same observables"
                )
            for name, shape in theory.shapes.items():
                if shape != first.shapes[name]:
                    raise ValueError(
                        f"{self.name}: observable {name!r} has shape {first.shapes[name]} at {at} and {shape} at "
                        f"{place}: members of a family have observables of one shape; measure it at equally many "
                        "places, or scan other values"
                    )


def family(model: Callable | ModelFile | str | Path, /, **keywords: Any) -> Family:
    """The theories of a model at every combination of the values of some keywords.

    A list of values, for a keyword whose default is no list itself, is scanned; other values hold for all members.

    Args:
        model: A function that returns a field, a `ModelFile`, the path of a model file or a shipped model's name.
        keywords: Keyword -> a list, a range or an array of values; or one value.

    Raises:
        TypeError, ValueError, ModelError, FileNotFoundError: See `Family`.

    Example:
        >>> widths = family("free_scalar", width=[4, 8, 16], dim=1)
        >>> len(widths), widths.places[1]
        (3, 'width=8')
    """
    file = _file_of(model)
    parameters = inspect.signature(file.model).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    scanned = {
        name: list(value)
        for name, value in keywords.items()
        if _is_listed(value) and not _is_listed(defaults.get(name)) and not isinstance(defaults.get(name), tuple)
    }
    return Family(file, scanned, {name: value for name, value in keywords.items() if name not in scanned})


def _file_of(model: Callable | ModelFile | str | Path) -> ModelFile:
    if isinstance(model, ModelFile):
        return model
    if isinstance(model, str | Path):
        return load_file(model)
    if not callable(model):
        raise TypeError(f"family() takes a model, a function that returns its field, or a file's name, not {model!r}")
    return ModelFile.of(model)


def _is_listed(value: Any) -> bool:
    return isinstance(value, list | range) or getattr(value, "ndim", 0) == 1


def _value(theory: Theory, name: str) -> Any:
    """A keyword as the model has it; `dim` may be the points' instead."""
    value = theory.keywords.get(name, theory.dim)
    return value.item() if isinstance(value, np.generic) else value


def _refuse_values(model: str, name: str, values: Sequence, fixed: Mapping[str, Any]) -> None:
    """Raise for values that cannot name the members of a family."""
    if name in fixed:
        raise ValueError(f"{model}: {name!r} is both scanned and set: leave one of them out")
    if len(values) < 2:
        given = "no value" if not len(values) else f"one value, {values[0]!r}"
        raise ValueError(
            f"{model}: {name!r} is scanned over {given}: give two or more, or set it ({name}=VALUE, --set {name}=VALUE)"
        )
    kinds = {_kind(value) for value in values}
    if None in kinds:
        bad = next(value for value in values if _kind(value) is None)
        raise TypeError(
            f"{model}: {name!r} cannot be scanned over {bad!r} (a {type(bad).__name__}): values of a scan are finite "
            "numbers, texts or truth values"
        )
    if len(kinds) > 1:
        raise TypeError(f"{model}: {name!r} is scanned over {' and '.join(sorted(map(str, kinds)))}: give one kind")


def _kind(value: Any) -> str | None:
    """What kind of value this is; None where it cannot be a coordinate."""
    if isinstance(value, bool | np.bool_):
        return "truth values"
    if isinstance(value, str):
        return "texts"
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, complex | np.complexfloating)
    return "numbers" if is_number and np.isfinite(value) else None
