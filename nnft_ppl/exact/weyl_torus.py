r"""A torus with curvature: modes of any helicity in the metric g = e^{2η cos x} on [0, 2π)², and local heat traces.

Along y modes are waves e^{iky}; along x they solve a generalised eigenproblem on the waves |n| ≤ K,

    D†_k e^{(p−2)ω} D_k f = λ e^{pω} f,    D_k = ∂_x − k  (2∂_z̄ e^{iky} = e^{iky} D_k),    ω = η cos x,   p = 2(1 + s),

the Laplacian of helicity s: for s = 0 it is −∂² f = λ e^{2ω} f. Curvature R = 2η cos x · e^{−2ω}.

Source: derived in docs/theory/weyl.md.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh, toeplitz
from scipy.special import iv

from nnft_ppl.arguments import require_choice, require_count, require_finite

TORUS_MEASURES = ("curved", "flat")
"""By which measure δω is averaged over a mode: e^{pω}, in which modes are orthonormal, or 1, which is wrong."""


class TorusModes(NamedTuple):
    """Modes of one tower, for every k = 0, ..., K along y; those of −k are their mirror images.

    With the waves u_n(x) of `nnft_ppl.fields.WaveProducts` a mode is f_i(x) = Σ_n waves[k, n, i] u_n(x), and
    ∫ e^{pω} f_i f_j dx = δ_ij.
    """

    eigenvalues: Float[np.ndarray, "k mode"]
    """λ_i."""
    waves: Float[np.ndarray, "k wave mode"]
    """Their coefficients."""
    frame: Float[np.ndarray, "k wave mode"]
    """The orthogonal matrix M^{½} · waves, M_nm = ∫ e^{pω} u_n u_m: modes in the frame that is that of flat waves at
    η = 0, so that one white noise serves all towers."""
    overlaps: Float[np.ndarray, "k mode mode"]
    """Ω_ij = ∫ e^{pω} δω f_i f_j with δω = cos x; with the flat measure ∫ δω f_i f_j."""

    def flow(self, epsilon: float) -> Float[np.ndarray, "k wave wave"]:
        """The Weyl flow e^{−εΔ/2} Ω e^{−εΔ/2} on white noise, in the frame of flat waves, shape (k, wave, wave).

        Args:
            epsilon: ε, positive.
        """
        damped = self.frame * np.exp(-epsilon / 2 * self.eigenvalues)[:, None, :]
        return damped @ self.overlaps @ np.swapaxes(damped, 1, 2)


@lru_cache(maxsize=16)
def torus_modes(
    helicity: int, eta: float, along_x: int, along_y: int | None = None, measure: str = "curved"
) -> TorusModes:
    """The modes of one helicity on the torus of metric e^{2η cos x}.

    Args:
        helicity: s of the tower.
        eta: η, dimensionless.
        along_x: K, the highest wave along x.
        along_y: The highest k; None for as many.
        measure: One of `TORUS_MEASURES`.

    Raises:
        TypeError: If an argument is no number, or no integer where it should be.
        ValueError: If a number is out of range, or there is no such measure.
    """
    require_finite("torus_modes", "eta", eta)
    require_choice("torus_modes", "measure", measure, TORUS_MEASURES)
    along_x = require_count("torus_modes", "along_x", along_x)
    along_y = along_x if along_y is None else require_count("torus_modes", "along_y", along_y, least=0)
    power, to_waves = 2 * (1 + helicity), _real_waves(along_x)

    def matrix(between: np.ndarray) -> np.ndarray:
        return np.real(to_waves.conj().T @ between @ to_waves)

    mass = matrix(_exponential(power * eta, along_x))
    bend = matrix(_exponential((power - 2) * eta, along_x))
    variation = matrix(_varied(power * eta if measure == "curved" else 0.0, along_x))
    slope = matrix(np.diag(1j * np.arange(-along_x, along_x + 1)))
    size, turn = np.linalg.eigh(mass)
    root = (turn * np.sqrt(size)) @ turn.T
    along = [slope - k * np.eye(len(slope)) for k in range(along_y + 1)]
    solved = [eigh(derivative.T @ bend @ derivative, mass) for derivative in along]
    values, waves = (np.stack(parts) for parts in zip(*solved, strict=True))
    return TorusModes(values, waves, root @ waves, np.swapaxes(waves, 1, 2) @ variation @ waves)


def _real_waves(modes: int) -> np.ndarray:
    """Cosines, 1 and sines in terms of e^{iqx}, q = −K, ..., K: a unitary matrix (exponential, wave)."""
    found, n = np.zeros((2 * modes + 1, 2 * modes + 1), complex), np.arange(1, modes + 1)
    found[modes, modes] = 1
    found[modes + n, modes - n] = found[modes - n, modes - n] = 0.5**0.5
    found[modes + n, modes + n], found[modes - n, modes + n] = -1j * 0.5**0.5, 1j * 0.5**0.5
    return found


def _exponential(strength: float, modes: int) -> np.ndarray:
    """∫ e^{strength cos x} between e^{iqx}/√(2π): Bessel functions I_{q−q'}."""
    return toeplitz(iv(np.arange(2 * modes + 1), strength))


def _varied(strength: float, modes: int) -> np.ndarray:
    """∫ cos x e^{strength cos x} between them, the derivative of these."""
    order = np.arange(2 * modes + 1)
    return toeplitz((iv(np.abs(order - 1), strength) + iv(order + 1, strength)) / 2)


def torus_heat_trace(
    helicity: int, eta: float, epsilon: float, along_x: int, along_y: int | None = None, measure: str = "curved"
) -> float:
    """Tr(cos x · e^{−εΔ}) on the torus: `torus_area_term` + (1 + 3s) ηπ/6 + O(ε).

    Args:
        helicity: s.
        eta: η.
        epsilon: ε, positive.
        along_x: The highest wave along x.
        along_y: The highest k along y; None for as many.
        measure: One of `TORUS_MEASURES`; the flat one gives other numbers (`torus_curvature_term`).

    Raises:
        TypeError, ValueError: As `torus_modes`.

    Example:
        >>> times = (0.06, 0.08, 0.1)
        >>> values = [torus_heat_trace(0, 0.3, one, 24) - torus_area_term(0.3, one) for one in times]
        >>> from nnft_ppl.exact import finite_part
        >>> float(finite_part(values, times).round(4)), round(torus_curvature_term(0.3), 4)
        (0.1571, 0.1571)
    """
    found = torus_modes(helicity, eta, along_x, along_y, measure)
    diagonal = np.diagonal(found.overlaps, axis1=1, axis2=2)
    each = np.sum(diagonal * np.exp(-epsilon * found.eigenvalues), axis=1)
    return float(each[0] + 2 * np.sum(each[1:]))


def torus_plane_flow(
    helicity: int, eta: float, epsilon: float, along_x: int, measure: str = "curved"
) -> Float[np.ndarray, "k wave wave"]:
    """The flow of planes that touch the torus: `TorusModes.flow` to leading order, whose trace is the pole alone.

    The symbol is σ(x, n, k) = cos x · exp(−ε e^{−2ω} (n² + k²)), ordered by Weyl's rule: between e^{inx} and e^{imx}
    stands its Fourier component n − m at (n + m)/2. The sum over all waves is `torus_area_term` up to
    e^{−π²e^{−2|η|}/ε}; on white noise it has nearly the noise of the flow, so that the difference has little.

    Args:
        helicity: s; of no effect but with the flat measure, where the symbol has another factor e^{−pω}.
        eta: η.
        epsilon: ε, positive.
        along_x: The highest wave K along both axes.
        measure: One of `TORUS_MEASURES`.

    Returns:
        The matrices for k = 0, ..., K, shape (k, wave, wave).

    Source: derived in docs/theory/weyl.md.
    """
    n, to_waves = np.arange(-along_x, along_x + 1), _real_waves(along_x)
    x = np.linspace(0, 2 * np.pi, 8 * (along_x + 8), endpoint=False)
    omega = eta * np.cos(x)
    factor = np.cos(x) * (np.exp(-2 * (1 + helicity) * omega) if measure == "flat" else 1.0)
    middle, apart = (n[:, None] + n) / 2, n[:, None] - n
    momentum = middle**2 + np.arange(along_x + 1)[:, None, None] ** 2
    symbol = factor * np.exp(-epsilon * np.exp(-2 * omega) * momentum[..., None])
    between = np.mean(symbol * np.cos(apart[..., None] * x), axis=-1)
    return np.real(to_waves.conj().T @ between @ to_waves)


def torus_area_term(eta: float, epsilon: float, helicity: int = 0, measure: str = "curved") -> float:
    """The pole ∫ √g δω/(4πε) = π I_1(2η)/ε of every trace on the torus, that of its area.

    With the flat measure it is π I_1((2 − p)η)/ε, 0 for the boson.

    Args:
        eta: η.
        epsilon: ε, positive.
        helicity: s, which counts with the flat measure alone.
        measure: One of `TORUS_MEASURES`.
    """
    power = 2.0 if measure == "curved" else -2.0 * helicity
    return float(np.pi * iv(1, power * eta) / epsilon)


def torus_curvature_term(eta: float, helicity: int = 0, measure: str = "curved") -> float:
    """(1 + 3s) ∫ √g R δω/(24π) of the torus with δω = cos x: (1 + 3s) ηπ/6.

    With the flat measure it is larger by I_0(pη) + I_2(pη), p = 2(1 + s).

    Args:
        eta: η.
        helicity: s.
        measure: One of `TORUS_MEASURES`.
    """
    strength = 2 * (1 + helicity) * eta
    wrong = iv(0, strength) + iv(2, strength) if measure == "flat" else 1.0
    return float((1 + 3 * helicity) * eta * np.pi / 6 * wrong)
