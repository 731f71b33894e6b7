"""Villain's model on a torus of two by two sites, by two exact routes: integer currents, and angles."""

from typing import NamedTuple

import numpy as np

from nnft_ppl.arguments import require_choice, require_number


class VillainMoments(NamedTuple):
    """Averages in Villain's model on a torus of 2 x 2 sites."""

    neighbour: float
    """`<cos(theta_x - theta_y)>` of neighbours."""
    diagonal: float
    """That of sites across a plaquette."""
    stiffness: float
    """`<W^2>` of the winding of the currents along one axis: the helicity modulus over the temperature."""


ROUTES = ("currents", "angles")


def villain_two_by_two(beta: float, route: str = "currents") -> VillainMoments:
    r"""Averages under `sum_n exp(-(beta/2) sum_links (dtheta - 2 pi n)^2)` on a torus of 2 x 2 sites, of eight links.

    Each pair of neighbours has two links, so the four sites are a ring whose links have the weight
    `v(u)^2`, `v(u) = sum_n exp(-beta (u - 2 pi n)^2/2) = (2 pi beta)^{-1/2} sum_k exp(-k^2/(2 beta) + i k u)`.
    With currents, `v^2` has the Fourier coefficients `c_K` of two links that carry K together, and the ring
    `Z = sum_K c_K^4`; the winding is what an axis carries on one of its two links. With angles, Z is an integral over
    three of them, the winding a second derivative by a twist of the boundary.

    Args:
        beta: Stiffness of a link, from .05 to 10.
        route: "currents" or "angles".

    Returns:
        Three averages, to some 12 digits.

    Raises:
        TypeError, ValueError: If beta is out of range, or the route unknown.

    Source: derived in docs/theory/topology.md.
    """
    beta = require_number("villain_two_by_two", "beta", beta, least=0.05)
    if beta > 10:
        raise ValueError(
            f"villain_two_by_two: beta = {beta:g}; give a number from 0.05 to 10, beyond which sums lose digits"
        )
    require_choice("villain_two_by_two", "route", route, ROUTES)
    return _by_currents(beta) if route == "currents" else _by_angles(beta)


def _by_currents(beta: float) -> VillainMoments:
    most = int(np.sqrt(2 * beta * 45)) + 3
    k = np.arange(-most, most + 1)
    weights = np.exp(-(k**2) / (2 * beta))
    together = np.convolve(weights, weights)  # c_K, of links that carry k and K - k
    total = np.sum(together**4)
    neighbour = np.sum(together[1:] * together[:-1] ** 3) / total
    diagonal = np.sum(together[1:] ** 2 * together[:-1] ** 2) / total
    # A row carries K from left to right by the links k (inside) and k - K (across the boundary), the other row -K by
    # l and l + K: the winding is what both carry across the boundary, (k - K) + (l + K).
    squared = 0.0
    for flow, there in zip(np.arange(-2 * most, 2 * most + 1), together, strict=True):
        across = weights * np.exp(-((k + flow) ** 2) / (2 * beta))
        mean = np.sum(across * k) / np.sum(across)
        variance = np.sum(across * k**2) / np.sum(across) - mean**2
        squared += there**4 * 2 * variance  # the means of both rows cancel
    return VillainMoments(float(neighbour), float(diagonal), float(squared / total))


def _by_angles(beta: float, points: int = 64) -> VillainMoments:
    most = int(np.sqrt(90 / beta) / (2 * np.pi)) + 2
    turns = 2 * np.pi * np.arange(-most, most + 1)

    def link(angle: np.ndarray) -> np.ndarray:
        return np.sum(np.exp(-beta / 2 * (angle[..., None] - turns) ** 2), axis=-1)

    # One site is at angle 0; the rule of equal weights is exact to rounding for periodic functions.
    angle = 2 * np.pi * np.arange(points) / points
    right, up, across = angle[:, None, None], angle[None, :, None], angle[None, None, :]

    def weight(twist: float) -> np.ndarray:
        def row(step: np.ndarray) -> np.ndarray:
            return link(step) * link(-step + twist)

        return row(right) * row(across - up) * link(up) ** 2 * link(across - right) ** 2

    plain = weight(0.0)
    total = np.sum(plain)
    neighbour = np.sum(plain * np.cos(right)) / total
    diagonal = np.sum(plain * np.cos(across)) / total
    # Z(twist) is a Fourier series over W: its second derivative, by the rule of equal weights over a turn.
    twists = 2 * np.pi * np.arange(32) / 32
    sums = np.array([np.sum(weight(twist)) for twist in twists])
    coefficients, windings = np.real(np.fft.fft(sums)), np.fft.fftfreq(32, 1 / 32)
    stiffness = np.sum(coefficients * windings**2) / np.sum(coefficients)
    return VillainMoments(float(neighbour), float(diagonal), float(stiffness))
