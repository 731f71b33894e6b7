"""Whether what JSON gave is of the types that a record says: damage is found here, and not by whoever uses it."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints


def refuse_other_types(record: type, stored: Any) -> None:
    """Raise `TypeError` for an entry of another type than the field of that name; others are no matter.

    Args:
        record: A dataclass.
        stored: What is to fill it, from JSON.
    """
    if not isinstance(stored, Mapping):
        raise TypeError(f"{record.__name__} is {type(stored).__name__}")
    hints = get_type_hints(record)
    for one in fields(record):
        if one.name in stored and not _fits(stored[one.name], hints[one.name]):
            raise TypeError(f"{one.name} of {record.__name__} is {type(stored[one.name]).__name__}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether JSON's value is one that this hint's would be written as."""
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if hint is Any:
        return True
    if origin is float:  # NaN is written as null
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is tuple:
        return isinstance(value, list) and all(_fits(one, get_args(hint)[0]) for one in value)
    if is_dataclass(origin):
        return isinstance(value, Mapping)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(one, get_args(hint)[1]) for one in value.values())
    return isinstance(value, origin)
