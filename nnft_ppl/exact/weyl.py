r"""The Weyl anomaly of the string: towers of modes of a worldsheet, their heat traces and their numbers.

A field of helicity s on a surface of metric g = e^{2ω} ĝ has the norm ∫ e^{pω} |f|², p = 2(1 + s), and the heat kernel

    K_ε(x, x) = 1/(4πε) + (1 + 3s) R/(24π) + O(ε),

so that a Weyl variation δω of its modes' flat measure is ½ p · (real components) · Tr(δω e^{−εΔ}), with the sign −1 for
Grassmann numbers. The worldsheet boson has s = 0; a pair of bc ghosts of spin j has s = j − 1 and s = −j.

Source: derived in docs/theory/weyl.md; O. Alvarez, Nucl. Phys. B 216 (1983) 125.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite

TAIL = 40.0
"""Sums over degrees stop where e^{−ελ} is e^{−TAIL}."""


@dataclass(frozen=True)
class Tower:
    """The modes of one field of the worldsheet.

    Example:
        >>> [tower.divergence for tower in string_towers()]
        [1.0, -4.0, 2.0]
    """

    name: str
    """What it is called."""
    helicity: int
    """s: 0 for a scalar, j − 1 for the ghost c, −j for b."""
    components: int = 1
    """Real components: 1, or 2 of a complex field."""
    sign: int = 1
    """1, or −1 of Grassmann numbers, whose measure changes by the inverse."""

    @property
    def power(self) -> int:
        """The p of its norm ∫ e^{pω} |f|², 2(1 + s)."""
        return 2 * (1 + self.helicity)

    @property
    def divergence(self) -> float:
        """What a trace over its modes counts in the divergence of a Weyl flow: sign · components · p/2."""
        return self.sign * self.components * self.power / 2

    @property
    def curvature(self) -> int:
        """The coefficient of R/(24π) in its heat kernel, 1 + 3s."""
        return 1 + 3 * self.helicity


def string_towers(spin: int = 2) -> tuple[Tower, Tower, Tower]:
    """One boson of the worldsheet, and the two ghosts of a spin: 2 for diffeomorphisms.

    Args:
        spin: The spin j of the ghost b, at least 1; c has spin 1 − j.

    Returns:
        The towers of the boson, of c and of b.

    Raises:
        TypeError: If the spin is not an integer.
        ValueError: If it is below 1.
    """
    require_count("string_towers", "spin", spin)
    return Tower("scalar", 0), Tower("c", spin - 1, 2, -1), Tower("b", -spin, 2, -1)


def weyl_breaking(
    traces: Float[ArrayLike, "*shape tower"], dimensions: float, spin: int = 2
) -> Float[ArrayLike, "*shape"]:
    """The breaking function of the Weyl flow of D bosons and their ghosts, B = −(D Tr_0 − 4 Tr_c + 2 Tr_b).

    It is minus the divergence, the sign of amplitudes that shrink as the surface grows. Of the finite parts of exact
    traces it is −(D − 26)/(24π) ∫ √g R δω.

    Args:
        traces: Finite parts of the traces of `string_towers`, shape (*shape, tower); a NumPy or JAX array.
        dimensions: The number D of bosons.
        spin: That of the ghosts.
    """
    scalar, *ghosts = (tower.divergence for tower in string_towers(spin))
    return -(traces @ np.array([dimensions * scalar, *ghosts]))


def critical_dimension(traces: Float[ArrayLike, "*shape tower"], spin: int = 2) -> Float[ArrayLike, "*shape"]:
    """The number of bosons at which the breaking function vanishes, D = (4 Tr_c − 2 Tr_b)/Tr_0 for ghosts of spin 2.

    Of the finite parts of exact traces it is 2(6j² − 6j + 1) with ghosts of spin j: 26.

    Args:
        traces: Finite parts of the traces of `string_towers`, shape (*shape, tower); a NumPy or JAX array.
        spin: That of the ghosts.
    """
    return weyl_breaking(traces, 0.0, spin) / (traces @ np.array([1.0, 0, 0]))


def sphere_spectrum(helicity: int, degree: int) -> tuple[Float[np.ndarray, " level"], Float[np.ndarray, " level"]]:
    """Eigenvalues λ_l = l(l + 1) − s(s + 1), l = |s|, ..., degree, on the unit sphere, and their degeneracies 2l + 1.

    Args:
        helicity: s.
        degree: The highest l.

    Returns:
        Both by level, shape (level,).

    Raises:
        TypeError: If an argument is not an integer.
        ValueError: If the degree is negative.
    """
    s = require_count("sphere_spectrum", "helicity", helicity, least=-(10**6))
    l = np.arange(abs(s), require_count("sphere_spectrum", "degree", degree, least=0) + 1)
    return l * (l + 1.0) - s * (s + 1), 2.0 * l + 1


def sphere_heat_trace(
    helicity: int, epsilon: Float[ArrayLike, "*shape"], degree: int | None = None
) -> Float[np.ndarray, "*shape"]:
    """Tr e^{−εΔ} = Σ_l (2l + 1) e^{−ελ_l} on the unit sphere, zero modes included: 1/ε + (1 + 3s)/3 + O(ε).

    Args:
        helicity: s.
        epsilon: ε, positive, in units of the radius squared.
        degree: The highest l; None for all that count.

    Raises:
        TypeError: If an argument is not a number, or not an integer where it should be.
        ValueError: If ε is not positive.

    Example:
        >>> traces = [float(sphere_heat_trace(tower.helicity, 0.02) - 50) for tower in string_towers()]
        >>> [round(one, 6) for one in traces]
        [0.334672, 1.348058, -1.651942]
    """
    times = require_finite("sphere_heat_trace", "epsilon", epsilon)
    if not (times > 0).all():
        raise ValueError(f"sphere_heat_trace: epsilon = {epsilon}; give positive times")
    if degree is None:
        degree = int(np.sqrt(TAIL / times.min())) + abs(helicity) + 1
    values, numbers = sphere_spectrum(helicity, degree)
    return np.exp(-times[..., None] * values) @ numbers


def sphere_zero_modes(helicity: int) -> int:
    """The number of modes with λ = 0 on the sphere: 2s + 1 for s ≥ 0 (a constant; conformal Killing vectors), else 0.

    Args:
        helicity: s.
    """
    return max(2 * helicity + 1, 0)


def sphere_mode_count(helicity: int) -> float:
    """The number of modes on the sphere, ζ(0) + zero modes with ζ(z) = Σ' (2l + 1) λ_l^{−z} continued to z = 0.

    With λ_l = (l + ½)² − (s + ½)² an expansion in the second term gives ζ(0) = 2 ζ_H(−1, l_0 + ½) + (s + ½)² from the
    first degree l_0 with λ > 0; ζ_H(−1, a) = −B_2(a)/2. It is the finite part of `sphere_heat_trace`, s + ⅓.

    Args:
        helicity: s.

    Example:
        >>> [round(sphere_mode_count(tower.helicity), 6) for tower in string_towers()]
        [0.333333, 1.333333, -1.666667]
    """
    first = abs(helicity) + (helicity >= 0) + 0.5
    bernoulli = first**2 - first + 1 / 6
    return -bernoulli + (helicity + 0.5) ** 2 + sphere_zero_modes(helicity)


def finite_part(
    values: Float[ArrayLike, "epsilon *shape"], epsilon: Sequence[float] | Float[ArrayLike, " epsilon"]
) -> Float[np.ndarray, "*shape"]:
    """The value at ε = 0 of the polynomial through values at several ε, their poles taken off: Richardson's limit.

    Args:
        values: At each ε, along the first axis.
        epsilon: Different positive numbers, at least one.

    Raises:
        ValueError: If their numbers differ, or two ε are the same.

    Example:
        >>> times = [0.02, 0.04, 0.08]
        >>> traces = [sphere_heat_trace(tower.helicity, times) - 1 / np.array(times) for tower in string_towers()]
        >>> limits = finite_part(np.transpose(traces), times)
        >>> round(float(critical_dimension(limits)), 3)
        26.0
    """
    places, given = require_finite("finite_part", "epsilon", epsilon), require_finite("finite_part", "values", values)
    if places.ndim != 1 or len(np.unique(places)) != places.size or given.shape[:1] != places.shape:
        raise ValueError(
            f"finite_part: epsilon = {epsilon} and values of shape {given.shape}; give different ε, one for each value"
        )
    own = np.eye(places.size, dtype=bool)
    factors = np.where(own, 1.0, -places / np.where(own, 1.0, places[:, None] - places))
    return np.tensordot(np.prod(factors, axis=1), given, 1)
