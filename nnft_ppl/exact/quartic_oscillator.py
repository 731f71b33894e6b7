"""The quartic oscillator by diagonalisation: one-dimensional phi^4 theory on a circle and on the line."""

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import linalg

from nnft_ppl.arguments import require_count, require_finite, require_non_negative, require_positive

_NEGLIGIBLE_LOG_WEIGHT = -32.0


def spectrum(
    coupling: float, mass: float, states: int = 240
) -> tuple[Float[np.ndarray, "state"], Float[np.ndarray, "state state"]]:
    """Energies and position matrix elements of the quartic oscillator.

    `H = p^2/2 + mass^2 x^2/2 + (coupling/24) x^4`, diagonalised in harmonic states of a frequency matched
    to the basis. At 240 states the lower half of the levels is converged to rounding error, the rest is not.

    Args:
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        states: Number of basis states, at least 2.

    Returns:
        Energies in ascending order, shape (states,), units mass, and the symmetric matrix `<i|x|j>` between their
        eigenvectors, shape (states, states), units mass^(-1/2). The sign of each eigenvector is arbitrary.

    Raises:
        TypeError: If `states` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: Rayleigh-Ritz with exact matrix elements; derived here.
    """
    require_non_negative("spectrum", "coupling", coupling)
    require_non_negative("spectrum", "mass", mass)
    if coupling == 0 and mass == 0:
        raise ValueError("spectrum: coupling and mass are both 0, so that nothing is bound; give one that is > 0")
    require_count("spectrum", "states", states, least=2)
    frequency = _basis_frequency(coupling, mass, states)
    # Parity is conserved: two half-size problems are faster and leave the forbidden elements exactly zero.
    even_energies, even_vectors = _parity_levels(0, coupling, mass, frequency, states)
    odd_energies, odd_vectors = _parity_levels(1, coupling, mass, frequency, states)
    ladder = np.sqrt(np.arange(1, states) / (2 * frequency))
    position = np.diag(ladder, 1) + np.diag(ladder, -1)
    even_to_odd = even_vectors.T @ position[::2, 1::2] @ odd_vectors
    elements = np.block(
        [
            [np.zeros((even_energies.size, even_energies.size)), even_to_odd],
            [even_to_odd.T, np.zeros((odd_energies.size, odd_energies.size))],
        ]
    )
    energies = np.concatenate([even_energies, odd_energies])
    order = np.argsort(energies, kind="stable")
    return energies[order], elements[np.ix_(order, order)]


def thermal_two_point(
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    coupling: float,
    mass: float,
    states: int = 240,
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the quartic oscillator on a circle.

    `G(t) = Tr(e^{-(T-t)H} x e^{-tH} x) / Tr e^{-TH}`, extended to all t by `G(t) = G(-t) = G(t + T)`.

    Args:
        separation: Distance t along the circle, any shape, units 1/mass.
        period: Circumference T, positive, units 1/mass; large values tend to the infinite line.
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        states: Number of basis states.

    Returns:
        G at each separation, units 1/mass.

    Raises:
        TypeError: If `states` is not an integer.
        ValueError: If an argument is out of range, or the period is too short for `states` levels.

    Source: Spectral decomposition; derived here.
    """
    return _thermal("thermal_two_point", separation, period, coupling, mass, (1, 1), states)


def thermal_correlator(
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    coupling: float,
    mass: float,
    powers: tuple[int, int],
    states: int = 240,
) -> Float[np.ndarray, "*point"]:
    """Two-point function of powers of the position of the quartic oscillator on a circle.

    `C(t) = Tr(e^{-(T-t)H} x^p e^{-tH} x^q) / Tr e^{-TH}`, disconnected, extended to all t as `thermal_two_point`.

    Args:
        separation: Distance t along the circle, any shape, units 1/mass.
        period: Circumference T, positive, units 1/mass.
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        powers: p and q, whole numbers from 0 to 4.
        states: Number of basis states.

    Returns:
        C at each separation, units mass^(-(p + q)/2).

    Raises:
        TypeError: If `states` or a power is not an integer.
        ValueError: If an argument is out of range, or the period is too short for `states` levels.

    Source: Spectral decomposition; derived here.
    """
    for power in powers:
        require_count("thermal_correlator", "powers", power, least=0, most=4)
    return _thermal("thermal_correlator", separation, period, coupling, mass, powers, states)


def _thermal(
    owner: str,
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    coupling: float,
    mass: float,
    powers: tuple[int, int],
    states: int,
) -> Float[np.ndarray, "*point"]:
    distance = require_finite(owner, "separation", separation)
    require_positive(owner, "period", period)
    energies, position = spectrum(coupling, mass, states)
    excitations = energies - energies[0]
    _check_period(owner, excitations, period)
    flat = np.mod(distance, period).ravel()
    first, second = (np.linalg.matrix_power(position, power) for power in powers)
    late = np.exp(-(period - flat)[:, None] * excitations)
    early = np.exp(-flat[:, None] * excitations)
    partition = np.sum(np.exp(-period * excitations))
    return (np.einsum("ti,ij,tj->t", late, first * second, early, optimize=True) / partition).reshape(distance.shape)


def log_partition(period: float, coupling: float, mass: float, states: int = 240) -> float:
    """Logarithm of the partition function of the quartic oscillator, `ln Tr e^{-TH}`.

    `H = p^2/2 + mass^2 x^2/2 + (coupling/24) x^4`.

    Args:
        period: Inverse temperature T, positive, units 1/mass.
        coupling: At least zero, units mass^3.
        mass: At least zero; positive if the coupling is zero.
        states: Number of basis states.

    Returns:
        The logarithm; `-ln(2 sinh(mass T/2))` at zero coupling.

    Raises:
        TypeError: If `states` is not an integer.
        ValueError: If an argument is out of range, or the period is too short for `states` levels.

    Source: Spectral decomposition; derived here.
    """
    require_positive("log_partition", "period", period)
    energies, _ = spectrum(coupling, mass, states)
    excitations = energies - energies[0]
    _check_period("log_partition", excitations, period)
    return float(-period * energies[0] + np.log(np.sum(np.exp(-period * excitations))))


def free_circle_two_point(
    separation: Float[np.ndarray, "*point"] | float, period: float, mass: float, modes: int | None = None
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the free field on a circle, complete or truncated to its lowest modes.

    All modes: `G(t) = cosh(m(T/2 - t)) / (2 m sinh(mT/2))` for 0 <= t <= T. Truncated to K modes:
    `1/(T m^2) + (2/T) sum_{n=1}^K cos(w_n t)/(w_n^2 + m^2)`, `w_n = 2 pi n/T`.

    Args:
        separation: Distance t along the circle, any shape, continued periodically, units 1/mass.
        period: Circumference T, positive, units 1/mass.
        mass: Positive.
        modes: Number K of pairs of modes above the zero mode, or None for all.

    Returns:
        G at each separation, units 1/mass.

    Raises:
        TypeError: If `modes` is neither None nor an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: Fourier series of the free propagator; derived here.
    """
    owner = "free_circle_two_point"
    distance = require_finite(owner, "separation", separation)
    require_positive(owner, "period", period)
    require_positive(owner, "mass", mass)
    if modes is None:
        wrapped = np.mod(distance, period)
        images = np.exp(-mass * wrapped) + np.exp(-mass * (period - wrapped))
        return np.asarray(images / (-2 * mass * math.expm1(-mass * period)))
    require_count(owner, "modes", modes, least=0)
    frequencies = 2 * math.pi / period * np.arange(1, modes + 1)
    weights = 2 / period / (frequencies**2 + mass**2)
    return np.asarray(np.cos(distance[..., None] * frequencies) @ weights + 1 / (period * mass**2))


def missing_modes_constant(period: float, coupling: float, mass: float, modes: int) -> float:
    """What a field of K modes with its counter-term has too much in ln Z, at first order in the coupling.

    `ln(Z_K / Z_K,free) = ln(Tr e^{-TH} / Tr e^{-TH_0}) + (coupling T/8) G_>(0)^2 + O(coupling^2)`, where
    `G_>(0) = (2/T) sum_{n>K} 1/(w_n^2 + m^2)` and the action is `(coupling/4!) phi^4 + (coupling/4) G_>(0) phi^2`
    integrated over the circle. The term of second order is negative and falls as `1/w_K^3`.

    Args:
        period: Circumference T, positive, units 1/mass.
        coupling: At least zero, units mass^3.
        mass: Positive.
        modes: Number K of pairs of modes above the zero mode.

    Returns:
        `(coupling T/8) G_>(0)^2`, dimensionless and not negative.

    Raises:
        TypeError: If `modes` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived in docs/theory/partition.md.
    """
    require_non_negative("missing_modes_constant", "coupling", coupling)
    missing = free_circle_two_point(0.0, period, mass) - free_circle_two_point(0.0, period, mass, modes=modes)
    return float(coupling * period / 8 * missing**2)


def _check_period(owner: str, excitations: Float[np.ndarray, "state"], period: float) -> None:
    # Levels above the middle are not converged, so their Boltzmann weight must not matter.
    reliable = excitations[excitations.size // 2]
    if -period * reliable > _NEGLIGIBLE_LOG_WEIGHT:
        shortest = -_NEGLIGIBLE_LOG_WEIGHT / reliable
        raise ValueError(
            f"{owner}: period = {period} is too short for {excitations.size} states; give a period >= {shortest:.3g}, "
            "or more states"
        )


@lru_cache(maxsize=32)
def _parity_levels(
    parity: int, coupling: float, mass: float, frequency: float, states: int
) -> tuple[Float[np.ndarray, "level"], Float[np.ndarray, "basis level"]]:
    """Energies and eigenvectors of one parity: a banded problem, since x^4 moves by 0, 2 or 4 quanta."""
    quanta = np.arange(parity, states, 2, dtype=np.float64)
    two_up = np.sqrt((quanta + 1) * (quanta + 2))
    four_up = two_up * np.sqrt((quanta + 3) * (quanta + 4))
    quadratic = (mass**2 - frequency**2) / (4 * frequency)
    quartic = coupling / (96 * frequency**2)
    bands = np.stack(
        [
            (frequency + 2 * quadratic) * (quanta + 0.5) + quartic * (6 * quanta**2 + 6 * quanta + 3),
            (quadratic + quartic * (4 * quanta + 6)) * two_up,
            quartic * four_up,
        ]
    )
    energies, vectors = linalg.eig_banded(bands, lower=True)
    for shared in (energies, vectors):
        shared.flags.writeable = False
    return energies, vectors


def _basis_frequency(coupling: float, mass: float, states: int) -> float:
    """Frequency whose Gaussian minimises the energy of the level in the middle of the lower half.

    With `n = states/4` and `c = coupling/24` the mean energy
    `(n + 1/2)(w + mass^2/w)/2 + c (6 n^2 + 6 n + 3)/(4 w^2)` is least where `w^3 - mass^2 w - q = 0`.
    """
    level = states // 4
    quartic = coupling / 24 * (6 * level**2 + 6 * level + 3) / (level + 0.5)
    return float(np.max(np.roots([1.0, 0.0, -(mass**2), -quartic]).real))
