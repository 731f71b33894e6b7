r"""Two-point functions of several operators of a field on a circle: what levels are found from."""

from collections.abc import Callable, Sequence
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.observable import Field, Observable


class Periodic(Protocol):
    """A circle with a uniform grid, such as `nnft_ppl.spaces.Circle`."""

    @property
    def period(self) -> float:
        """Length of the circle."""
        ...

    def evaluate(self, field: Field, /) -> Float[Array, " points"]:
        """Values of the field on the grid."""
        ...


def correlator_matrix(
    circle: Periodic,
    operators: Sequence[Callable[[Array], Array]],
    time: Sequence[float],
    dims: tuple[str, str, str] = ("time", "operator", "other_operator"),
) -> Observable:
    r"""Two-point functions of several operators of a field on a circle, averaged over translations and reflections.

    $$C_{ij}(t) = \frac1{2T} \int_0^T ds\, \langle O_i(\phi(s))\, [O_j(\phi(s+t)) + O_j(\phi(s-t))] \rangle$$

    computed from the Fourier modes of the operators, so that no separation has to fall on the grid. The grid must
    resolve them: a power p of a field of K modes has harmonics up to pK, and needs more than 2pK points.

    Args:
        circle: Where the field lives.
        operators: Functions of the field's value, such as `lambda phi: phi**3`, with JAX's arrays.
        time: Distances t along the circle, in units of length.
        dims: Names of the dimensions, where there are several such matrices.

    Returns:
        Observable of shape (time, operator, operator), symmetric in the last two, disconnected: it holds the
        vacuum, too, unless the operators are odd.

    Raises:
        TypeError, ValueError: If the times are not finite numbers, or there is no operator.

    Source: derived here (orthogonality of the modes).
    """
    places = require_finite("correlator_matrix", "time", time)
    if not operators:
        raise ValueError("correlator_matrix: operators is empty; give at least one function of the field's value")

    def matrix(field: Field) -> Array:
        values = circle.evaluate(field)
        points = values.shape[0]
        modes = jnp.fft.rfft(jnp.stack([operator(values) for operator in operators]), axis=1) / points
        harmonics = np.arange(modes.shape[1])
        # Every mode but the constant (and the last of an even grid) stands for itself and its conjugate.
        twice = np.where((harmonics == 0) | (2 * harmonics == points), 1.0, 2.0)
        waves = twice * np.cos(2 * np.pi * np.remainder(places[:, None] / circle.period * harmonics, 1.0))
        power = jnp.real(modes[:, None] * jnp.conj(modes[None]))
        return jnp.einsum("tk,ijk->tij", jnp.asarray(waves, power.dtype), power, precision=jax.lax.Precision.HIGHEST)

    return Observable(matrix, dims, {dims[0]: tuple(places.tolist())})
