"""Values as text: `0.3570(7)`."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy import ndarray

ROUNDING = 1e-12
"""A number smaller than this share of its scale is the rounding noise of a zero."""


def format_value(value: complex, error: complex) -> str:
    """A value with its error in brackets, in units of the last digit shown: `0.3570(7)`.

    The error is rounded to one digit, or to two if its first digit is 1 or both stand before the decimal point:
    `0.357(12)`, `12.3(1.4)`, `1234(56)`, `-1.20(3)e-05`. Without error the value has six digits; an error that is not
    finite prints as `0.357(?)`. Of a complex value each part has its own, `0.125(3) − 0.092(4)i`.

    Args:
        value: The value; complex, it is printed with both parts, whatever they are.
        error: Its standard error, not negative; of a complex value those of real and imaginary part as its parts.

    Raises:
        ValueError: If the error is negative.
    """
    if np.iscomplexobj(value):
        return _format_complex(complex(value), complex(error))
    real = float(value.real)
    return _format_real(without_noise(real, float(error.real)).real, float(error.real))


def _format_real(value: float, error: float) -> str:
    """A real value; without error with six digits."""
    if error < 0:
        raise ValueError(f"format_value: error = {error}; give a standard error >= 0")
    if not (np.isfinite(value) and np.isfinite(error)):
        return f"{value:.6g}(?)"
    if error == 0:
        return f"{value:.6g}"
    leading, first_digit = _decimal_exponent(error), f"{error:.15e}"[0]
    decimals = (1 if first_digit == "1" else 0) - leading
    exponent = _decimal_exponent(max(abs(round(value, decimals)), error))
    if -5 < exponent < 6:
        return _digits(value, error, max(decimals, 0), 0)
    return f"{_digits(value, error, max(decimals + exponent, 0), exponent)}e{exponent:+03d}"


def _format_complex(value: complex, error: complex) -> str:
    """Both parts; they share the scale against which a part is rounding noise."""
    real, imaginary = without_noise(value, abs(value)).real, without_noise(value, abs(value)).imag
    sign = "−" if imaginary < 0 else "+"
    return f"{format_value(real, error.real)} {sign} {format_value(abs(imaginary), error.imag)}i"


def without_noise(value: complex, scale: float) -> complex:
    """The value, or 0 where it is rounding noise beside the scale: cancellations leave −8e−16 of an exact zero.

    Beside large numbers, of a quantity that grows along an axis, say, a number of order one is no noise: scales above 1
    count as 1. Of a complex value each part.

    Example:
        >>> without_noise(-8.2e-16, scale=0.35), without_noise(-8.2e-16, scale=1e-15)
        (0.0, -8.2e-16)
        >>> without_noise(0.43, scale=1e15)
        0.43
    """
    if np.iscomplexobj(value):
        return complex(without_noise(value.real, scale).real, without_noise(value.imag, scale).real)
    return 0.0 if abs(value) < ROUNDING * min(scale, 1.0) else value


def _decimal_exponent(number: float) -> int:
    """The power of ten of a number's first digit; 15 digits, lest 0.001 count as 0.000999."""
    return int(f"{number:.15e}".split("e")[1])


def _digits(value: float, error: float, decimals: int, exponent: int) -> str:
    """Value and bracketed error over 10^exponent; a rounded error of 1 or more keeps its decimal point."""
    scaled_value, scaled_error = (Decimal(repr(number)).scaleb(-exponent) for number in (value, error))
    rounded = round(scaled_error, decimals)
    bracket = f"{rounded:f}" if rounded >= 1 else f"{rounded.scaleb(decimals):.0f}"
    return f"{scaled_value:.{decimals}f}({bracket})"


def format_values(value: ndarray, error: ndarray) -> str:
    """Values with errors of any shape, in nested brackets: `[0.357(1), 0.178(2)]`.

    Args:
        value: The values.
        error: Their standard errors, of the same shape.
    """
    if value.ndim == 0:
        return format_value(value.item(), error.item())
    return "[" + ", ".join(format_values(v, e) for v, e in zip(value, error, strict=True)) + "]"


def places_along(
    coordinates: Mapping[str, Sequence[float] | Sequence[str] | ndarray],
) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every index of an array with its coordinates in words.

    Args:
        coordinates: Of each dimension in turn, by its name.

    Example:
        >>> list(places_along({"r": [0.5, 1.0]}))
        [((0,), 'r=0.5'), ((1,), 'r=1')]
    """
    for index in np.ndindex(*(len(values) for values in coordinates.values())):
        yield index, place_words({dim: values[i] for (dim, values), i in zip(coordinates.items(), index, strict=True)})


def place_words(labels: Mapping[str, Any]) -> str:
    """Coordinates of one place in words.

    Args:
        labels: Dimension -> its coordinate there: a number, a text or a truth value.

    Example:
        >>> place_words({"amplitude": "pair", "r": 0.5})
        'amplitude=pair, r=0.5'
    """
    return ", ".join(f"{dim}={_short(value)}" for dim, value in labels.items())


def _short(value: Any) -> str:
    return str(value) if isinstance(value, str | bool | int | np.bool_ | np.integer) else f"{value:g}"


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """A table as lines of text; its first columns, `words` of them, are text, the others numbers."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    aligned = (
        [cell.ljust(width) if column < words else cell.rjust(width) for column, (cell, width) in enumerate(pairs)]
        for pairs in (zip(line, widths, strict=True) for line in lines)
    )
    return "\n".join("  ".join(cells).rstrip() for cells in aligned)
