"""The index of Dirac's operator on a torus with flux, from the overlap of Wilson's on a lattice."""

import math

import numpy as np
from jaxtyping import Complex

from nnft_ppl.arguments import require_count, require_non_negative, require_number
from nnft_ppl.exact.fermions import gamma_matrices

MOST_SITES = 24
"""Sites along an axis up to which the matrix, of 2 size^2 rows, is diagonalised in seconds."""
_SMALLEST = 1e-8


def overlap_index(size: int, flux: int, height: float = 1.0, wilson: float = 1.0) -> int:
    r"""`n_+ - n_- = Tr gamma_5 (1 - D/2) = -1/2 Tr sign(H)`, the number of zero modes of either chirality.

    `D = 1 + gamma_5 sign(H)` is the overlap operator, `H = gamma_5 (D_W - height)` with Wilson's operator D_W of weight
    `wilson` on size x size sites with the constant field strength `F_12 = 2 pi flux/size^2` of `A`, in the covariant
    derivative `d - iA`, and `gamma_5 = -i gamma_1 gamma_2`. The continuum's index is `flux` (Atiyah and Singer). Minus
    twice the index is the super-divergence of the chiral rotation `delta psi = gamma_5 (1 - D/2) psi`,
    `delta psibar = psibar (1 - D/2) gamma_5`: the chiral anomaly, an integer. Without Wilson's term there are four
    fermions of alternating chirality, and the index is 0.

    Args:
        size: Sites along either axis, 2 to 24.
        flux: Flux through the torus over 2 pi, a whole number; of a smooth field, |flux| much below size^2.
        height: Mass between 0 and 2, in units of the inverse spacing, below which modes count as physical.
        wilson: Weight of Wilson's term; 0 for naive lattice fermions.

    Raises:
        TypeError: If `size` or `flux` is no whole number.
        ValueError: If a number is out of range, or H has an eigenvalue of zero, where the index jumps.

    Source: the overlap operator and its exact chiral rotation are textbook; put together in docs/theory/fermions.md.
    """
    require_count("overlap_index", "size", size, least=2, most=MOST_SITES)
    require_count("overlap_index", "flux", abs(flux) if isinstance(flux, int) else flux, least=0, most=size**2 // 2)
    if not 0 < require_number("overlap_index", "height", height, above=0) < 2:
        raise ValueError(f"overlap_index: height = {height}; give a number between 0 and 2")
    require_non_negative("overlap_index", "wilson", wilson)
    first, second = gamma_matrices(2)
    chirality = -1j * first @ second
    operator = _wilson_operator(size, flux, wilson) - height * np.eye(2 * size**2)
    levels = np.linalg.eigvalsh(np.kron(np.eye(size**2), chirality) @ operator)
    if np.min(np.abs(levels)) < _SMALLEST:
        raise ValueError(f"overlap_index: H has an eigenvalue of zero at height = {height}; give another height")
    return round(-np.sum(np.sign(levels)) / 2)


def _wilson_operator(size: int, flux: int, wilson: float) -> Complex[np.ndarray, "row row"]:
    """Wilson's operator in the lattice's units, its rows sorted by site and spinor."""
    first, second = np.divmod(np.arange(size**2), size)
    links = (
        np.exp(2j * math.pi * flux * second / size**2),
        np.where(second == size - 1, np.exp(-2j * math.pi * flux * first / size), 1),
    )
    ahead = (((first + 1) % size) * size + second, first * size + (second + 1) % size)
    operator = 2 * wilson * np.eye(2 * size**2, dtype=complex)
    for gamma, link, onward in zip(gamma_matrices(2), links, ahead, strict=True):
        hop = np.zeros((size**2, size**2), complex)
        hop[np.arange(size**2), onward] = link
        operator -= (np.kron(hop, wilson * np.eye(2) - gamma) + np.kron(hop.conj().T, wilson * np.eye(2) + gamma)) / 2
    return operator
