"""Sums over integers: a boson on a circle or a square torus of target space, wound around a torus of the worldsheet."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.arguments import require_choice, require_number, require_positive

NEGLIGIBLE = 45.0
"""Terms below exp(-45) of the largest are left out of a sum."""


def theta(strength: float) -> float:
    """`theta(a) = sum_n exp(-pi a n^2)` over all integers n, by the faster of the sums for a and 1/a.

    `theta(a) = a^{-1/2} theta(1/a)`, Poisson's resummation.

    Args:
        strength: a, positive.

    Raises:
        TypeError, ValueError: If it is not a positive number.
    """
    a = require_positive("theta", "strength", strength)
    if a < 1:
        return theta(1 / a) / a**0.5
    n = np.arange(1, int(np.sqrt(NEGLIGIBLE / np.pi / a)) + 2)
    return float(1 + 2 * np.sum(np.exp(-np.pi * a * n**2)))


def theta_energy(strength: float) -> float:
    """`pi a <n^2> = -a theta'(a)/theta(a)` of an integer n with weight `exp(-pi a n^2)`; those of a and 1/a add to 1/2.

    Args:
        strength: a, positive.

    Raises:
        TypeError, ValueError: If it is not a positive number.
    """
    a = require_positive("theta_energy", "strength", strength)
    if a < 1:
        return 0.5 - theta_energy(1 / a)
    n = np.arange(1, int(np.sqrt(NEGLIGIBLE / np.pi / a)) + 2)
    return float(2 * np.sum(np.pi * a * n**2 * np.exp(-np.pi * a * n**2)) / theta(a))


def dedekind_eta(modulus: float) -> float:
    """`eta(it) = exp(-pi t/12) prod_n (1 - exp(-2 pi n t))`, which is `t^{-1/2} eta(i/t)`.

    Args:
        modulus: t, positive.

    Raises:
        TypeError, ValueError: If it is not a positive number.
    """
    t = require_positive("dedekind_eta", "modulus", modulus)
    if t < 1:
        return dedekind_eta(1 / t) / t**0.5
    n = np.arange(1, int(NEGLIGIBLE / (2 * np.pi * t)) + 2)
    return float(np.exp(-np.pi * t / 12) * np.prod(1 - np.exp(-2 * np.pi * n * t)))


def boson_partition(radius_squared: float, modulus: float) -> float:
    """Partition sum of a boson with values on a circle, on a rectangular torus.

    `Z = sqrt(x/t) |eta(it)|^{-2} sum_{m, w} exp(-pi x (m^2/t + w^2 t))`; `Z(x) = Z(1/x)`, `Z(t) = Z(1/t)`, and at
    t = 1 `Z(1) = 2`, `Z(2) = 1 + sqrt 2`. The factor `sqrt x` is the volume of the zero mode.

    Args:
        radius_squared: `x = R^2/alpha'`, positive.
        modulus: t of `tau = i t`, the ratio of the sides of the torus, positive.

    Raises:
        TypeError, ValueError: If an argument is not a positive number.

    Source: standard; derived in docs/theory/topology.md.
    """
    x = require_positive("boson_partition", "radius_squared", radius_squared)
    t = require_positive("boson_partition", "modulus", modulus)
    return (x / t) ** 0.5 / dedekind_eta(t) ** 2 * theta(x / t) * theta(x * t)


def boson_energy(radius_squared: float, modulus: float) -> float:
    """Mean action of the windings of a boson on a circle per x: `E = pi <m^2/t + w^2 t>`.

    `x E(x) + E(1/x)/x = 1`, so that `E(1) = 1/2` at every t. Arguments and errors as for `boson_partition`.

    Args:
        radius_squared: `x = R^2/alpha'`, positive.
        modulus: t of `tau = i t`, positive.

    Source: derived in docs/theory/topology.md.
    """
    x = require_positive("boson_energy", "radius_squared", radius_squared)
    t = require_positive("boson_energy", "modulus", modulus)
    return (theta_energy(x / t) + theta_energy(x * t)) / x


def background_matrix(background: Sequence[float]) -> Float[ndarray, "4 4"]:
    """Generalised metric of a constant background on a torus of two dimensions.

    `H = [[G - B G^-1 B, B G^-1], [-G^-1 B, G^-1]]`, symmetric, of determinant 1, in O(2, 2).

    Args:
        background: `(G_11, G_12, G_22, B_12)`, in units of `alpha'`; G positive definite.

    Returns:
        H, for windings first and momenta behind.

    Raises:
        TypeError, ValueError: If these are not four numbers, or G is not positive definite.

    Source: standard (Buscher; Giveon, Porrati and Rabinovici).
    """
    metric, twist = _parts(background)
    inverse = np.linalg.inv(metric)
    return np.block([[metric - twist @ inverse @ twist, twist @ inverse], [-inverse @ twist, inverse]])


DUALITIES = ("full", "single", "metric only")


def dual_background(background: Sequence[float], duality: str = "full") -> tuple[float, float, float, float]:
    """The background that a T-duality makes of another one.

    Args:
        background: `(G_11, G_12, G_22, B_12)`.
        duality: "full", `G + B -> (G + B)^-1`, windings and momenta exchanged in both directions; "single", Buscher's
            rules for the first direction: `G_11' = 1/G_11`, `G_12' = B_12/G_11`, `B_12' = G_12/G_11`,
            `G_22' = G_22 - (G_12^2 - B_12^2)/G_11`; "metric only", the wrong `G -> G^-1` with B as it was.

    Raises:
        TypeError, ValueError: As `background_matrix`, or for an unknown duality.

    Source: Buscher's rules; docs/theory/topology.md.
    """
    require_choice("dual_background", "duality", duality, DUALITIES)
    metric, twist = _parts(background)
    if duality == "single":
        (one, mixed), (_, two), b = metric[0], metric[1], twist[0, 1]
        return float(1 / one), float(b / one), float(two - (mixed**2 - b**2) / one), float(mixed / one)
    new = np.linalg.inv(metric if duality == "metric only" else metric + twist)
    anti = twist[0, 1] if duality == "metric only" else (new[0, 1] - new[1, 0]) / 2
    return float(new[0, 0]), float((new[0, 1] + new[1, 0]) / 2), float(new[1, 1]), float(anti)


def background_sum(background: Sequence[float], strength: float) -> float:
    """`sum exp(-pi s Z^T H Z)` over Z in Z^4, windings and momenta; the same for T-dual backgrounds.

    Args:
        background: `(G_11, G_12, G_22, B_12)`.
        strength: s, positive: the ratio of the sides of the worldsheet.

    Raises:
        TypeError, ValueError: As `background_matrix`, or if the strength is not a positive number.

    Source: derived in docs/theory/topology.md.
    """
    matrix = background_matrix(background)
    weight = np.pi * require_positive("background_sum", "strength", strength)
    # Z^T H Z >= Z_j^2/(H^-1)_jj bounds every entry.
    most = np.sqrt(NEGLIGIBLE / weight * np.diag(np.linalg.inv(matrix))).astype(int) + 1
    last = np.arange(-most[3], most[3] + 1)
    total = 0.0
    for first in itertools.product(*(range(-one, one + 1) for one in most[:2])):
        third = np.arange(-most[2], most[2] + 1)[:, None]
        z = np.stack(np.broadcast_arrays(*map(np.asarray, first), third, last))
        total += np.sum(np.exp(-weight * np.einsum("iab,ij,jab->ab", z, matrix, z)))
    return float(total)


def _parts(background: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """G and B as matrices."""
    if np.shape(background) != (4,):
        raise ValueError(f"background = {background}; give four numbers (G_11, G_12, G_22, B_12)")
    one, mixed, two, twist = (require_number("background", "an entry", entry) for entry in background)
    if one <= 0 or one * two <= mixed**2:
        raise ValueError(f"background = {tuple(background)}: G is not positive definite; give G_11 G_22 > G_12^2")
    return np.array([[one, mixed], [mixed, two]]), np.array([[0.0, twist], [-twist, 0.0]])
