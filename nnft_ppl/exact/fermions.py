r"""Fermions of plane waves with Gaussian momenta: determinants at any width, Dirac's propagator, its two-body minor."""

import itertools
import math

import numpy as np
from jaxtyping import ArrayLike, Complex, Float

from nnft_ppl.arguments import require_choice, require_count, require_finite
from nnft_ppl.exact.smooth_cutoff import smooth_cutoff_moment

FERMION_FEATURES = ("complex", "cosine")
"""exp(ikx) exp(−iky), of rank one in x and y; cos k(x − y), of rank two."""
_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def fermion_determinant(x: Float[ArrayLike, " n"], y: Float[ArrayLike, " n"], width: int, features: str) -> float:
    r"""`E det S_N(x_i, y_j)` for `S_N(x, y) = 1/N sum_i s_i(x - y)` with momenta k ~ N(0, 1), at any width N.

    `s_i(z) = exp(i k_i z)` ("complex") or `cos k_i z` ("cosine"); both have `E S_N = exp(-z^2/2)`. The N^n choices of a
    neuron for each row are sorted by which rows share theirs: a partition of the rows into b blocks, that
    `N (N-1) ... (N-b+1)` choices have, whose blocks are averaged each by itself. A block of more rows than the rank of
    `s_i` contributes nothing. Hence of complex features
    `E det S_N = N (N-1) ... (N-n+1)/N^n det S`, and of cosines, of two rows,
    `E det S_N = (1 - 1/N) det S + 1/N [h(x_1-y_1, x_2-y_2) - h(x_1-y_2, x_2-y_1)]`,
    `h(p, q) = [g(p+q) + g(p-q)]/2`, `g(z) = exp(-z^2/2)`.

    Args:
        x: Positions of psi.
        y: Positions of psi-bar, as many; at most 6.
        width: Number N of neurons.
        features: "complex" or "cosine".

    Returns:
        The average, a pure number.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If the points do not fit each other, or there is no such feature.

    Source: derived in docs/theory/fermions.md (the networks are those of arXiv:2511.16741).
    """
    owner = "fermion_determinant"
    require_count(owner, "width", width)
    require_choice(owner, "features", features, FERMION_FEATURES)
    rows, columns = require_finite(owner, "x", x), require_finite(owner, "y", y)
    if rows.ndim != 1 or rows.shape != columns.shape or not 1 <= len(rows) <= 6:
        raise ValueError(f"{owner}: x has shape {rows.shape} and y {columns.shape}; give 1 to 6 positions each")
    number, rank = len(rows), 1 + FERMION_FEATURES.index(features)
    apart = rows[:, None] - columns
    total = 0.0
    for blocks in _partitions(tuple(range(number)), rank):
        choices = math.perm(width, len(blocks)) / width**number
        for order in itertools.permutations(range(number)):
            sign = round(np.linalg.det(np.eye(number)[list(order)]))
            terms = (_neuron_average([apart[row, order[row]] for row in block], features) for block in blocks)
            total += choices * sign * math.prod(terms)
    return total


def _partitions(rows: tuple[int, ...], largest: int) -> list[list[tuple[int, ...]]]:
    """Partitions of rows into blocks of at most so many."""
    if not rows:
        return [[]]
    first, rest = rows[0], rows[1:]
    return [
        [(first, *others), *blocks]
        for size in range(min(largest, len(rows)))
        for others in itertools.combinations(rest, size)
        for blocks in _partitions(tuple(row for row in rest if row not in others), largest)
    ]


def _neuron_average(apart: list[float], features: str) -> float:
    """E Π_r s(z_r) of one neuron."""
    if features == "complex":
        return math.exp(-(sum(apart) ** 2) / 2)
    signs = itertools.product((1, -1), repeat=len(apart))
    return float(np.mean([math.exp(-(np.dot(one, apart) ** 2) / 2) for one in signs]))


def gamma_matrices(dim: int) -> Complex[np.ndarray, "dim spinor spinor"]:
    r"""Euclidean Dirac matrices, Hermitian with `gamma_a gamma_b + gamma_b gamma_a = 2 delta_ab`.

    The number 1 in d = 1, Pauli's matrices in d = 2 and 3, and in d = 4 the chiral ones, with blocks off the diagonal.

    Args:
        dim: Dimension d of space, 1 to 4.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is out of range.

    Source: textbook.
    """
    require_count("gamma_matrices", "dim", dim, most=4)
    if dim == 1:
        return np.ones((1, 1, 1), complex)
    if dim < 4:
        return _PAULI[:dim]
    upper = np.concatenate([-1j * _PAULI, np.eye(2)[None]])
    zero = np.zeros((2, 2))
    return np.array([np.block([[zero, one], [one.conj().T, zero]]) for one in upper])


def dirac_propagator(
    x: Float[ArrayLike, "*shape dim"], mass: float, cutoff: float
) -> Complex[np.ndarray, "*shape spinor spinor"]:
    r"""Dirac's propagator `S(x) = int d^dp/(2 pi)^d exp(ip.x - p^2/(2 cutoff^2)) (m - i pslash)/(p^2 + m^2)`.

    `S = (m - gamma.d) G = m G_d(|x|) + 2 pi xslash G_{d+2}(|x|)`, with the scalar's propagator G_d of the same cut-off
    in d dimensions. In d = 1 it is the step `theta(t) exp(-m t)`, smeared over 1/cutoff: at t = 0, where the integral
    over p converges conditionally, it goes to 1/2.

    Args:
        x: Separations, in units 1/mass.
        mass: Positive.
        cutoff: Positive.

    Returns:
        Units mass^(d-1); spinors have 1, 2, 2, 4 components in d = 1, 2, 3, 4.

    Raises:
        ValueError: If an argument lies outside the ranges above.

    Source: derived in docs/theory/fermions.md.
    """
    places = require_finite("dirac_propagator", "x", x)
    gamma = gamma_matrices(places.shape[-1])
    dim, distance = len(gamma), np.linalg.norm(places, axis=-1)
    scalar, gradient = (smooth_cutoff_moment(distance, one, mass, cutoff, 1.0) for one in (dim, dim + 2))
    slashed = np.tensordot(places, gamma, 1)
    return mass * scalar[..., None, None] * np.eye(gamma.shape[1]) + 2 * math.pi * gradient[..., None, None] * slashed


def dirac_minor(
    x: Float[ArrayLike, "2 dim"], y: Float[ArrayLike, "2 dim"], width: int, mass: float, cutoff: float
) -> complex:
    r"""`E[S_00(x1, y1) S_ss(x2, y2) - S_0s(x1, y2) S_s0(x2, y1)]` of a network of N neurons; s = 1, in d = 1 it is 0.

    Neuron i adds `M(p_i) exp(ip_i.(x-y))/N` with `p ~ N(0, cutoff^2)` on every axis and
    `M(p) = (cutoff^2/2 pi)^(d/2) (m - i pslash)/(p^2 + m^2)`. Pairs of different neurons give `1 - 1/N` times the minor
    of the propagator; one neuron twice gives `1/N E[(M_00 M_ss - M_0s M_s0) exp(ip.z)]`, z = x1 + x2 - y1 - y2, which
    is zero in d = 1 alone, where M has rank one. With the scalar's moments I_p (`smooth_cutoff_moment`) it is
    `(cutoff^2/2 pi)^(d/2)` times `I_1(z)` in d = 2, 3 and `m^2 I_2(z)` in d = 4.

    Args:
        x: Points of psi.
        y: Points of psi-bar.
        width: Number N of neurons.
        mass: Positive.
        cutoff: Positive.

    Returns:
        Units mass^(2d-2).

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If points have other shapes, or a number is out of range.

    Source: derived in docs/theory/fermions.md.
    """
    owner = "dirac_minor"
    require_count(owner, "width", width)
    first, second = require_finite(owner, "x", x), require_finite(owner, "y", y)
    if first.ndim != 2 or first.shape != second.shape or len(first) != 2:
        raise ValueError(f"{owner}: x has shape {first.shape} and y {second.shape}; give two points each, (2, dim)")
    dim = first.shape[1]
    values = dirac_propagator(first[:, None] - second, mass, cutoff)
    spin = min(dim - 1, 1)
    apart = values[0, 0, 0, 0] * values[1, 1, spin, spin] - values[0, 1, 0, spin] * values[1, 0, spin, 0]
    if dim == 1:
        return complex((1 - 1 / width) * apart)
    far = float(np.linalg.norm(first.sum(0) - second.sum(0)))
    power = 2 if dim == 4 else 1
    once = (cutoff**2 / (2 * math.pi)) ** (dim / 2) * mass ** (2 * power - 2)
    return complex((1 - 1 / width) * apart + once / width * smooth_cutoff_moment(far, dim, mass, cutoff, power))
