"""Values as plain JSON."""

from collections.abc import Mapping

import numpy as np


def plain_json(value: object) -> object:
    """Arrays, numbers of NumPy and tuples as JSON values; NaN and infinities as None, complex as `{"re", "im"}`."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if hasattr(value, "__array__"):  # of NumPy, JAX or xarray
        return plain_json(np.asarray(value).tolist())
    if isinstance(value, complex):
        return {"re": plain_json(value.real), "im": plain_json(value.imag)}
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
