"""Complex arrays as pairs of real ones: statistics are those of two real components."""

import numpy as np
from jaxtyping import ArrayLike, Complex, Float, Shaped
from numpy import ndarray

NOISE = 1e-12
"""A part that is smaller than this share of the modulus is the rounding noise of a zero."""
PARTS = ("re", "im")
"""What the two parts are called."""


def in_parts(values: Shaped[ArrayLike, "*shape"]) -> Shaped[ndarray, "..."]:
    """Real and imaginary part along a last axis of length 2; a real array as it is.

    Args:
        values: Real or complex numbers.
    """
    array = np.asarray(values)
    return np.stack([np.real(array), np.imag(array)], axis=-1) if np.iscomplexobj(array) else array


def from_parts(parts: Float[ndarray, "*shape 2"]) -> Complex[ndarray, "*shape"]:
    """The complex array with these parts; NaN or infinity in one of them leaves the other as it is.

    Args:
        parts: Real and imaginary part, shape (*shape, 2).
    """
    values = np.empty(np.shape(parts)[:-1], np.result_type(parts, np.complex64))
    values.real, values.imag = parts[..., 0], parts[..., 1]
    return values


def place_name(name: str, index: tuple[int, ...], *, complex_: bool) -> str:
    """An entry of an array in words, `name[0, 1]`; of `in_parts` of a complex one with its part, `name[0, im]`.

    Args:
        name: The array's.
        index: The entry.
        complex_: Whether its last number says which part.

    Example:
        >>> place_name("current", (2, 1), complex_=True)
        'current[2, im]'
    """
    words = [str(int(one)) for one in index]
    if complex_:
        words[-1] = PARTS[int(index[-1])]
    return f"{name}[{', '.join(words)}]" if words else name


def without_noise_part(series: Shaped[ArrayLike, "chain draw *shape"]) -> Shaped[ArrayLike, "chain draw *shape"]:
    """A complex series with zeros in place of a part that is nothing but rounding; a real one as it is.

    Args:
        series: Draws, shape (chain, draw, *shape).
    """
    if not np.iscomplexobj(series) or not np.size(series):
        return series
    parts = in_parts(series)
    size = np.max(np.abs(parts), axis=(0, 1))
    noise = size <= max(NOISE, 32 * float(np.finfo(parts.dtype).eps)) * np.max(size, axis=-1, keepdims=True)
    return from_parts(np.where(noise, 0.0, parts)) if np.any(noise & (size > 0)) else series
