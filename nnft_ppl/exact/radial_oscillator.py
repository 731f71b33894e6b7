"""The O(n) quartic oscillator by radial diagonalisation: n-component phi^4 theory on a circle."""

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import linalg

from nnft_ppl.arguments import require_count, require_finite, require_non_negative, require_positive

# What levels weigh less than exp(-36) of the ground state does not show in twelve digits.
_NEGLIGIBLE = 36.0
_RADIAL_STATES = 64


def angular_degeneracy(components: int, momentum: int) -> int:
    """Number of states of one angular momentum in n dimensions.

    `D_l = C(n+l-1, n-1) - C(n+l-3, n-1)`, the harmonic polynomials of degree l: 1, 2, 2, ... for n = 2, `2l + 1` for
    n = 3, and 1, 1, 0, ... (the two parities) for n = 1.

    Args:
        components: Dimension n, at least 1.
        momentum: Angular momentum l, at least zero.

    Raises:
        TypeError: If an argument is not an integer.
        ValueError: If an argument lies outside the ranges above.
    """
    require_count("angular_degeneracy", "components", components)
    require_count("angular_degeneracy", "momentum", momentum, least=0)
    lower = math.comb(components + momentum - 3, components - 1) if momentum >= 2 else 0
    return math.comb(components + momentum - 1, components - 1) - lower


def radial_spectrum(
    coupling: float, mass: float, components: int, momentum: int, states: int = _RADIAL_STATES
) -> tuple[Float[np.ndarray, "state"], Float[np.ndarray, "state state"], Float[np.ndarray, "state state"]]:
    """Energies of one angular momentum, and the matrix elements of the radius up to the next one.

    `H = p^2/2 + mass^2 r^2/2 + (coupling/24) r^4` in n dimensions, diagonalised in the harmonic states `|k, l>` of a
    frequency w matched to the basis, of energy `w (2k + l + n/2)` and with
    `<k, l+1|r|k, l> = sqrt((k + l + n/2)/w)`, `<k-1, l+1|r|k, l> = -sqrt(k/w)`. With 64 states the lower half of the
    levels is converged to twelve digits.

    Args:
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        components: Dimension n, at least 1.
        momentum: Angular momentum l, at least zero.
        states: Number of radial basis states, at least 2.

    Returns:
        Energies in ascending order, shape (states,), units mass; the radial matrix elements `<i, l+1|r|j, l>` between
        eigenstates, shape (states, states), units mass^(-1/2); `<i, l|r^4|j, l>`, units mass^(-2). The sign of each
        eigenvector is arbitrary, and the same in every call.

    Raises:
        TypeError: If an integer is asked for and not given.
        ValueError: If an argument lies outside the ranges above.

    Source: Rayleigh-Ritz with exact matrix elements; derived in docs/theory/circle.md.
    """
    owner = "radial_spectrum"
    require_non_negative(owner, "coupling", coupling)
    require_non_negative(owner, "mass", mass)
    if coupling == 0 and mass == 0:
        raise ValueError(f"{owner}: coupling and mass are both 0, so that nothing is bound; give one that is > 0")
    require_count(owner, "components", components)
    require_count(owner, "momentum", momentum, least=0)
    require_count(owner, "states", states, least=2)
    frequency = _basis_frequency(coupling, mass, components, states)
    energies, vectors = _levels(coupling, mass, frequency, components, momentum, states)
    _, above = _levels(coupling, mass, frequency, components, momentum + 1, states)
    quanta = np.arange(states)
    radius = np.diag(np.sqrt((quanta + momentum + components / 2) / frequency))
    radius -= np.diag(np.sqrt(quanta[1:] / frequency), 1)
    quartic = _quartic(frequency, components, momentum, states)
    return energies, above.T @ radius @ vectors, vectors.T @ quartic @ vectors


def thermal_vector_two_point(
    separation: Float[np.ndarray, "*point"] | float, period: float, coupling: float, mass: float, components: int
) -> Float[np.ndarray, "*point"]:
    """Two-point function of one component of the O(n) oscillator on a circle.

    `G(t) = Tr(e^{-(T-t)H} x_a e^{-tH} x_a) / Tr e^{-TH}`, the same for every component a, `G(t) = G(-t) = G(t + T)`.
    With `x_a = r u_a` and `sum_{a,m,m'} |<l+1,m'|u_a|l,m>|^2 = A_l`, `A_l = D_l - A_{l-1}`, it is
    `1/(n Z) sum_l A_l sum_ij |<i,l+1|r|j,l>|^2 [e^{-(T-t)E_i - tE_j} + e^{-(T-t)E_j - tE_i}]`.

    Args:
        separation: Distance t along the circle, any shape, units 1/mass.
        period: Circumference T, positive, units 1/mass.
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        components: Number n of components, at least 1.

    Returns:
        G at each separation, units 1/mass.

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If an argument is out of range, or the period is too short.

    Source: Spectral decomposition; derived in docs/theory/circle.md.
    """
    owner = "thermal_vector_two_point"
    distance = require_finite(owner, "separation", separation)
    require_positive(owner, "period", period)
    flat = np.mod(distance, period).ravel()
    lowest = radial_spectrum(coupling, mass, components, 0)[0][0]
    total, partition, strength = np.zeros_like(flat), 0.0, 0
    for momentum in range(_highest_momentum(owner, period, coupling, mass, components) + 1):
        strength = angular_degeneracy(components, momentum) - strength
        energies, radius, _ = radial_spectrum(coupling, mass, components, momentum)
        upper = radial_spectrum(coupling, mass, components, momentum + 1)[0] - lowest
        energies = energies - lowest
        partition += angular_degeneracy(components, momentum) * np.sum(np.exp(-period * energies))
        for time in (flat, period - flat):
            late, early = np.exp(-(period - time)[:, None] * upper), np.exp(-time[:, None] * energies)
            total += strength * np.einsum("ti,ij,tj->t", late, radius**2, early, optimize=True)
    return (total / (components * partition)).reshape(distance.shape)


def thermal_fourth_moment(period: float, coupling: float, mass: float, components: int) -> float:
    """Fourth power of the length of the O(n) oscillator on a circle, `<(x.x)^2> = Tr(e^{-TH} r^4) / Tr e^{-TH}`.

    Args:
        period: Circumference T, positive, units 1/mass.
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        components: Number n of components, at least 1.

    Returns:
        The moment, units mass^(-2).

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If an argument is out of range, or the period is too short.

    Source: Spectral decomposition; derived here.
    """
    owner = "thermal_fourth_moment"
    require_positive(owner, "period", period)
    lowest = radial_spectrum(coupling, mass, components, 0)[0][0]
    total = partition = 0.0
    for momentum in range(_highest_momentum(owner, period, coupling, mass, components) + 1):
        energies, _, quartic = radial_spectrum(coupling, mass, components, momentum)
        weights = angular_degeneracy(components, momentum) * np.exp(-period * (energies - lowest))
        total += float(np.sum(weights * np.diag(quartic)))
        partition += float(np.sum(weights))
    return total / partition


def _highest_momentum(owner: str, period: float, coupling: float, mass: float, components: int) -> int:
    """Angular momentum whose lowest level is the first to weigh nothing."""
    require_count(owner, "components", components)
    levels = radial_spectrum(coupling, mass, components, 0)[0]
    reliable = levels[levels.size // 2] - levels[0]
    if period * reliable < _NEGLIGIBLE:
        raise ValueError(f"{owner}: period = {period} is too short; give a period >= {_NEGLIGIBLE / reliable:.3g}")
    momentum = 0
    while period * (radial_spectrum(coupling, mass, components, momentum)[0][0] - levels[0]) < _NEGLIGIBLE:
        if components == 1 and momentum == 1:
            break
        momentum += 1
    return momentum


@lru_cache(maxsize=256)
def _levels(
    coupling: float, mass: float, frequency: float, components: int, momentum: int, states: int
) -> tuple[Float[np.ndarray, "level"], Float[np.ndarray, "basis level"]]:
    """Energies and eigenvectors of one angular momentum: a banded problem, since r^4 moves by at most 2 quanta."""
    quanta = np.arange(states)
    squared, squared_up = _squared_radius(frequency, components, momentum, states)
    quartic = coupling / 24 * _quartic(frequency, components, momentum, states)
    quadratic = (mass**2 - frequency**2) / 2
    bands = np.zeros((3, states))
    bands[0] = frequency * (2 * quanta + momentum + components / 2) + quadratic * squared + np.diag(quartic)
    bands[1, :-1] = quadratic * squared_up + np.diag(quartic, 1)
    bands[2, :-2] = np.diag(quartic, 2)
    energies, vectors = linalg.eig_banded(bands, lower=True)
    for shared in (energies, vectors):
        shared.flags.writeable = False
    return energies, vectors


def _squared_radius(
    frequency: float, components: int, momentum: int, states: int
) -> tuple[Float[np.ndarray, "state"], Float[np.ndarray, "below"]]:
    """Diagonal of r^2 in the harmonic states, and the diagonal above it."""
    quanta = np.arange(states)
    shift = momentum + components / 2
    return (2 * quanta + shift) / frequency, -np.sqrt(quanta[1:] * (quanta[1:] - 1 + shift)) / frequency


def _quartic(frequency: float, components: int, momentum: int, states: int) -> Float[np.ndarray, "state state"]:
    """The matrix of r^4, from that of r^2 with one state more, so that no product is cut off."""
    diagonal, above = _squared_radius(frequency, components, momentum, states + 1)
    squared = np.diag(diagonal) + np.diag(above, 1) + np.diag(above, -1)
    return (squared @ squared)[:states, :states]


def _basis_frequency(coupling: float, mass: float, components: int, states: int) -> float:
    """Frequency whose Gaussian minimises the energy of the state k = states/4 of no angular momentum.

    With `e = 2k + n/2` the mean energy `e (w + mass^2/w)/2 + (coupling/24) (6k^2 + 3kn + n(n+2)/4)/w^2` is least where
    `w^3 - mass^2 w - q = 0`.
    """
    level = states // 4
    fourth = 6 * level**2 + 3 * level * components + components * (components + 2) / 4
    quartic = coupling / 6 * fourth / (2 * level + components / 2)
    return float(np.max(np.roots([1.0, 0.0, -(mass**2), -quartic]).real))
