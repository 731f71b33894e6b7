r"""Lie algebras of matrix groups by few generators T of φ -> (1 + εT) φ, whose commutators make the others.

    rotations      so(n)    T^T = -T                                n - 1    of n(n-1)/2
    unitary        u(n)     T^† = -T                                n        of n^2
    symplectic     usp(n)   T^† = -T and T^T Ω + Ω T = 0, n even    n/2 + 1  of n(n+1)/2
    general_linear gl(n)    any real T                              n        of n^2

Ω = [[0, 1], [-1, 0]] in blocks of n/2. What generates a group need only be looked at on its generators: the breaking
function of a commutator is B_[V,W] = V(B_W) - W(B_V).

Source: textbook definitions; that the commutators are all is tested.
"""

import numpy as np
from jaxtyping import Complex, Float

from nnft_ppl.arguments import require_count


def rotations(size: int) -> list[Float[np.ndarray, "size size"]]:
    """Rotations in the planes of neighbours (i, i + 1): T_{i,i+1} = -1, T_{i+1,i} = 1.

    Args:
        size: Number n of components; 1 has no rotation. Matrices have the shape (n, n).

    Example:
        >>> rotations(2)[0].tolist()
        [[0.0, -1.0], [1.0, 0.0]]
    """
    require_count("rotations", "size", size)
    return [_unit(size, i + 1, i) - _unit(size, i, i + 1) for i in range(size - 1)]


def unitary(size: int) -> list[Complex[np.ndarray, "size size"]]:
    """Rotations of neighbours, and the phase of the first component.

    Args:
        size: Number n of components. Matrices have the shape (n, n).
    """
    return [one.astype(complex) for one in rotations(size)] + [1j * _unit(size, 0, 0)]


def symplectic(size: int) -> list[Complex[np.ndarray, "size size"]]:
    """diag(X, X*) for the generators X of u(n/2), and the rotation of the first component and its partner.

    Args:
        size: Number n of components. Matrices have the shape (n, n).

    Raises:
        ValueError: If it is odd.
    """
    if require_count("symplectic", "size", size, least=2) % 2:
        raise ValueError(f"symplectic: size = {size}; give an even number")
    half = size // 2
    zero = np.zeros((half, half))
    inner = [np.block([[one, zero], [zero, one.conj()]]) for one in unitary(half)]
    return [*inner, (_unit(size, 0, half) - _unit(size, half, 0)).astype(complex)]


def general_linear(size: int) -> list[Float[np.ndarray, "size size"]]:
    """The scale of the first component, and the symmetric shears of neighbours.

    Args:
        size: Number n of components. Matrices have the shape (n, n).
    """
    require_count("general_linear", "size", size)
    shears = [_unit(size, i + 1, i) + _unit(size, i, i + 1) for i in range(size - 1)]
    return [_unit(size, 0, 0), *shears]


def symplectic_form(size: int) -> Float[np.ndarray, "size size"]:
    """Ω = [[0, 1], [-1, 0]] in blocks of half the size.

    Args:
        size: Number n of components, even; the matrix has the shape (n, n).
    """
    return np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(size // 2))


def _unit(size: int, row: int, column: int) -> np.ndarray:
    found = np.zeros((size, size))
    found[row, column] = 1.0
    return found
