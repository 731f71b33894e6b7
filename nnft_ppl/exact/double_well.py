"""The quartic oscillator in a double or a tilted well by diagonalisation: phi^4 on a circle at any mass squared."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import linalg

from nnft_ppl.arguments import require_count, require_finite, require_number, require_positive

# What levels weigh less than exp(-36) of the ground state does not show in twelve digits.
_NEGLIGIBLE = 36.0


def well_spectrum(
    coupling: float, mass_squared: float, tilt: float = 0.0, states: int = 160
) -> tuple[Float[np.ndarray, "state"], Float[np.ndarray, "state state"], Float[np.ndarray, "state state"]]:
    """Energies, position and sign of position of a particle in a quartic potential with one well or two.

    `H = p^2/2 + mass_squared x^2/2 + (coupling/24) x^4 + tilt x`, with wells at
    `x = +-sqrt(-6 mass_squared/coupling)` of depth `3 mass_squared^2/(2 coupling)` if `mass_squared < 0` and there is
    no tilt. Diagonalised in harmonic states of a frequency w matched to the basis, between which
    `<m|sign x|n> = psi_m(0) psi_n'(0)/(w (n - m))` for m even and n odd.

    Args:
        coupling: Positive, units mass^3.
        mass_squared: Any sign, units mass^2.
        tilt: Force towards negative x, any sign, units mass^(3/2).
        states: Number of basis states, at least 4. At 160 the levels that matter at moderate temperatures are
            converged to rounding error.

    Returns:
        Energies in ascending order, shape (states,), units mass; `<i|x|j>`, units mass^(-1/2); `<i|sign x|j>`. The
        arrays are read-only.

    Raises:
        TypeError: If `states` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: Rayleigh-Ritz with exact matrix elements; that of the sign from the Wronskian. Derived here.
    """
    owner = "well_spectrum"
    require_positive(owner, "coupling", coupling)
    require_number(owner, "mass_squared", mass_squared)
    require_number(owner, "tilt", tilt)
    require_count(owner, "states", states, least=4)
    return _levels(float(coupling), float(mass_squared), float(tilt), int(states))


def well_two_point(
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    coupling: float,
    mass_squared: float,
    tilt: float = 0.0,
) -> Float[np.ndarray, "*point"]:
    """Two-point function on a circle, disconnected: `G(t) = Tr(e^{-(T-t)H} x e^{-tH} x) / Tr e^{-TH}`.

    Args:
        separation: Distance t along the circle, any shape, units 1/mass.
        period: Circumference T, positive, units 1/mass.
        coupling: Positive, units mass^3.
        mass_squared: Any sign, units mass^2.
        tilt: Force towards negative x, any sign, units mass^(3/2).

    Returns:
        G at each separation, units 1/mass.

    Raises:
        ValueError: If an argument is out of range, or the period is too short.

    Source: Spectral decomposition; derived here.
    """
    return _pairs("well_two_point", separation, period, well_spectrum(coupling, mass_squared, tilt), operator=1)


def well_sign_pairs(
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    coupling: float,
    mass_squared: float,
    tilt: float = 0.0,
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the sign on a circle, `Tr(e^{-(T-t)H} sign(x) e^{-tH} sign(x)) / Tr e^{-TH}`, disconnected.

    Not for t = 0, where it is 1: sums over levels converge slowly near there.

    Args and errors as for `well_two_point`.

    Returns:
        The average, between -1 and 1, at each separation.

    Source: Spectral decomposition; derived here.
    """
    return _pairs("well_sign_pairs", separation, period, well_spectrum(coupling, mass_squared, tilt), operator=2)


def well_sign(period: float, coupling: float, mass_squared: float, tilt: float = 0.0) -> float:
    """Average sign of the position on a circle, `Tr(e^{-TH} sign x) / Tr e^{-TH}`: 0 without a tilt.

    Args:
        period: Circumference T, positive, units 1/mass.
        coupling: Positive, units mass^3.
        mass_squared: Any sign, units mass^2.
        tilt: Force towards negative x, any sign, units mass^(3/2).

    Returns:
        The average, between -1 and 1.

    Raises:
        ValueError: If an argument is out of range, or the period is too short.

    Source: Spectral decomposition; derived here.
    """
    energies, _, sign = well_spectrum(coupling, mass_squared, tilt)
    weights = np.exp(-period * _excitations("well_sign", energies, period))
    return float(np.sum(weights * np.diag(sign)) / np.sum(weights))


def _pairs(
    owner: str,
    separation: Float[np.ndarray, "*point"] | float,
    period: float,
    spectrum: tuple[Float[np.ndarray, "state"], ...],
    operator: int,
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the position (1) or of its sign (2) in the spectrum."""
    distance = require_finite(owner, "separation", separation)
    excitations = _excitations(owner, spectrum[0], period)
    flat = np.mod(distance, period).ravel()
    late, early = np.exp(-(period - flat)[:, None] * excitations), np.exp(-flat[:, None] * excitations)
    partition = np.sum(np.exp(-period * excitations))
    found = np.einsum("ti,ij,tj->t", late, spectrum[operator] ** 2, early, optimize=True)
    return (found / partition).reshape(distance.shape)


def _excitations(owner: str, energies: Float[np.ndarray, "state"], period: float) -> Float[np.ndarray, "state"]:
    """Energies above the ground state, where those that are not converged weigh nothing."""
    require_positive(owner, "period", period)
    excitations = energies - energies[0]
    reliable = excitations[excitations.size // 2]
    if period * reliable < _NEGLIGIBLE:
        raise ValueError(f"{owner}: period = {period} is too short; give a period >= {_NEGLIGIBLE / reliable:.3g}")
    return excitations


@lru_cache(maxsize=32)
def _levels(
    coupling: float, mass_squared: float, tilt: float, states: int
) -> tuple[Float[np.ndarray, "state"], Float[np.ndarray, "state state"], Float[np.ndarray, "state state"]]:
    """What `well_spectrum` returns, read-only: a banded problem, since x^4 moves by at most 4 quanta."""
    frequency = _basis_frequency(coupling, mass_squared, states)
    quanta = np.arange(states + 4)
    step = np.sqrt(quanta[1:] / (2 * frequency))
    # Four states more than are kept, so that no product is cut off.
    position = np.diag(step, 1) + np.diag(step, -1)
    squared = position @ position
    energy = np.diag(frequency * (quanta + 0.5)) + (mass_squared - frequency**2) / 2 * squared
    energy = (energy + coupling / 24 * squared @ squared + tilt * position)[:states, :states]
    bands = np.stack([np.pad(np.diag(energy, -shift), (0, shift)) for shift in range(5)])
    energies, vectors = linalg.eig_banded(bands, lower=True)
    found = (
        energies,
        vectors.T @ position[:states, :states] @ vectors,
        vectors.T @ _sign(frequency, states) @ vectors,
    )
    for shared in found:
        shared.flags.writeable = False
    return found


def _sign(frequency: float, states: int) -> Float[np.ndarray, "state state"]:
    """Sign of position in the harmonic states, from their values and slopes at zero."""
    value, slope = np.zeros(states), np.zeros(states)
    value[0] = (frequency / np.pi) ** 0.25
    # psi_n = -sqrt((n-1)/n) psi_{n-2} at zero, and psi_n' = sqrt(2 w n) psi_{n-1} there.
    for n in range(2, states, 2):
        value[n] = -np.sqrt((n - 1) / n) * value[n - 2]
    odd = np.arange(1, states, 2)
    slope[odd] = np.sqrt(2 * frequency * odd) * value[odd - 1]
    quanta = np.arange(states)
    gap = quanta[None, :] - quanta[:, None]
    upper = np.divide(np.outer(value, slope), frequency * gap, out=np.zeros((states, states)), where=gap % 2 == 1)
    return upper + upper.T


def _basis_frequency(coupling: float, mass_squared: float, states: int) -> float:
    """Frequency whose Gaussian minimises the energy of the level states/4, as for the quartic oscillator."""
    level = states // 4
    quartic = coupling / 24 * (6 * level**2 + 6 * level + 3) / (level + 0.5)
    return float(np.max(np.roots([1.0, 0.0, -mass_squared, -quartic]).real))
