"""Numbers that are known before sampling, and others that are known only while a model runs."""

from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from nnft_ppl.arguments import require_positive


def numpy_for(*values: Any) -> ModuleType:
    """NumPy where all values are known, so that what is made of them is made once; else its twin in JAX.

    Args:
        *values: Numbers, arrays, or None.
    """
    return jnp if any(isinstance(one, Tracer) for one in values) else np


def require_known(owner: str, name: str, value: Any) -> None:
    """Refuse what is known only while a model runs.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: The argument.

    Raises:
        TypeError: If it is sampled, or made by jnp inside a model.
    """
    if isinstance(value, Tracer):
        raise TypeError(
            f"{owner}: {name} is known only while the model runs, as it was sampled or made by jnp in there; it must "
            "be known before sampling: make it of NumPy arrays and of keywords, with np in place of jnp"
        )


def root_of(owner: str, temperature: Any) -> Any:
    """The root of a temperature, a positive number or a sampled one.

    Args:
        owner: Who asks.
        temperature: T.

    Raises:
        TypeError, ValueError: If it is no positive number, as far as it is known.
    """
    return jnp.sqrt(
        temperature if isinstance(temperature, Tracer) else require_positive(owner, "temperature", temperature)
    )
