r"""Bases of the Lie algebras of compact matrix groups: the generators T of φ -> (1 + εT) φ on components.

    rotations   SO(n)    T^T = -T                                n(n-1)/2
    unitary     U(n)     T^† = -T                                n^2
    symplectic  USp(n)   T^† = -T and T^T Ω + Ω T = 0, n even    n(n+1)/2

Each basis is orthogonal in Tr T^†T. Ω = [[0, 1], [-1, 0]] in blocks of n/2.

Source: textbook definitions; the block form of the symplectic algebra follows from them.
"""

import numpy as np
from jaxtyping import Complex, Float

from nnft_ppl.arguments import require_count


def rotations(size: int) -> list[Float[np.ndarray, "size size"]]:
    """Rotations in the planes (i, j), i < j: T_ij = -1, T_ji = 1.

    Args:
        size: Number n of components; 1 has no rotation.

    Example:
        >>> rotations(2)[0].tolist()
        [[0.0, -1.0], [1.0, 0.0]]
    """
    require_count("rotations", "size", size)
    return [_unit(size, j, i) - _unit(size, i, j) for i in range(size) for j in range(i + 1, size)]


def unitary(size: int) -> list[Complex[np.ndarray, "size size"]]:
    """Antihermitian matrices: rotations, i times the symmetric ones, and i on the diagonal.

    Args:
        size: Number n of components.
    """
    return [one.astype(complex) for one in rotations(size)] + [1j * one for one in _symmetric(size)]


def symplectic(size: int) -> list[Complex[np.ndarray, "size size"]]:
    """The matrices [[X, Y], [-Y*, X*]] with X antihermitian and Y symmetric.

    Args:
        size: Number n of components.

    Raises:
        ValueError: If it is odd.
    """
    if require_count("symplectic", "size", size, least=2) % 2:
        raise ValueError(f"symplectic: size = {size}; give an even number")
    half = size // 2
    zero = np.zeros((half, half))
    inner = [np.block([[one, zero], [zero, one.conj()]]) for one in unitary(half)]
    factors = [phase * one for one in _symmetric(half) for phase in (1, 1j)]
    return inner + [np.block([[zero, one], [-one.conj(), zero]]) for one in factors]


def symplectic_form(size: int) -> Float[np.ndarray, "size size"]:
    """Ω = [[0, 1], [-1, 0]] in blocks of half the size.

    Args:
        size: Number n of components, even.
    """
    return np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(size // 2))


def _symmetric(size: int) -> list[np.ndarray]:
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    return [_unit(size, i, i) if i == j else _unit(size, i, j) + _unit(size, j, i) for i, j in pairs]


def _unit(size: int, row: int, column: int) -> np.ndarray:
    found = np.zeros((size, size))
    found[row, column] = 1.0
    return found
