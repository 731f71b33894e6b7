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

    Returns:
        The energies, shape (L, L); without units.

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
        charges: q by plaquette, shape (L, L).
        dipole: P, shape (2,).
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
        charges: q by plaquette, neutral, shape (L, L).
        dipole: P, shape (2,), equal to Σ q x up to turns of L.
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


def spin_wave_field(noise: Float[Array, "size size"]) -> Float[Array, "size size"]:
    """The spin waves of all modes at every site, from white noise: Gaussian, ⟨θθ⟩ = Σ_n e^{2πi n·x/L}/(2πn²).

    Args:
        noise: Independent standard normals, one a site, shape (L, L).

    Source: derived in docs/theory/topology.md.
    """
    size = len(noise)
    scales = np.zeros((size, size))
    for modes in (spin_wave_modes(size), -spin_wave_modes(size)):
        scales[tuple(modes.T)] = size / np.sqrt(2 * np.pi * np.sum(modes**2, axis=1))
    return jnp.real(jnp.fft.ifft2(scales * jnp.fft.fft2(noise)))


def spin_wave_two_point(
    size: int, b: float, displacements: Float[ArrayLike, "*shape 2"], width: int | None = None
) -> Float[ndarray, "*shape"]:
    """⟨exp(i b (θ(x) − θ(0)))⟩ of spin waves: of all modes, Gaussian, or of N random ones, exact at every N.

    N neurons are θ = (A/√N) Σ_j cos(2πn_j·x/L + γ_j) with P(n) ∝ 1/n², and A²/2 = Σ_n 1/(2πn²) over ± n gives them the
    ⟨θθ⟩ = Σ_n e^{2πi n·x/L}/(2πn²) = −ln r + constant of the Gaussian field, the limit of large N. The average is
    [Σ_n P(n) J₀((2bA/√N) sin(πn·x/L))]^N, at large N r^{−b²}.

    Args:
        size: L, at least 3.
        b: Amplitude.
        displacements: x, shape (*shape, 2), in units of the spacing.
        width: N; None for all modes.

    Raises:
        TypeError, ValueError: If an argument is out of range.

    Source: derived in docs/theory/topology.md; the neurons are those of arXiv:2604.02313.
    """
    modes = spin_wave_modes(size)
    strengths = 1 / (np.pi * np.sum(modes**2, axis=1))  # ± n together
    sines = np.sin(np.pi / size * np.asarray(displacements, float) @ modes.T)
    if width is None:
        return np.exp(-2 * b**2 * np.sum(strengths * sines**2, axis=-1))
    from scipy.special import j0  # late: SciPy's special functions take time to load

    width, variance = require_count("spin_wave_two_point", "width", width), np.sum(strengths)
    return np.sum(strengths / variance * j0(2 * b * np.sqrt(2 * variance / width) * sines), axis=-1) ** width


def dipole_moment(charges: Int[ArrayLike, "size size"], turn: Int[ArrayLike, "2"]) -> Int[Array, "2"]:
    """P of a sector: Σ q x, brought to within half a turn of zero, and so many turns of L.

    Args:
        charges: q by plaquette, shape (L, L).
        turn: Turns along each axis, shape (2,).
    """
    charges = jnp.asarray(charges)
    size, places = len(charges), np.arange(len(charges))
    moment = jnp.stack([places @ jnp.sum(charges, axis=1), places @ jnp.sum(charges, axis=0)])
    return (moment + size // 2) % size - size // 2 + size * jnp.asarray(turn)
