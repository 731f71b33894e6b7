"""What a model returns: one field, or a tuple or a dict of fields."""

from collections.abc import Callable
from typing import Any

import jax

from nnft_ppl.theory.reading import ModelError


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
    """Keys of a dict of fields, positions of a tuple of fields, None for one field."""
    if isinstance(returned, dict):
        return tuple(returned)
    return tuple(range(len(returned))) if isinstance(returned, tuple) else None


def named_fields(returned: Any) -> dict[str, Callable]:
    """Every field by the name that it is stored under: `field` where there is one, else `field.NAME`.

    Args:
        returned: What the model returned: a field, or a tuple or dict of fields.
    """
    names = field_names(returned)
    return {"field": returned} if names is None else {f"field.{str(name).lower()}": returned[name] for name in names}
