"""Plane waves whose time momenta follow Cauchy's law: propagator with a cut-off in space, products at any width."""

import math
from functools import cache
from itertools import combinations

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite, require_positive
from nnft_ppl.exact.neurons import network_moment
from nnft_ppl.exact.propagator import shell_area, spherical_wave
from nnft_ppl.exact.quadrature import momentum_rule


def energy_propagator(
    time: Float[ArrayLike, "*point"],
    dim: int,
    mass: float,
    cutoff: float,
    distance: Float[ArrayLike, "*point"] | float = 0.0,
) -> Float[np.ndarray, "*point"]:
    r"""Two-point function of the free scalar whose spatial momenta alone are cut off.

    `G(t, x) = int_{|p| < cutoff} d^(dim-1)p/(2 pi)^(dim-1) exp(i p.x - E_p |t|)/(2 E_p)`, `E_p = sqrt(p^2 + mass^2)`;
    in one dimension `exp(-mass |t|)/(2 mass)`. All weights of `exp(-E |t|)` are positive: it is reflection positive at
    every cut-off.

    Args:
        time: t, any shape, units 1/mass.
        dim: Number of coordinates, the time among them, 1 to 4.
        mass: Positive.
        cutoff: Radius of the ball of spatial momenta, positive, finite, units of the mass.
        distance: |x|, of a shape that broadcasts with that of the times; 0 in one dimension.

    Returns:
        G, units mass^(dim-2).

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside its range.

    Source: the residue of 1/(k_0^2 + E_p^2); docs/theory/axioms.md.
    """
    owner = "energy_propagator"
    times, places = np.broadcast_arrays(
        np.abs(require_finite(owner, "time", time)), np.abs(require_finite(owner, "distance", distance))
    )
    if dim == 1 and np.any(places):
        raise ValueError(f"{owner}: distance = {distance}, where dim = 1 has no space; give 0")
    energies, weights, momenta = _shells(dim, mass, cutoff, float(np.max(places, initial=0.0)))
    waves = spherical_wave(np.multiply.outer(places, momenta), dim - 1) if dim > 1 else 1.0
    return (np.exp(-np.multiply.outer(times, energies)) * waves) @ (weights / (2 * energies))


def _shells(dim: int, mass: float, cutoff: float, distance: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, weights d^(dim-1)p/(2 pi)^(dim-1), and moduli of spatial momenta."""
    require_count("energy waves", "dim", dim, most=4)
    require_positive("energy waves", "mass", mass)
    require_positive("energy waves", "cutoff", cutoff)
    if dim == 1:
        return np.array([float(mass)]), np.ones(1), np.zeros(1)
    momenta, weights = momentum_rule(mass, cutoff, distance)
    return np.hypot(momenta, mass), shell_area(dim - 1) * weights * momenta ** (dim - 2), momenta


def wave_moment(times: Float[ArrayLike, " factor"], width: float, dim: int, mass: float, cutoff: float) -> float:
    r"""Mean of a product of fields at several times, one point of space, of N waves with Cauchy's time momenta.

    `phi = sum_i w_i cos(k_i t + p_i.x + c_i)`, `w_i^2 = V/(E_p N)`, `V = int_{|p| < cutoff} d^(dim-1)p/(2 pi)^(dim-1)`,
    `p_i` uniform in that ball, `k_i ~ Cauchy(E_p)`, `c_i` uniform. One wave has the moments
    `2^(-n) V^(n/2) sum_s E_p[E_p^(-n/2) exp(-E_p |sum_j s_j t_j|)]` over the signs s of sum zero; those of N are
    `network_moment`.

    Args:
        times: The times, shape (factor,), up to 10 of them.
        width: Number N of waves, or infinity.
        dim: Number of coordinates, 1 to 4.
        mass: Positive.
        cutoff: Radius of the ball of spatial momenta; of no effect in one dimension.

    Returns:
        The mean, units mass^(n (dim-2)/2).

    Raises:
        TypeError, ValueError: If an argument lies outside its range.

    Source: derived in docs/theory/axioms.md.
    """
    places = require_finite("wave_moment", "times", times)
    energies, weights, _ = _shells(dim, mass, cutoff)
    volume = float(np.sum(weights))

    @cache
    def moment(chosen: tuple[int, ...]) -> float:
        size = len(chosen)
        if size % 2:
            return 0.0
        at = places[list(chosen)]
        plus = [sum(at[list(half)]) for half in combinations(range(size), size // 2)]
        waves = np.exp(-np.multiply.outer(energies, np.abs(2 * np.array(plus) - np.sum(at)))).sum(axis=1)
        return 2.0**-size * volume ** (size / 2 - 1) * float(weights @ (energies ** (-size / 2) * waves))

    return network_moment(moment, len(places), width)


def composite_positivity(
    times: Float[ArrayLike, "3"], width: float, dim: int, mass: float, cutoff: float = math.inf
) -> Float[np.ndarray, "2 2"]:
    r"""`M_ij = E[(Theta F_i) F_j]` of `F_1 = phi(t_3)`, `F_2 = phi(t_1) phi(t_2) phi(t_3)`, arguments of `wave_moment`.

    The two-point function is reflection positive at every width. M is not at a small one: among the waves of F_2 is one
    of the effective time t_1 + t_2 - t_3, which may be negative.

    Args:
        times: t_1, t_2, t_3 > 0, shape (3,).
        width: Number N of waves, or infinity.
        dim: Number of coordinates, 1 to 4.
        mass: Positive.
        cutoff: Of the spatial momenta; finite but in one dimension.

    Returns:
        M, symmetric, shape (2, 2).

    Raises:
        TypeError, ValueError: If an argument lies outside its range, or a time is not positive.

    Source: derived in docs/theory/axioms.md.
    """
    at = require_finite("composite_positivity", "times", times)
    if at.shape != (3,) or np.any(at <= 0):
        raise ValueError(f"composite_positivity: times = {at}; give three times > 0")
    functionals = [at[2:], at]
    radius = 1.0 if dim == 1 else cutoff
    return np.array(
        [
            [wave_moment(np.concatenate([-left, right]), width, dim, mass, radius) for right in functionals]
            for left in functionals
        ]
    )
