"""What a function demands of its arguments, and what it says where one does not do.

Every complaint has one form: where and what, what was given, how to mend it: `Box: points = 3.5; give an integer >= 1`.
`owner` is the class or function that is called, `name` what it calls the argument.
"""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float


def require_count(owner: str, name: str, value: int, least: int = 1, most: int | None = None) -> int:
    """A whole number within bounds.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: The argument.
        least: Smallest value that will do.
        most: Largest value that will do; None for no bound.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it lies outside the bounds.
    """
    wanted = f"give an integer >= {least}" if most is None else f"give an integer from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{owner}: {name} = {value!r}; {wanted}")
    if value < least or (most is not None and value > most):
        raise ValueError(f"{owner}: {name} = {value}; {wanted}")
    return int(value)


def require_number(
    owner: str,
    name: str,
    value: float,
    least: float | None = None,
    *,
    above: float | None = None,
    infinite: bool = False,
) -> float:
    """A real number of Python or NumPy, not an array and not traced.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: The argument.
        least: Smallest number that will do; None for no bound.
        above: Bound that the number itself must exceed; None for none.
        infinite: Whether infinity will do.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is NaN, infinite where that will not do, or out of bounds.
    """
    bound = f" >= {least:g}" if least is not None else f" > {above:g}" if above is not None else ""
    wanted = f"give a number{bound} (it may be infinite)" if infinite else f"give a finite number{bound}"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{owner}: {name} is {type(value).__name__}; give a Python number")
    good = not math.isnan(value) and (infinite or math.isfinite(value))
    if not good or (least is not None and value < least) or (above is not None and value <= above):
        raise ValueError(f"{owner}: {name} = {value}; {wanted}")
    return float(value)


def require_positive(owner: str, name: str, value: float, *, infinite: bool = False) -> float:
    """A number above zero; arguments and errors as for `require_number`."""
    return require_number(owner, name, value, above=0, infinite=infinite)


def require_non_negative(owner: str, name: str, value: float) -> float:
    """A finite number that is zero or more; arguments and errors as for `require_number`."""
    return require_number(owner, name, value, least=0)


def require_choice(owner: str, name: str, value: Any, choices: Any) -> None:
    """One of a few values.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: The argument.
        choices: The values that will do.

    Raises:
        ValueError: If it is none of them.
    """
    if value not in choices:
        raise ValueError(f"{owner}: {name} = {value!r}; give one of {', '.join(map(repr, choices))}")


def require_sign(owner: str, name: str, value: Any, *, zero: bool = False, infinite: bool = False) -> None:
    """Positive entries of an array, as far as they are known: a traced array passes.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: A number or an array, any shape.
        zero: Whether zero will do.
        infinite: Whether infinity will do.

    Raises:
        ValueError: If a known entry is negative, NaN, or zero or infinite where that will not do.
    """
    if isinstance(value, Tracer):
        return
    entries = np.asarray(value)
    if not np.all((entries >= 0 if zero else entries > 0) & (np.isfinite(entries) | infinite)):
        wanted = f"{'' if infinite else 'finite '}numbers {'>=' if zero else '>'} 0"
        raise ValueError(f"{owner}: {name} = {value}; give {wanted}")


def require_finite(owner: str, name: str, value: Any) -> Float[np.ndarray, "*shape"]:
    """A double-precision array of finite numbers.

    Args:
        owner: Who asks.
        name: What the argument is called.
        value: A number or an array of numbers, any shape.

    Returns:
        The same numbers, of the same shape.

    Raises:
        TypeError: If these are not real numbers.
        ValueError: If one is NaN or infinite.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and not np.can_cast(array.dtype, np.float64):
        raise TypeError(
            f"{owner}: {name} has dtype {array.dtype}; give real numbers (take the real part of complex ones)"
        )
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        kind = "NaN" if np.isnan(array).any() else "infinity"
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{owner}: {name} holds {kind}, first at index {bad}; give finite numbers only")
    return array


def require_series(owner: str, name: str, series: Any, least: int = 1) -> Float[np.ndarray, "chain draw *shape"]:
    """A series of draws as a finite double-precision array.

    Args:
        owner: Who asks.
        name: What the series is called.
        series: Real numbers (booleans count as 0 and 1), shape (chain, draw, *shape).
        least: Fewest draws per chain that will do.

    Returns:
        The series, shape (chain, draw, *shape).

    Raises:
        TypeError: If it does not hold real numbers.
        ValueError: If it lacks the chain and draw axes, is empty or too short, or holds NaN or infinity.
    """
    shape = np.shape(series)
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"{owner}: {name} has shape {shape}; give (chain, draw, ...) with no empty axis")
    values = require_finite(owner, name, series)
    if shape[1] < least:
        raise ValueError(f"{owner}: {name} has {shape[1]} draws per chain; give at least {least}")
    return values


def require_log_weights(owner: str, log_weights: Any) -> Float[np.ndarray, "*draws"]:
    """Natural logarithms of weights as a double-precision array of which at least one is finite.

    Args:
        owner: Who asks.
        log_weights: Logarithms up to a common constant, any shape; -inf is a weight of zero.

    Returns:
        The same numbers, of the same shape.

    Raises:
        ValueError: If there are none, or one is NaN or +inf, or all are -inf.
    """
    logs = np.asarray(log_weights, dtype=np.float64)
    if bad := int((np.isnan(logs) | (logs == np.inf)).sum()):
        raise ValueError(
            f"{owner}: log_weights has {bad} of {logs.size} entries NaN or +inf; mend the log densities behind them"
        )
    if not np.isfinite(logs).any():
        raise ValueError(f"{owner}: log_weights has no finite entry, so every draw has weight zero; check the supports")
    return logs


def require_point(owner: str, x: Any, dim: int) -> Array:
    """One point, as an array of shape (dim,).

    Args:
        owner: Who asks.
        x: What it was called with.
        dim: Coordinates of a point.

    Raises:
        ValueError: If it is none, such as several points at once.
    """
    point = jnp.asarray(x)
    if point.shape != (dim,):
        raise ValueError(
            f"{owner}: x has shape {point.shape}; give one point of shape ({dim},), and many points through jax.vmap"
        )
    return point
