"""Keywords of a model as plain JSON, which says of every value what it is, and back again.

Numbers, texts, truth values, lists and dicts stand as they are; infinities and NaN as the words that --set takes;
tuples as lists. A small array holds its entries, {"array": [...], "dtype"}; a large one, a function or an object is
told apart by a digest of its content, {"array": SHAPE, "dtype", "sha256"} or {"function": NAME, "sha256"}, and cannot
be made again.
"""

import ast
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnft_ppl.display import keyword_words
from nnft_ppl.theory.content import called, content_digest, is_array
from nnft_ppl.theory.errors import ModelError

MOST_ENTRIES = 64
"""Arrays of more entries are stored as a digest."""
WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def record(value: Any) -> Any:
    """A keyword as JSON.

    Args:
        value: What a model was given.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, complex):
        return {"complex": [record(value.real), record(value.imag)]}
    if isinstance(value, list | tuple):
        return [record(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: record(item) for key, item in value.items()}
    if is_array(value) and getattr(value, "dtype", np.dtype(object)).kind in "biufc":
        return _array(np.asarray(value))
    kind = "function" if callable(value) else "object"
    return {kind: called(value), "sha256": content_digest(value)}


def literal(value: Any) -> str | None:
    """A value as Python writes it, where JSON would not give back the same: a tuple, a set, a dict of numbers.

    Args:
        value: What a model was given.
    """
    if isinstance(value, bool | str | int | float | None) or is_array(value):
        return None
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except Exception:  # it is no literal
        return None
    return text if same and record(value) != value else None


def restored(name: str, stored: Any, default: Any, text: str | None = None) -> Any:
    """A keyword as it was given, from its record.

    Args:
        name: Its name.
        stored: Its record.
        default: The default in the model, which tells a tuple from a list; None without one.
        text: What `literal` gave.

    Raises:
        ModelError: For a value whose record is a digest, unless it is the default.
    """
    if text is not None:
        return ast.literal_eval(text)
    if default is not None and record(default) == stored:
        return default
    return _restored(name, stored, default)


def shown(value: Any) -> str:
    """A keyword in a few words.

    Args:
        value: What a model was given.
    """
    if is_array(value) and not isinstance(value, np.generic):
        array = np.asarray(value)
        small = array.size <= MOST_ENTRIES
        return keyword_words(_array(array) if small else {"array": array.shape, "dtype": array.dtype, "sha256": ""})
    if callable(value):
        return called(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {shown(item)}' for key, item in value.items())}}}"
    return repr(value)


def _array(array: np.ndarray) -> dict[str, Any]:
    if array.size <= MOST_ENTRIES:
        return {"array": record(array.tolist()), "dtype": array.dtype.name}
    return {"array": list(array.shape), "dtype": array.dtype.name, "sha256": content_digest(array)}


def _restored(name: str, stored: Any, default: Any) -> Any:
    if isinstance(stored, dict) and "sha256" in stored:
        kind = next(iter(stored))
        what = f"an array of shape {tuple(stored[kind])}" if kind == "array" else f"the {kind} {stored[kind]}"
        raise ModelError(
            f"keyword {name!r} of the run was {what}, of which only a digest is stored: make it the default in the "
            "model file, or judge the run in Python (nnft_ppl.runs.judge_again)"
        )
    if isinstance(stored, dict) and set(stored) == {"array", "dtype"}:
        return np.asarray(_restored(name, stored["array"], None), dtype=stored["dtype"])
    if isinstance(stored, dict) and set(stored) == {"complex"}:
        return complex(*(_restored(name, part, None) for part in stored["complex"]))
    if isinstance(stored, dict):
        inner = default if isinstance(default, Mapping) else {}
        return {key: _restored(name, item, inner.get(key)) for key, item in stored.items()}
    if isinstance(stored, list):
        items = [_restored(name, item, None) for item in stored]
        return tuple(items) if isinstance(default, tuple) else items
    if isinstance(stored, str) and not isinstance(default, str):
        return WORDS.get(stored, stored)
    return stored
