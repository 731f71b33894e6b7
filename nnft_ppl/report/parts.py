"""What is drawn of complex numbers: modulus and phase, or real and imaginary part where a modulus is lost in noise."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.display import ROUNDING
from nnft_ppl.statistics import Estimate

LOST = 3.0
"""Errors below which a modulus is lost in noise: it is biased upwards, and the phase beside it is any."""


class Part(NamedTuple):
    """One real number of a complex one."""

    words: str
    """Its name, with `{}` for the name of the whole."""
    of: Callable[[ndarray], ndarray]
    """Whole -> part."""
    gradient: Callable[[ndarray], tuple[ndarray, ndarray]]
    """Whole -> derivatives of the part by real and imaginary part."""
    pure: bool = False
    """Whether it has no unit, whatever the whole has."""

    def name(self, whole: str) -> str:
        """Its name.

        Args:
            whole: The name of the whole.
        """
        return self.words.format(whole)

    def error(self, one: Estimate) -> Float[ndarray, "*shape"]:
        """Its standard error, by linear propagation.

        Args:
            one: The whole, complex or real.
        """
        if not np.iscomplexobj(one.value):
            return np.asarray(one.error)
        along, across = self.gradient(one.value)
        first, second = along * np.real(one.error), across * np.imag(one.error)
        correlation = 0.0 if one.correlation is None else one.correlation
        return np.sqrt(np.maximum(first**2 + second**2 + 2 * correlation * first * second, 0.0))


def _size(value: ndarray) -> ndarray:
    """The modulus, never quite zero."""
    return np.maximum(np.abs(value), 1e-300)


def _unit(value: ndarray) -> ndarray:
    """The whole divided by its modulus; 0 where that is zero."""
    return value / _size(value)


WHOLE = Part("{}", lambda value: value, lambda value: (np.ones(value.shape), np.zeros(value.shape)))
REAL = Part("Re {}", np.real, lambda value: (np.ones(value.shape), np.zeros(value.shape)))
IMAGINARY = Part("Im {}", np.imag, lambda value: (np.zeros(value.shape), np.ones(value.shape)))
MODULUS = Part("|{}|", np.abs, lambda value: (np.real(_unit(value)), np.imag(_unit(value))))
PHASE = Part(
    "arg {}",
    np.angle,
    lambda value: (-np.imag(_unit(value)) / _size(value), np.real(_unit(value)) / _size(value)),
    pure=True,
)


def parts_of(value: ndarray) -> tuple[Part, ...]:
    """What is drawn of numbers without errors: themselves where they are real, else modulus and phase.

    Args:
        value: The numbers.
    """
    return (MODULUS, PHASE) if np.iscomplexobj(value) else (WHOLE,)


def parts_of_estimate(one: Estimate) -> tuple[Part, ...]:
    """What is drawn of an estimate: both parts where a modulus is zero, or below `LOST` of its errors.

    Args:
        one: The estimate.
    """
    if not np.iscomplexobj(one.value):
        return (WHOLE,)
    size, noise = np.abs(one.value), LOST * np.maximum(np.real(one.error), np.imag(one.error))
    noise = np.maximum(noise, ROUNDING * np.max(np.nan_to_num(size), initial=0.0))
    return (MODULUS, PHASE) if np.all(size > noise) else (REAL, IMAGINARY)


def columns_of(name: str, values: ndarray) -> dict[str, ndarray]:
    """The columns of a table that hold numbers: one, or two of complex ones, `NAME_re` and `NAME_im`.

    Args:
        name: What the numbers are called.
        values: The numbers.
    """
    if not np.iscomplexobj(values):
        return {name: values}
    return {f"{name}_re": np.real(values), f"{name}_im": np.imag(values)}
