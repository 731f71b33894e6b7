r"""A witness: the functional whose v†Mv is farthest below zero in units of its own error, found on some draws.

    M_ij = E[(ΘF_i)* F_j],   q(v) = (v·ΘF)(v·F) of one draw,   E[q] = v†Mv,   z(v) = v†Mv/√(Var(q)/n)

Where z is stationary M v = λ N(v) v with the noise metric N(v) = Cov(m v) of the vectors m v of single draws, m being
the symmetric part of ΘF_i F_j: a generalised eigenvalue problem, solved again with the v that it gave. Its first metric
is that of second moments S. The smallest eigenvalue of an estimated M says nothing by itself, for noise pulls it below
zero in every theory: v must be tested on draws that it was not found on.

Source: derived in docs/theory/reflection.md.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

SWEEPS = 3
"""How often the noise metric is taken anew."""
RIDGE = 1e-3
"""What is added to the noise metric, in units of its mean eigenvalue."""
RANK = 1e-12
"""Directions of second moments below this share of the largest are rounding."""
MOST_DRAWS = 10_000
"""Draws on which the noise metric is found; means are those of all draws."""


def find_witness(
    behind: Float[ndarray, "draw functional"],
    mirrored: Float[ndarray, "draw functional"],
    weights: Float[ndarray, " draw"] | None = None,
    rounding: float = 0.0,
) -> Float[ndarray, " functional"]:
    """The vector v with the lowest z(v) that is found, of unit second moment, v·S v = 1.

    Args:
        behind: Functionals F of every draw, shape (draw, functional).
        mirrored: ΘF of every draw, of the same shape.
        weights: Weights of mean 1, shape (draw,); None for equal ones.
        rounding: Relative rounding error of the values, below which differences of functionals are nothing.

    Returns:
        v; zero where every functional vanishes on all draws.
    """
    w = np.full(len(behind), 1.0) if weights is None else weights
    second = _second_moments(behind, mirrored, w)
    scale = np.sqrt(np.diag(second))
    there = scale > 0
    unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=there)
    variances, directions = np.linalg.eigh(second * np.outer(unit, unit))
    kept = variances > max(RANK, (100 * rounding) ** 2) * variances[-1]
    if not there.any():
        return np.zeros(len(scale))
    basis = unit[:, None] * directions[:, kept] / np.sqrt(variances[kept])
    x, y = behind @ basis, mirrored @ basis
    matrix = x.T @ (w[:, None] * y) / w.sum()
    matrix = (matrix + matrix.T) / 2
    some = slice(None, None, max(1, len(x) // MOST_DRAWS))
    best, lowest = np.zeros(len(matrix)), np.inf
    v = np.linalg.eigh(matrix)[1][:, 0]
    for sweep in range(SWEEPS + 1):
        if (z := _score(x @ v, y @ v, w)) < lowest:
            best, lowest = v, z
        if sweep < SWEEPS:
            v = _sweep(matrix, x[some], y[some], w[some], v)
    found = basis @ best
    largest = found[np.argmax(np.abs(found) * scale)]
    return found * np.sign(largest) / np.sqrt(found @ second @ found)


def _second_moments(behind: ndarray, mirrored: ndarray, weights: ndarray) -> ndarray:
    parts = [one.T @ (weights[:, None] * one) for one in (behind, mirrored)]
    return (parts[0] + parts[1]) / (2 * weights.sum())


def second_moment(vector: ndarray, behind: ndarray, mirrored: ndarray, weights: ndarray | None = None) -> float:
    """S of a functional, ½ E[F² + (ΘF)²].

    Args:
        vector: v.
        behind: Functionals F of every draw, (draw, functional).
        mirrored: ΘF.
        weights: Weights of mean 1; None for equal ones.
    """
    squares = ((behind @ vector) ** 2 + (mirrored @ vector) ** 2) / 2
    return float(np.mean(squares if weights is None else weights * squares))


def _score(one: ndarray, other: ndarray, weights: ndarray) -> float:
    """Mean of the products in units of its error."""
    product = one * other
    mean = np.mean(weights * product)
    error = np.sqrt(np.mean((weights * (product - mean)) ** 2) / len(product))
    return float(mean / error) if error > 0 else 0.0


def _sweep(matrix: ndarray, x: ndarray, y: ndarray, weights: ndarray, v: ndarray) -> ndarray:
    """The lowest eigenvector of M in the noise metric of v."""
    products = (weights / 2)[:, None] * (x * (y @ v)[:, None] + y * (x @ v)[:, None])
    noise = np.cov(products, rowvar=False, ddof=0).reshape(len(v), len(v))
    size = np.trace(noise) / len(v)
    if not size > 0:
        return v
    lower = np.linalg.cholesky(noise + RIDGE * size * np.eye(len(v)))
    inverse = np.linalg.inv(lower)
    found = inverse.T @ np.linalg.eigh(inverse @ matrix @ inverse.T)[1][:, 0]
    return found / np.linalg.norm(found)
