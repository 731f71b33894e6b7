"""Signs that steer a terminal, or turn a line around, in what a stored result says: never printed as they are."""

import re
from typing import Any

import xarray as xr

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tab and new line, and those that set the direction of writing."""


def harmless(value: Any) -> Any:
    r"""JSON with every such sign in it written out.

    Args:
        value: Text, or lists and dicts of it; numbers are passed on.

    Example:
        >>> harmless({"model": "phi4\x1b[2J"})
        {'model': 'phi4\\x1b[2J'}
    """
    if isinstance(value, str):
        return STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    if isinstance(value, dict):
        return {harmless(key): harmless(item) for key, item in value.items()}
    return [harmless(item) for item in value] if isinstance(value, list) else value


def refuse_steering(data: xr.DataTree) -> None:
    """Raise `ValueError` where a name, a unit or a coordinate holds such a sign.

    Args:
        data: A result.
    """
    for group in data.subtree:
        words = [group.path]
        for name, variable in group.dataset.variables.items():
            words += [str(name), *map(str, variable.dims), *(str(one) for one in variable.attrs.values())]
            if variable.dtype.kind in "OUS":
                words += map(str, variable.values.reshape(-1))
        for word in words:
            if STEERING.search(word):
                raise ValueError(f"control characters in {word!r}")
