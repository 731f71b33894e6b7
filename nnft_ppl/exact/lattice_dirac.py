"""Energies and thermal correlations of Dirac's equation on a lattice, in closed form."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import ArrayLike, Complex, Float


def dirac_energy(
    wave_number: Float[ArrayLike, "*shape axis"], spacing: float = 1.0, mass: float = 0.0, wilson: float = 0.0
) -> Float[np.ndarray, "*shape"]:
    r"""The energy of a wave, of which there is one of each sign.

    $$E = \sqrt{\sum_j\frac{\sin^2k_ja}{a^2} + \Big(m+\frac ra\sum_j(1-\cos k_ja)\Big)^2},$$

    that is $\sqrt{k^2+m^2} - \sum_ja^2k_j^4/6E + O(a^4)$ at r = 0. In a constant potential A it is that of k + A.

    Args:
        wave_number: k along each axis, shape (*shape, axis), in units of 1/length.
        spacing: a.
        mass: m.
        wilson: r.

    Example:
        >>> print(dirac_energy([[0.0], [np.pi]], mass=0.3))  # a doubler
        [0.3 0.3]

    Source: derived in docs/theory/dirac.md.
    """
    phase = np.asarray(wave_number) * spacing
    heavy = mass + wilson / spacing * np.sum(1 - np.cos(phase), axis=-1)
    return np.sqrt(np.sum(np.sin(phase) ** 2, axis=-1) / spacing**2 + heavy**2)


def cayley_frequency(energy: Float[ArrayLike, "*shape"], time_step: float) -> Float[np.ndarray, "*shape"]:
    """Ω of steps of Cayley's, tan(Ω dt/2) = E dt/2.

    Args:
        energy: E, any shape.
        time_step: Their duration dt.

    Source: derived in docs/theory/dirac.md.
    """
    return 2 / time_step * np.arctan(np.asarray(energy) * time_step / 2)


def thermal_dirac_two_point(
    time: Float[ArrayLike, " time"],
    separation: Float[ArrayLike, " separation"],
    *,
    sites: int | Sequence[int],
    spacing: float,
    mass: float,
    wilson: float,
    time_step: float,
    temperature: float,
    charge_weight: float,
    link: float = 0.0,
    dim: int = 1,
) -> Complex[np.ndarray, "time separation"]:
    r"""Half the trace of ⟨ψ(t, x+r) ψ†(0, x)⟩ in the density exp(−ψ†(H+ν)ψ/T), r on the first axis.

    $$\frac T{2L^d}\sum_k e^{ikr}\Big(\frac{e^{-i\Omega t}}{\nu+E}+\frac{e^{i\Omega t}}{\nu-E}\Big)$$

    with tan(Ω dt/2) = E dt/2.

    Args:
        time: t.
        separation: r, whole numbers of spacings.
        sites: L along each axis, one for all of them or one for each.
        spacing: a.
        mass: m.
        wilson: r.
        time_step: Their duration dt.
        temperature: T.
        charge_weight: ν, above all E.
        link: A_1, the same on all links.
        dim: d; that of `sites` if there are several.

    Source: derived in docs/theory/dirac.md.
    """
    shape = [sites] * dim if isinstance(sites, int | np.integer) else list(sites)
    axes = np.meshgrid(*[2 * np.pi * np.arange(one) / (one * spacing) for one in shape], indexing="ij")
    waves = np.stack(axes, axis=-1).reshape(-1, len(shape))
    energy = dirac_energy(waves + link * np.eye(len(shape))[0], spacing, mass, wilson)
    turning = np.exp(-1j * np.multiply.outer(np.asarray(time), cayley_frequency(energy, time_step)))
    at_each = turning / (charge_weight + energy) + turning.conj() / (charge_weight - energy)
    return temperature / 2 * at_each @ np.exp(1j * np.multiply.outer(waves[:, 0], np.asarray(separation))) / len(waves)
