r"""The neutral Coulomb gas of vortices on a torus of L × L plaquettes: its energy, and the angles around its vortices.

Charges q_p ∈ {−1, 0, 1}, Σ q_p = 0, and their dipole moment P, which on a torus is known up to turns of L; every value
P ≡ Σ_p q_p x_p (mod L) is a sector, the winding sectors of the angle. With K = 1/(2πb²) the weight is

$$y^{\sum |q|} \exp\Big[\tfrac{1}{b^2} \sum_{p<p'} q_p q_{p'} \ln(r_{pp'} + 1)
   - \tfrac K2 \Big(\tfrac{2\pi}{L}\Big)^2 P^2\Big],
\qquad r = \tfrac L\pi \Big(\sin^2 \tfrac{\pi\,\delta x}{L} + \sin^2 \tfrac{\pi\,\delta y}{L}\Big)^{1/2}$$

The second term is the energy (K/2) Σ h² of the uniform part h_x = 2πP_y/L², h_y = −2πP_x/L² of the gradient of the
angle, which without it would not close around the torus. A twist of the boundary shifts P, and so
Υ/T = K − K² (2π/L)² ⟨P_x²⟩.

Source: the gas is that of arXiv:2604.02313 (a_c = 1); the torus, its sectors and the stiffness are derived in
docs/theory/topology.md.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_positive


def bare_stiffness(b: float) -> float:
    """K = 1/(2πb²), the helicity modulus over the temperature of the spin waves alone.

    Args:
        b: Amplitude of the spin waves, positive.

    Raises:
        TypeError, ValueError: If it is not a positive number.
    """
    return 1 / (2 * np.pi * require_positive("bare_stiffness", "b", b) ** 2)


def pair_energies(size: int, b: float) -> Float[ndarray, "size size"]:
    """Energy −ln(r + 1)/b² of two charges +1 by the displacement between them, over the temperature; 0 at r = 0.

    Args:
        size: L, at least 2.
        b: Amplitude of the spin waves, positive.

    Raises:
        TypeError, ValueError: If an argument is out of range.
    """
    size = require_count("pair_energies", "size", size, least=2)
    chord = np.sin(np.pi * np.arange(size) / size) ** 2
    r = size / np.pi * np.sqrt(chord[:, None] + chord)
    return -np.log1p(r) / require_positive("pair_energies", "b", b) ** 2


def gas_action(
    charges: Int[Array, "size size"], dipole: Int[Array, "2"], b: float, fugacity: float
) -> Float[Array, ""]:
    """−ln of the weight of a neutral configuration.

    Args:
        charges: q by plaquette.
        dipole: P.
        b: Amplitude of the spin waves.
        fugacity: y, positive.
    """
    size, number = len(charges), jnp.sum(jnp.abs(charges))
    spectrum = np.real(np.fft.fft2(pair_energies(size, b)))  # real, for energies are even
    modes = jnp.fft.fft2(jnp.asarray(charges, float))
    pairs = jnp.sum(spectrum * jnp.abs(modes) ** 2) / (2 * size**2)
    sector = bare_stiffness(b) / 2 * (2 * np.pi / size) ** 2 * jnp.sum(jnp.asarray(dipole) ** 2)
    return pairs + sector - number * np.log(fugacity)


def vortex_angles(charges: Int[ArrayLike, "size size"], dipole: Int[ArrayLike, "2"]) -> Float[Array, "size size"]:
    """The angle θ_v with least energy ½ Σ (Δθ)² around the vortices, at every site, 0 at the first; defined up to 2π.

    Plaquette (x, y) is the one whose corner nearest to the origin is the site (x, y); around it θ_v turns by 2π q.

    Args:
        charges: q by plaquette, neutral.
        dipole: P, equal to Σ q x up to turns of L.
    """
    charges, dipole = jnp.asarray(charges, float), jnp.asarray(dipole, float)
    size = len(charges)
    waves = 2 - 2 * np.cos(2 * np.pi * np.arange(size) / size)
    inverse = -2 * np.pi / np.where(total := waves[:, None] + waves, total, np.inf)
    stream = jnp.real(jnp.fft.ifft2(inverse * jnp.fft.fft2(charges)))  # ∇² s = 2π q
    uniform = 2 * np.pi / size**2 * jnp.array([dipole[1], -dipole[0]])
    along = jnp.roll(stream, 1, axis=1) - stream + uniform[0]  # Δ_x θ
    across = stream - jnp.roll(stream, 1, axis=0) + uniform[1]  # Δ_y θ
    first = jnp.cumsum(along[:, 0]) - along[:, 0]
    return first[:, None] + jnp.cumsum(across, axis=1) - across


def spin_wave_modes(size: int) -> Int[ndarray, "mode 2"]:
    """Wave numbers n ≠ 0 of the spin waves, one of each pair ±n, with |n_j| < L/2; the momenta are 2πn/L.

    Args:
        size: L, at least 3.

    Raises:
        TypeError, ValueError: If it is no whole number of at least 3.
    """
    size = require_count("spin_wave_modes", "size", size, least=3)
    most = (size - 1) // 2
    cube = np.indices((2 * most + 1,) * 2).reshape(2, -1).T - most
    return cube[len(cube) // 2 + 1 :]


def spin_wave_two_point(
    size: int, b: float, width: int, displacements: Float[ArrayLike, "*shape 2"]
) -> Float[ndarray, "*shape"]:
    """⟨exp(i b (θ(x) − θ(0)))⟩ of N spin waves, θ = (A/√N) Σ_j cos(2πn_j·x/L + γ_j) with P(n) ∝ 1/n², exact at every N.

    A²/2 = Σ_n 1/(2π n²) over ± n, so that ⟨θθ⟩ = Σ_n e^{2πi n·x/L}/(2πn²), which is −ln r + constant; the average is
    [Σ_n P(n) J₀((2bA/√N) sin(πn·x/L))]^N, and r^{−b²} at large N.

    Args:
        size: L, at least 3.
        b: Amplitude.
        width: N.
        displacements: x.

    Raises:
        TypeError, ValueError: If an argument is out of range.

    Source: derived in docs/theory/topology.md.
    """
    from scipy.special import j0  # late: SciPy's special functions take time to load

    modes, variance = spin_wave_modes(size), spin_wave_variance(size)
    width = require_count("spin_wave_two_point", "width", width)
    probability = 1 / np.sum(modes**2, axis=1) / (np.pi * variance)
    size_of_one = 2 * b * np.sqrt(2 * variance / width)
    half_angles = np.pi / size * np.asarray(displacements, float) @ modes.T
    return np.sum(probability * j0(size_of_one * np.sin(half_angles)), axis=-1) ** width


def spin_wave_variance(size: int) -> float:
    """⟨θ²⟩ of the spin waves, Σ_n 1/(2πn²) over all wave numbers: the logarithm of the size.

    Args:
        size: L, at least 3.

    Raises:
        TypeError, ValueError: If it is no whole number of at least 3.
    """
    return float(np.sum(1 / np.sum(spin_wave_modes(size) ** 2, axis=1)) / np.pi)
