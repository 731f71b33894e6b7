r"""Values and features of insertions on one draw: L = φ_0 + Σ_i z_i h_i in the amplitudes z."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from nnft_ppl.observables import Insertion, Observable, Readings, aligned, read_off

DENSE = 16
"""A product of matrices does as many times more in the same time."""


class Features:
    """All insertions of some observables, as linear functions of the amplitudes: read off once.

    Args:
        observables: By name.
        realise: Amplitudes -> what the model returns.
        amplitudes: Where.
    """

    def __init__(self, observables: Mapping[str, Observable], realise: Callable, amplitudes: Array) -> None:
        insertions = list(dict.fromkeys(one for observable in observables.values() for one in observable.insertions))
        if not insertions:
            return
        # Every row of a derivative goes back through all that was read off with it: points not through grids.
        groups = [[one for one in insertions if not one.is_tried], *([one] for one in insertions if one.is_tried)]
        groups = [group for group in groups if group]
        found: list[Readings] = []

        def values(amplitudes: Array) -> list[Array]:
            fields = realise(amplitudes)
            found[:] = [read_off(group, fields) for group in groups]
            return [one.values for one in found]

        numbers, push = jax.linearize(values, amplitudes)
        self._values = jnp.concatenate(numbers)
        self._features = jnp.concatenate(
            [
                derivative_matrix(lambda change, at=at: push(change)[at], own, amplitudes)
                for at, own in enumerate(numbers)
            ]
        )
        starts = np.cumsum([0, *map(len, numbers)])
        self._read = {
            insertion: (start + rows, axes, real)
            for start, one, group in zip(starts[:-1], found, groups, strict=True)
            for insertion, rows, axes, real in zip(group, one.rows, one.axes, one.real, strict=True)
        }

    def table(self, insertions: Sequence[Insertion]) -> tuple[tuple[Array, Array], list[np.ndarray]]:
        """Values and features of all that occurs in some insertions, and which of them are whose, all of one shape.

        Args:
            insertions: Of the observables.
        """
        rows, axes, real = zip(*(self._read[one] for one in insertions), strict=True)
        rows = np.broadcast_arrays(*aligned(rows, axes))
        used, places = np.unique(rows, return_inverse=True)
        table = self._values[used], self._features[used]
        if all(real):
            table = table[0].real, table[1].real
        return table, list(places.reshape(len(rows), *rows[0].shape))

    def of(self, insertions: Sequence[Insertion]) -> list[tuple[Array, Array]]:
        """Values, (*shape), and features, (*shape, amplitude), of insertions.

        Args:
            insertions: Of the observables.
        """
        (values, features), rows = self.table(insertions)
        return [(values[one], features[one]) for one in rows]


def derivative_matrix(push: Callable, values: Array, amplitudes: Array) -> Shaped[Array, "value amplitude"]:
    """The derivative of every value by every amplitude, by rows or by columns, whichever are fewer.

    Args:
        push: Change of the amplitudes -> change of the values, from `jax.linearize`.
        values: Shape (value,), real or complex.
        amplitudes: Shape (amplitude,).

    Source: derived here.
    """
    parts = 2 if jnp.iscomplexobj(values) else 1
    if amplitudes.size <= parts * values.size:
        return jax.vmap(push, out_axes=1)(jnp.eye(amplitudes.size, dtype=amplitudes.dtype))

    def real_parts(tangent: Array) -> Array:
        pushed = push(tangent)
        return jnp.stack([pushed.real, pushed.imag]) if parts == 2 else pushed[None]

    pull = jax.linear_transpose(real_parts, amplitudes)
    units = jnp.eye(parts * values.size, dtype=amplitudes.dtype).reshape(-1, parts, values.size)
    (rows,) = jax.vmap(pull)(units)
    rows = rows.reshape(parts, values.size, -1)
    return rows[0] + 1j * rows[1] if parts == 2 else rows[0]


def inner_products(features: Shaped[Array, "row amplitude"], rows: np.ndarray, pairs: np.ndarray) -> Array:
    """K of pairs of factors, shape (pair, *shape): only of rows that meet, or of all, whichever is less work.

    Args:
        features: h, shape (row, amplitude).
        rows: Which row each entry of each factor is, shape (factor, *shape).
        pairs: Numbers of factors, shape (pair, 2).
    """
    first, second = np.minimum(*(ends := (rows[pairs[:, 0]], rows[pairs[:, 1]]))), np.maximum(*ends)
    met, index = np.unique(first * len(features) + second, return_inverse=True)
    one, other = np.divmod(met, len(features))
    if len(features) ** 2 <= DENSE * len(met):
        products = (features @ features.T)[one, other]
    else:
        products = jnp.sum(features[one] * features[other], axis=1)
    return products[index.reshape(first.shape)]
