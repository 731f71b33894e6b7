"""A free field on a ring of sites, and the current of two of them, by sums over the momenta of the ring."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_number


def ring_power(
    sites: int, mass_squared: float, neighbour: float = 0.0, power: float = -1.0
) -> Float[ndarray, "site site"]:
    """A power of the operator `D` of the action `S = (1/2) phi D phi` on a ring; the propagator is `D^-1`.

    `D^p_xy = (1/n) sum_k lambda_k^p cos(k (x - y))`, `lambda_k = m^2 + (2 - 2 cos k) + c (2 - 2 cos 2k)`,
    `k = 2 pi j/n`. With `c = 0` the action is `sum_x (phi_{x+1} - phi_x)^2/2 + m^2 phi_x^2/2`.

    Args:
        sites: Number n of sites, at least 3.
        mass_squared: m^2, in units of the inverse spacing squared.
        neighbour: Coupling c of next-nearest neighbours.
        power: p; -1 the propagator, -1/2 the matrix that makes the field of white noise.

    Returns:
        The matrix, symmetric, in units of the spacing to the power -2p.

    Raises:
        TypeError, ValueError: If an argument is not a number or out of range, or D is not positive.

    Source: Fourier sums; derived in docs/theory/symmetries.md.
    """
    require_count("ring_power", "sites", sites, least=3)
    require_number("ring_power", "mass_squared", mass_squared)
    require_number("ring_power", "neighbour", neighbour)
    momenta = 2 * np.pi * np.arange(sites) / sites
    spectrum = mass_squared + (2 - 2 * np.cos(momenta)) + neighbour * (2 - 2 * np.cos(2 * momenta))
    if not np.min(spectrum) > 0:
        raise ValueError(
            f"ring_power: mass_squared = {mass_squared} and neighbour = {neighbour} give a mode the action "
            f"{np.min(spectrum):.3g}; give a larger mass, so that it is positive"
        )
    distances = np.subtract.outer(np.arange(sites), np.arange(sites))
    return np.tensordot(spectrum**power, np.cos(np.multiply.outer(momenta, distances)), 1) / sites


def ring_current(
    sites: int, mass_squared: Sequence[float], neighbour: float, start: int, end: int
) -> Float[ndarray, " link"]:
    """Mean of the current of two fields through every link of a ring, with a charge that runs from one site to another.

    `E[J_t phi_1(y) phi_2(z)] = G_1(t, y) G_2(t+1, z) - G_2(t, z) G_1(t+1, y)` with
    `J_t = phi_1(t) phi_2(t+1) - phi_2(t) phi_1(t+1)`; `link` t joins the sites t and t + 1. For equal masses and
    `neighbour = 0` the current is conserved off y and z, and jumps by G(y, z) there.

    Args:
        sites: Number of sites, at least 3.
        mass_squared: m^2 of both fields.
        neighbour: Coupling of next-nearest neighbours; J stays that of nearest ones.
        start: Site y.
        end: Site z.

    Returns:
        One number per link, in units of the spacing squared.

    Raises:
        TypeError, ValueError: As for `ring_power`.

    Source: Wick's theorem.
    """
    first, second = (ring_power(sites, squared, neighbour) for squared in mass_squared)
    here, there = np.arange(sites), np.arange(1, sites + 1) % sites
    return first[here, start] * second[there, end] - second[here, end] * first[there, start]
