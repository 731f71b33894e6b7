r"""Energies of several states at once, from a matrix of correlators: the generalised eigenvalue problem."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.derived import Derived, cosh_rate
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


def levels(
    name: str, time: Float[ArrayLike, " point"], between: tuple[int, int] = (0, 1), period: float | None = None
) -> Derived:
    r"""Energy differences E_n − E_0 from a matrix of correlators, by the generalised eigenvalue problem.

    $$C(t)\, v_n = \lambda_n\, C(t_0)\, v_n, \qquad E_n - E_0 = \frac{-\ln \lambda_n}{t - t_0}, \qquad\text{or on a
    circle}\qquad \lambda_n = \frac{\cosh (E_n - E_0)(T/2 - t)}{\cosh (E_n - E_0)(T/2 - t_0)}$$

    in ascending order at the means. For as many operators as states, C_ij(t) = Σ_n a_ni a_nj e^{−(E_n − E_0) t}, it is
    exact at any t > t_0; states beyond them make the levels too high, by O(e^{−(E_{N+1} − E_n) t_0}) for t ≤ 2 t_0.
    Operators may be replaced by independent combinations of themselves without any change. NaN where C(t_0) is not
    positive, or an eigenvalue belongs to no level.

    Args:
        name: Observable of shape (point, operator, operator), as `correlator_matrix` gives it.
        time: Its distances t, shape (point,).
        between: Numbers of the points t_0 and t > t_0 among them.
        period: Length T of the circle; None for an open line.

    Returns:
        The derived quantity, of shape (operator,), in inverse units of the time. Its dimension is `NAME.level`.

    Raises:
        TypeError: If the times are not real numbers.
        ValueError: If there are no two such points, or they do not lie on the nearer half of the circle.

    Example:
        >>> times, energies = np.array([0.5, 1.0]), np.array([1.4, 4.9])
        >>> a = np.array([[0.6, 0.1], [0.3, 0.8]])
        >>> matrix = np.stack([a.T @ np.diag(np.exp(-energies * t)) @ a for t in times])
        >>> [f"{level:.4f}" for level in levels("matrix", times)({"matrix": matrix})]
        ['1.4000', '4.9000']

    Source: M. Lüscher, U. Wolff, Nucl. Phys. B 339 (1990) 222; B. Blossier et al., arXiv:0902.1265, eq. (2.8).
    """
    points = require_finite("levels", "time", time)
    try:
        start, end = (float(points[index]) for index in between)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"levels: between = {between!r}; give the numbers of two of the {points.size} times {points}"
        ) from error
    if not start < end:
        raise ValueError(f"levels: between = {between!r} goes from t = {start:g} to {end:g}; give a later one")
    if period is not None and not (start >= 0 and end <= period / 2):
        raise ValueError(f"levels: t = {start:g} and {end:g}; give distances from 0 to half the period, {period / 2:g}")

    def energies(means: dict[str, Any]) -> Array:
        matrix = jnp.asarray(means[name])
        if matrix.ndim != 3 or matrix.shape[1] != matrix.shape[2]:
            raise ValueError(f"levels: {name!r} has shape {matrix.shape}; give (point, operator, operator)")
        early, late = ((matrix[index] + matrix[index].T) / 2 for index in between)
        # In units of each operator's own size: nothing is lost to rounding between φ and φ³.
        size = 1 / jnp.sqrt(jnp.diagonal(early))
        root = jnp.linalg.cholesky(early * size[:, None] * size)
        half = jax.scipy.linalg.solve_triangular(root, late * size[:, None] * size, lower=True)
        whole = jax.scipy.linalg.solve_triangular(root, half.T, lower=True)
        logarithms = -jnp.log(jnp.linalg.eigvalsh((whole + whole.T) / 2)[::-1])
        if period is None:
            return logarithms / (end - start)
        return cosh_rate(logarithms, np.asarray(period / 2 - start), np.asarray(period / 2 - end))

    # One program each for the value and its derivatives, where every step would be one of its own.
    return Derived(jax.jit(energies), (f"{name}.level",))
