r"""Quadratic losses, and matrices of numbers that are known before sampling."""

from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.dynamics.known import require_known

NEARLY = 1e-9
"""By how much a matrix that is meant to be symmetric may miss it, in units of its rows: the loss does not notice."""


@final
class QuadraticLoss:
    r"""The loss $H = \frac12\beta A\beta + \beta B\varphi + \frac12\varphi C\varphi$ with symmetric A and C.

    Args:
        kinetic: A, shape (n, n); zero if None.
        mixed: B; zero if None.
        potential: C; zero if None.

    Raises:
        TypeError: If they are no real numbers, or not known before sampling.
        ValueError: If all are None, one is no square matrix of the others' size, or A or C is not symmetric.

    Example:
        >>> loss = QuadraticLoss(potential=[[2.0, -1.0], [-1.0, 2.0]])
        >>> print(loss(jnp.array([1.0, 1.0]), jnp.zeros(2)))
        1.0
    """

    def __init__(
        self,
        kinetic: Float[ArrayLike, "n n"] | None = None,
        mixed: Float[ArrayLike, "n n"] | None = None,
        potential: Float[ArrayLike, "n n"] | None = None,
    ) -> None:
        given: dict[str, Any] = {"kinetic": kinetic, "mixed": mixed, "potential": potential}
        self.rounding = unit_rounding(*given.values())
        """The relative rounding of the coarsest of the numbers given."""
        known = {name: require_square("QuadraticLoss", name, one) for name, one in given.items() if one is not None}
        if not known:
            raise ValueError("QuadraticLoss: no matrix is given; give kinetic, mixed or potential")
        size = len(next(iter(known.values())))
        for name, one in known.items():
            if len(one) != size:
                raise ValueError(f"QuadraticLoss: {', '.join(known)} have different sizes; give (n, n) each")
            if name != "mixed":
                known[name] = require_symmetric("QuadraticLoss", name, one, "(X + Xᵀ)/2, which is the same loss")
        self.kinetic, self.mixed, self.potential = (known.get(name, np.zeros((size, size))) for name in given)

    def __call__(self, phi: Float[Array, "*shape"], beta: Float[Array, "*shape"]) -> Float[Array, ""]:
        """H(φ, β).

        Args:
            phi: φ, n numbers of any shape.
            beta: β.

        Raises:
            ValueError: If there are not n of each.
        """
        state, bias = jnp.ravel(phi), jnp.ravel(beta)
        size = len(self.potential)
        if state.shape != (size,) or bias.shape != (size,):
            raise ValueError(
                f"QuadraticLoss: phi and beta have {state.size} and {bias.size} entries; the matrices are for {size}"
            )
        half = 0.5 * applied(self.kinetic, bias) + applied(self.mixed, state)
        return jnp.dot(bias, half) + 0.5 * jnp.dot(state, applied(self.potential, state))


def require_square(owner: str, name: str, matrix: Any) -> Float[np.ndarray, "n n"]:
    """A square matrix of known numbers.

    Args:
        owner: Who asks.
        name: What the argument is called.
        matrix: The argument.

    Raises:
        TypeError: If these are no real numbers, or known only while a model runs.
        ValueError: If one is not finite, or it is no square matrix.
    """
    require_known(owner, name, matrix)
    known = require_finite(owner, name, matrix)
    if known.ndim != 2 or known.shape[0] != known.shape[1] or not known.size:
        raise ValueError(f"{owner}: {name} has shape {known.shape}; give a square matrix, (n, n)")
    return known


def require_symmetric(
    owner: str, name: str, matrix: Float[np.ndarray, "n n"], wanted: str = "a symmetric one"
) -> Float[np.ndarray, "n n"]:
    """The symmetric part of a matrix that has hardly another.

    Args:
        owner: Who asks.
        name: What the argument is called.
        matrix: The argument.
        wanted: What to give in its place.

    Raises:
        ValueError: If it is not symmetric.
    """
    crooked = matrix - matrix.T
    if exceeds(crooked, np.abs(matrix), NEARLY):
        raise ValueError(f"{owner}: {name} is not symmetric, by up to {largest(crooked):.3g}; give {wanted}")
    return (matrix + matrix.T) / 2


def exceeds(defect: Float[np.ndarray, "n n"], sizes: Float[np.ndarray, "n n"], relative: float) -> bool:
    """Whether an entry is more than rounding: than a part of the largest sizes in its row and its column, of both.

    One stiff direction says nothing about the others: an entry is measured by what is in its own row and column.

    Args:
        defect: What should be zero.
        sizes: The sum of the moduli of what it is made of, entry by entry.
        relative: The part.
    """
    rows = np.sqrt(np.maximum(np.max(sizes, axis=0), np.max(sizes, axis=1)))
    return bool(np.any(np.abs(defect) > relative * np.outer(rows, rows)))


def largest(matrix: Float[np.ndarray, "n n"]) -> float:
    """The largest modulus of an entry.

    Args:
        matrix: Any.
    """
    return float(np.max(np.abs(matrix)))


def unit_rounding(*numbers: Any) -> float:
    """The relative rounding of the coarsest of several arrays.

    Args:
        *numbers: Arrays of floating point, others, or None.
    """
    kinds = [np.asarray(one).dtype for one in numbers if one is not None and not isinstance(one, Tracer)]
    return max([float(np.finfo(kind).eps) for kind in kinds if kind.kind == "f"], default=float(np.finfo(float).eps))


def applied(matrix: Float[np.ndarray, "n n"], vector: Float[Array, " n"]) -> Float[Array, " n"]:
    """A matrix of numbers times a vector, in the precision of the vector."""
    return jnp.matmul(jnp.asarray(matrix, vector.dtype), vector, precision=jax.lax.Precision.HIGHEST)
