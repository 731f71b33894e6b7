"""Null directions of measured linear maps, to rounding, in the simplest form that they have, and in words."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float
from numpy import ndarray

LARGEST_DENOMINATOR = 24
"""Coefficients that are no fraction with at most this are written as decimals."""
SIMPLE = 1e-7
"""Coefficients below this share of the largest are zero."""
FRACTION = 1e-9
"""Coefficients this near to a fraction are that."""
ROWS = 64
"""Rows of a matrix that are factorised together."""
LARGEST_WHOLE = 1000
"""Fractions are cleared where no whole number beyond this comes of it."""


def null_within(
    matrix: Float[ndarray, "row field"],
    size: Float[ndarray, "field"],
    subspace: Float[ndarray, "field direction"],
    tolerance: float,
) -> Float[ndarray, "field null"]:
    """The directions of a subspace in which every row of a matrix vanishes.

    Columns are measured in units of the terms that should cancel in them, so that what is left is rounding or is not.

    Args:
        matrix: What each field does in every draw.
        size: Root mean square of the terms of each column, before they cancel.
        subspace: Directions among the fields, as columns.
        tolerance: The largest singular value per draw, in those units, that is rounding.

    Returns:
        A basis of them as columns, in reduced echelon form.
    """
    if not subspace.shape[1]:
        return subspace
    scale = size @ np.abs(subspace)
    scale = np.where(scale > 0, scale, 1.0)
    values, right = singular(matrix @ subspace / scale / math.sqrt(len(matrix)))
    rank = int(np.sum(values > tolerance))
    return echelon(subspace @ (right[rank:] / scale).T, size)[0]


def singular(matrix: Float[ndarray, "row field"]) -> tuple[Float[ndarray, "value"], Float[ndarray, "field field"]]:
    """Singular values, descending, and all right singular vectors as rows, of a matrix of very many rows."""
    fields = matrix.shape[1]
    block = max(ROWS, 4 * fields)
    while len(matrix) > block:  # many small factorisations: a tall one would wait for busy cores
        whole = np.pad(matrix, ((0, -len(matrix) % block), (0, 0)))
        matrix = np.linalg.qr(whole.reshape(-1, block, fields), mode="r").reshape(-1, fields)
    _, values, right = np.linalg.svd(np.linalg.qr(matrix, mode="r"), full_matrices=True)
    return values, right


def echelon(
    directions: Float[ndarray, "field direction"], size: Float[ndarray, "field"]
) -> tuple[Float[ndarray, "field direction"], list[int]]:
    """The same space in reduced echelon form, and the field that leads each direction.

    Args:
        directions: Independent directions as columns.
        size: Of each field: a coefficient is as small as the field times it is.
    """
    units = np.where(size > 0, size, 1.0)
    rows = directions.T * units
    leads: list[int] = []
    for column in range(rows.shape[1]):
        at = len(leads)
        if at == len(rows):
            break
        best = at + int(np.argmax(np.abs(rows[at:, column])))
        if abs(rows[best, column]) <= SIMPLE * np.max(np.abs(rows[at:])):
            continue
        rows[[at, best]] = rows[[best, at]]
        rows[at] /= rows[at, column]
        for other in range(len(rows)):
            if other != at:
                rows[other] -= rows[other, column] * rows[at]
        leads.append(column)
    largest = np.max(np.abs(rows), axis=1, keepdims=True, initial=0.0)
    rows = np.where(np.abs(rows) <= SIMPLE * largest, 0.0, rows) / units
    return (rows / rows[np.arange(len(leads)), leads][:, None]).T if leads else rows.T, leads


def modulo(
    directions: Float[ndarray, "field direction"], part: Float[ndarray, "field part"], size: Float[ndarray, "field"]
) -> Float[ndarray, "field rest"]:
    """Directions that make a space of a part of it, in reduced echelon form.

    Args:
        directions: The space.
        part: A part of it.
        size: Of each field, see `echelon`.
    """
    whole, leads = echelon(directions, size)
    taken = set(echelon(part, size)[1])
    return whole[:, [lead not in taken for lead in leads]]


def independent_columns(matrix: Float[ndarray, "row field"], tolerance: float) -> list[int]:
    """The columns that no combination of the columns before them gives.

    Args:
        matrix: Any numbers.
        tolerance: The share of a column that is rounding.
    """
    kept: list[int] = []
    frame = np.zeros((len(matrix), 0))
    for number, column in enumerate(matrix.T):
        size = np.linalg.norm(column)
        rest = column - frame @ (frame.T @ column)
        rest = rest - frame @ (frame.T @ rest)  # what rounding left of the frame
        left = np.linalg.norm(rest)
        if size > 0 and left > tolerance * size:
            kept.append(number)
            frame = np.column_stack([frame, rest / left])
    return kept


def simplest(coefficients: Float[ndarray, "field"]) -> Float[ndarray, "field"]:
    """The multiple of a direction that is written with small whole numbers, if there is one."""
    found = [_fraction(value) for value in coefficients]
    if any(one is None for one in found):
        return coefficients
    fractions = [one for one in found if one is not None]
    times = math.lcm(*(one.denominator for one in fractions))
    whole = [int(one * times) for one in fractions]
    if max(map(abs, whole), default=0) > LARGEST_WHOLE:
        return np.array([float(one) for one in fractions])
    return np.array(whole, float) / max(math.gcd(*whole), 1)


def in_words(coefficients: Float[ndarray, "field"], names: Sequence[str]) -> str:
    """A combination of vector fields as it is written.

    Args:
        coefficients: Of each.
        names: Of each.

    Example:
        >>> in_words(np.array([1.0, -0.25, 0.0]), ["a∂b", "b∂a", "a∂a"])
        'a∂b − 1/4 b∂a'
    """
    text = ""
    for value, name in zip(coefficients.tolist(), names, strict=True):
        if not value:
            continue
        fraction = _fraction(abs(value))
        size = f"{abs(value):.6g}" if fraction is None else str(fraction)
        sign = (" − " if value < 0 else " + ") if text else ("−" if value < 0 else "")
        text += sign + ("" if size == "1" else f"{size} ") + name
    return text or "0"


def _fraction(value: float) -> Fraction | None:
    near = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    return near if abs(float(near) - value) <= FRACTION * max(1.0, abs(value)) else None
