"""Checks of the arguments that the closed forms share."""

import math

import numpy as np
from jaxtyping import Float


def require_positive(name: str, value: float) -> None:
    """Check that a parameter is finite and positive.

    Args:
        name: what the caller calls the parameter.
        value: the parameter.

    Raises:
        ValueError: if ``value`` is zero, negative, infinite or not a number.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and positive, got {value}.")


def require_non_negative(name: str, value: float) -> None:
    """Check that a parameter is finite and not negative.

    Args:
        name: what the caller calls the parameter.
        value: the parameter.

    Raises:
        ValueError: if ``value`` is negative, infinite or not a number.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and at least zero, got {value}.")


def require_count(name: str, value: int, minimum: int = 1, maximum: int | None = None) -> None:
    """Check that a parameter is a whole number within bounds.

    Args:
        name: what the caller calls the parameter.
        value: the parameter.
        minimum: smallest value allowed.
        maximum: largest value allowed, or None for no bound.

    Raises:
        TypeError: if ``value`` is not an integer.
        ValueError: if ``value`` lies outside the bounds.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r} of type {type(value).__name__}.")
    if value < minimum or (maximum is not None and value > maximum):
        bounds = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
        raise ValueError(f"{name} must be {bounds}, got {value}.")


def finite_array(name: str, value: Float[np.ndarray, "*shape"] | float) -> Float[np.ndarray, "*shape"]:
    """Return a float64 array whose entries are known to be finite.

    Args:
        name: what the caller calls the argument.
        value: a number or an array of numbers, of any shape.

    Returns:
        The same numbers, same shape, as float64.

    Raises:
        ValueError: if an entry is infinite or not a number.
    """
    array = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must hold finite numbers only; remove its infinities and NaNs.")
    return array
