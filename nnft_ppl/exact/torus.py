"""The free scalar on the modes of a torus, and how its two-point function answers to a quartic action."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite, require_positive


def torus_propagator(
    displacement: Float[ArrayLike, "*point dim"],
    sides: float | Sequence[float],
    mass: float,
    modes: int,
    power: int = 1,
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the free scalar on a torus, on a cube of modes.

    `G_K(x) = (1/V) sum_{|n_j| <= K} cos(p.x) / (p^2 + mass^2)^power`, `p_j = 2 pi n_j/side_j`, `V = prod_j side_j`.
    In one dimension it is `free_circle_two_point(x, side, mass, modes)`.

    Args:
        displacement: Displacement x of the two points, units 1/mass.
        sides: Length of every side, or one number for all, positive, units 1/mass.
        mass: Positive.
        modes: Highest mode number K along each axis, at least zero.
        power: Power of the propagator, at least 1: 2 gives the integral of G_K(x - y) G_K(y) over y.

    Returns:
        G_K at each displacement, units mass^(d - 2 power).

    Raises:
        TypeError: If an argument is not a number, or `modes` or `power` not an integer.
        ValueError: If an argument lies outside the ranges above, or displacements and sides differ in dimension.

    Source: Fourier series; derived here.
    """
    owner = "torus_propagator"
    places = require_finite(owner, "displacement", displacement)
    if places.ndim == 0 or places.shape[-1] == 0:
        raise ValueError(f"{owner}: displacement has shape {places.shape}; give shape (*point, dim)")
    dim = places.shape[-1]
    given = tuple(sides) if isinstance(sides, Sequence | np.ndarray) else (sides,) * dim
    lengths = np.array([require_positive(owner, "sides", side) for side in given])
    if len(lengths) != dim:
        raise ValueError(f"{owner}: {len(lengths)} sides for displacements of {dim} coordinates; give one side each")
    require_positive(owner, "mass", mass)
    require_count(owner, "modes", modes, least=0)
    require_count(owner, "power", power)
    numbers = np.arange(-modes, modes + 1)
    momenta = [2 * math.pi / length * numbers for length in lengths]
    squared = sum(np.meshgrid(*(momentum**2 for momentum in momenta), indexing="ij", sparse=True))
    terms = (squared + mass**2) ** -float(power) / np.prod(lengths)
    flat = places.reshape(-1, dim)
    # Axis by axis: the last axis of `terms` is summed with the waves of that coordinate.
    phases = [np.exp(1j * flat[:, [axis]] * momentum) for axis, momentum in enumerate(momenta)]
    summed = np.tensordot(phases[-1], terms, axes=(1, dim - 1))
    for phase in reversed(phases[:-1]):
        summed = np.einsum("p...k,pk->p...", summed, phase)
    return np.real(summed).reshape(places.shape[:-1])


def torus_first_order(
    displacement: Float[ArrayLike, "*point dim"],
    sides: float | Sequence[float],
    mass: float,
    modes: int,
    *,
    counterterm: bool,
) -> Float[np.ndarray, "*point"]:
    """Slope of the two-point function in the coupling at coupling zero, on a cube of modes.

    For the action `(coupling/4!) int phi^4`, integrated exactly,
    `dG(x)/d coupling = -1/2 G_K(0) (1/V) sum_p cos(p.x)/(p^2 + mass^2)^2`: one loop, which carries no momentum. The
    counter-term `-(coupling/4) G_K(0) int phi^2` (Wick ordering) cancels it; then the slope is zero.

    Args:
        displacement: Displacement x of the two points, units 1/mass.
        sides: Length of every side, or one number for all, positive, units 1/mass.
        mass: Positive.
        modes: Highest mode number K along each axis, at least zero.
        counterterm: Whether the action has the counter-term.

    Returns:
        The slope at each displacement, units mass^(2d - 6).

    Raises:
        TypeError, ValueError: As `torus_propagator`.

    Source: derived in docs/theory/torus.md.
    """
    bubble = torus_propagator(displacement, sides, mass, modes, power=2)
    if counterterm:
        return np.zeros_like(bubble)
    coincident = torus_propagator(np.zeros(np.shape(displacement)[-1]), sides, mass, modes)
    return -coincident / 2 * bubble
