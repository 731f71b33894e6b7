r"""Waves on a lattice of sites, in continuous time and in steps: frequencies, and correlators at a temperature."""

from typing import Any

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_finite, require_non_negative, require_positive


def lattice_frequency(
    momentum: Float[ArrayLike, "*shape dim"], spacing: float = 1.0, mass: float = 0.0
) -> Float[ndarray, "*shape"]:
    r"""Frequency of a wave, $w_k^2 = m^2 + \frac2{a^2}\sum_j(1-\cos k_ja)$, below the continuum's by $k^4a^2/24w$.

    Args:
        momentum: k, in inverse units of length.
        spacing: a.
        mass: m.

    Returns:
        w_k, in inverse units of time.

    Raises:
        TypeError, ValueError: If an argument is no number or out of range.

    Example:
        >>> print(lattice_frequency([2 * np.pi * 5 / 64], mass=0.5).round(10))
        0.6972499346

    Source: derived in docs/theory/emergent.md.
    """
    k = require_finite("lattice_frequency", "momentum", momentum)
    require_positive("lattice_frequency", "spacing", spacing)
    require_non_negative("lattice_frequency", "mass", mass)
    return np.sqrt(mass**2 + np.sum((2 * np.sin(k * spacing / 2) / spacing) ** 2, axis=-1))


def lattice_potential(sites: int, spacing: float = 1.0, mass: float = 0.0) -> Float[ndarray, "site site"]:
    r"""The matrix $M = m^2 - \Delta_a$ of a ring, $m^2 + 2/a^2$ with $-1/a^2$ for neighbours.

    Args:
        sites: How many, at least 3.
        spacing: a.
        mass: m.

    Returns:
        M, shape (sites, sites).

    Raises:
        TypeError, ValueError: If an argument is no number or out of range.

    Source: definitions; derived in docs/theory/emergent.md.
    """
    require_count("lattice_potential", "sites", sites, least=3)
    require_positive("lattice_potential", "spacing", spacing)
    require_non_negative("lattice_potential", "mass", mass)
    one = np.eye(sites)
    return mass**2 * one + (2 * one - np.roll(one, 1, 0) - np.roll(one, -1, 0)) / spacing**2


def step_frequency(frequency: Float[ArrayLike, "*shape"], time_step: float) -> Float[ndarray, "*shape"]:
    r"""Frequency Ω of a wave in steps ε of activation and learning, $\sin(\Omega\varepsilon/2) = \varepsilon w/2$.

    Args:
        frequency: w ≥ 0, that in continuous time.
        time_step: ε; of 0 it is w.

    Raises:
        TypeError, ValueError: If an argument is no number or out of range, or steps are unstable, ε w ≥ 2.

    Source: derived in docs/theory/emergent.md.
    """
    w = require_finite("step_frequency", "frequency", frequency)
    require_non_negative("step_frequency", "time_step", time_step)
    if not time_step:
        return w
    if np.max(w) * time_step >= 2:
        raise ValueError(
            f"step_frequency: steps of {time_step:g} are unstable at the frequency {np.max(w):.6g}; give steps < "
            f"{2 / np.max(w):.6g}"
        )
    return 2 * np.arcsin(time_step * w / 2) / time_step


def thermal_wave_two_point(
    times: Float[ArrayLike, " time"],
    separations: Float[ArrayLike, " separation"],
    *,
    sites: int,
    spacing: float = 1.0,
    mass: float = 1.0,
    temperature: float = 1.0,
    time_step: float = 0.0,
) -> Float[ndarray, "time separation"]:
    r"""Classical two-point function in time of a ring of sites at a temperature.

    $$\langle\varphi(t,x+r)\,\varphi(0,x)\rangle = \frac1L\sum_k\cos(kr)\,
    \frac{T\cos\Omega_kt}{w_k^2\cos^2(\Omega_k\varepsilon/2)}, \qquad k = \frac{2\pi j}{La},$$

    of states of the density exp(−E_s/T), which steps ε keep; in continuous time, ε = 0, of exp(−E/T).

    Args:
        times: t, whole numbers of steps.
        separations: r, whole numbers of spacings.
        sites: Their number L.
        spacing: a.
        mass: m, positive.
        temperature: T, in units of E = ½ Σ_x (β² + φ M φ).
        time_step: ε.

    Returns:
        In units of the field squared.

    Raises:
        TypeError, ValueError: If an argument is no number or out of range, or steps are unstable.

    Source: derived in docs/theory/emergent.md.
    """
    require_count("thermal_wave_two_point", "sites", sites)
    require_positive("thermal_wave_two_point", "mass", mass)
    require_positive("thermal_wave_two_point", "temperature", temperature)
    known: Any = {"times": times, "separations": separations}
    t, r = (np.atleast_1d(require_finite("thermal_wave_two_point", name, one)) for name, one in known.items())
    k = 2 * np.pi * np.arange(sites) / (sites * spacing)
    w = lattice_frequency(k[:, None], spacing, mass)
    omega = step_frequency(w, time_step)
    variance = temperature / (w * np.cos(omega * time_step / 2)) ** 2
    return np.cos(np.outer(t, omega)) @ (variance[:, None] * np.cos(np.outer(k, r))) / sites
