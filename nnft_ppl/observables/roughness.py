r"""The quantum mechanics of a path by its roughness: commutator, momentum and uncertainty from a two-point function.

All are functions of the distance of points, and a limit is meant that has an order: *first* the cut-off Λ of the
network goes to infinity, *then* the distance to zero. At distances below 1/Λ every network is a smooth function, and
has no momentum. Derived in docs/theory/quantum.md.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.derived import Derived


def commutator(
    name: str, separation: Float[ArrayLike, "point"], missing: Float[ArrayLike, "point"] | float = 0.0
) -> Derived:
    r"""The canonical commutator from the roughness of paths in short times, as a function of the time ε.

    $$-i[x, p]_\varepsilon = \frac{\langle (x_{t+\varepsilon} - x_t)^2 \rangle}{\varepsilon} =
    \frac{2\,(G(0) - G(\varepsilon))}{\varepsilon} \;\longrightarrow\; 1 \qquad (\varepsilon \to 0)$$

    with G(t) = ⟨x_s x_{s+t}⟩ the same at every s, and H = p²/2 + V(x). (1 − e^{−ωε})/(ωε) for the oscillator of
    frequency ω. For ε ≪ 1/Λ it is ⟨ẋ²⟩ε, and vanishes: a smooth network has no commutator.

    Args:
        name: Observable of shape (point,), a two-point function.
        separation: Its distances, shape (point,), increasing from 0.
        missing: What is known to be missing in the means, such as modes above a cut-off; it is added.

    Returns:
        The derived quantity, of shape (point - 1,), dimensionless where x has the unit time^(1/2). Its dimension is
        `NAME.step`, with ε as coordinates.

    Raises:
        TypeError: If the separations are not real numbers.
        ValueError: If they do not increase from 0.

    Example:
        >>> print(np.round(commutator("g", [0.0, 0.05])({"g": jnp.exp(jnp.array([0.0, -0.065])) / 2.6}), 7))
        [0.9681929]

    Source: R. P. Feynman, Rev. Mod. Phys. 20 (1948) 367, eq. (50); arXiv:2504.05462.
    """
    points, added = _from_zero("commutator", separation, 2), require_finite("commutator", "missing", missing)

    def roughness(means: dict[str, Any]) -> Array:
        values = _completed(means, name, points, added)
        return 2 * (values[0] - values[1:]) / points[1:]

    dim = f"{name}.step"
    return Derived(roughness, (dim,), {dim: tuple(points[1:].tolist())}, places={name: tuple(points.tolist())})


def momentum_squared(
    name: str, separation: Float[ArrayLike, "point"], missing: Float[ArrayLike, "point"] | float = 0.0
) -> Derived:
    r"""⟨p²⟩ by point splitting: two velocities, a time δ apart.

    $$\langle p^2 \rangle_\delta = -\langle \dot x_{t+\delta}\, \dot x_t \rangle = \ddot G(\delta) \;\longrightarrow\;
    \langle 0|p^2|0 \rangle = \sum_n |\langle n|x|0\rangle|^2 (E_n - E_0)^2 \qquad (\delta \to 0)$$

    by second divided differences of G at neighbouring points. (ω/2) e^{−ωδ} for the oscillator. The velocity squared at
    one point would be 1/ε, whatever the potential. Where it is negative δ lies below 1/Λ: the path is smooth.

    Args and errors as for `commutator`; three points at least.

    Returns:
        The derived quantity, of shape (point - 2,), in units of x² over time². Its dimension is `NAME.split`, with δ,
        the inner points, as coordinates.

    Source: R. P. Feynman, A. R. Hibbs, Quantum Mechanics and Path Integrals, sec. 7-4.
    """
    points, added = (
        _from_zero("momentum_squared", separation, 3),
        require_finite("momentum_squared", "missing", missing),
    )
    return _of_splitting(name, points, lambda means: _second_difference(_completed(means, name, points, added), points))


def uncertainty(
    name: str, separation: Float[ArrayLike, "point"], missing: Float[ArrayLike, "point"] | float = 0.0
) -> Derived:
    r"""The uncertainty product ⟨x²⟩⟨p²⟩_δ ≥ 1/4 for δ → 0, with ⟨x²⟩ = G(0) and `momentum_squared`.

    1/4 for the ground state of an oscillator, times e^{−ωδ}; for ⟨x⟩ = 0.

    Args, errors and dimension as for `momentum_squared`.

    Returns:
        The derived quantity, of shape (point - 2,), dimensionless.
    """
    points, added = _from_zero("uncertainty", separation, 3), require_finite("uncertainty", "missing", missing)

    def product(means: dict[str, Any]) -> Array:
        values = _completed(means, name, points, added)
        return values[0] * _second_difference(values, points)

    return _of_splitting(name, points, product)


def _of_splitting(name: str, points: Float[np.ndarray, " point"], function: Any) -> Derived:
    """A quantity along the inner points."""
    dim = f"{name}.split"
    return Derived(function, (dim,), {dim: tuple(points[1:-1].tolist())}, places={name: tuple(points.tolist())})


def _completed(
    means: dict[str, Any], name: str, points: Float[np.ndarray, " point"], added: Float[np.ndarray, "..."]
) -> Array:
    """The two-point function, with what is known to be missing."""
    values = jnp.asarray(means[name])
    if values.shape != points.shape:
        raise ValueError(f"{name!r} has shape {values.shape}; give one value for each of {points.size} distances")
    return values + jnp.asarray(added, values.dtype)


def _second_difference(values: Array, points: Float[np.ndarray, " point"]) -> Array:
    """Twice the second divided difference, which tends to the second derivative."""
    slopes = (values[1:] - values[:-1]) / np.diff(points)
    return 2 * (slopes[1:] - slopes[:-1]) / (points[2:] - points[:-2])


def _from_zero(owner: str, separation: ArrayLike, least: int) -> Float[np.ndarray, " point"]:
    """Distances that increase from zero, so many at least."""
    points = require_finite(owner, "separation", separation)
    if points.ndim != 1 or points.size < least or points[0] != 0 or not (np.diff(points) > 0).all():
        raise ValueError(f"{owner}: separation = {points}; give {least} or more distances that increase from 0")
    return points
