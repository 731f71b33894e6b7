"""The lowest energy from one correlator: its effective masses averaged over a window, and what they still change."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.derived import Derived, effective_mass

PLATEAU = ("mass", "change")
"""What a plateau has: the average over its window, and by how much that over the later half differs from it."""


def plateau(
    name: str,
    separation: Float[ArrayLike, "point"],
    window: tuple[float, float],
    period: float | None = None,
    weights: Float[ArrayLike, "mass"] | None = None,
    missing: Float[ArrayLike, "point"] | float = 0.0,
) -> Derived:
    r"""Effective masses of a correlator C averaged over a window of distances, and their change over it.

    $$m = \sum_i w_i m_i, \qquad \Delta = \sum_{i\,\text{in the later half}} w_i m_i \Big/ \sum_{\text{later half}} w_i
    \; - \; m$$

    with m_i of `effective_mass`, between neighbouring points. States above the lowest make m_i fall with the distance:
    Δ is what is left of them in m, the systematic error beside the statistical one, and has an error itself. By
    default w_i are inverse variances under noise in C that does not depend on the distance, as that of a scalar field
    hardly does; weights are fixed at the means. A mass that is undefined at the means is left out, and the check
    `derived` says so.

    Args:
        name: Observable of shape (point,).
        separation: Distances r_i, shape (point,), strictly increasing.
        window: Smallest and largest distance; pairs of neighbours between them count.
        period: Length T of the circle; None for an open line.
        weights: w_i of those pairs, adding up to 1 or not.
        missing: What is known to be missing in the means, such as modes above a cut-off; it is added.

    Returns:
        The derived quantity, of shape (2,), in inverse units of the separation; its dimension `NAME.plateau` has the
        texts `mass` and `change` as coordinates. The change of a window with a single mass is NaN.

    Raises:
        TypeError: If the separations are not real numbers.
        ValueError: If they do not increase, or no pair of neighbours lies in the window, or weights do not fit.

    Source: derived in docs/theory/quantum.md.
    """
    points = require_finite("plateau", "separation", separation)
    masses = effective_mass(name, points, period)
    if points.ndim != 1:
        raise ValueError(f"plateau: separation = {points}; give the distances of neighbouring points")
    first, last = (float(one) for one in require_finite("plateau", "window", window))
    rounding = 1e-9 * float(np.max(np.abs(points)))
    inside = np.flatnonzero((points[:-1] >= first - rounding) & (points[1:] <= last + rounding))
    if not inside.size:
        raise ValueError(
            f"plateau: window = ({first:g}, {last:g}) has no two neighbours of the points {points}; give a wider one"
        )
    fixed = None if weights is None else require_finite("plateau", "weights", weights)
    if fixed is not None and fixed.shape != inside.shape:
        raise ValueError(f"plateau: weights have shape {fixed.shape}; give one for each of {inside.size} masses")
    added = require_finite("plateau", "missing", missing)
    later = np.arange(inside.size) >= max(inside.size // 2, 1)

    def correlator(means: dict[str, Any]) -> Array:
        return jnp.asarray(means[name]) + jnp.asarray(added, jnp.asarray(means[name]).dtype)

    def both(means: dict[str, Any]) -> Array:
        values = correlator(means)
        mass = masses({name: values})[inside]
        defined = jnp.isfinite(mass)
        held = jnp.where(defined, mass, 0.0)
        weight = fixed if fixed is not None else _inverse_variance(values, inside, held, points, period)
        weight = jax.lax.stop_gradient(jnp.where(defined, weight, 0.0))
        half = jnp.where(later, weight, 0.0)
        whole = _average(held, weight)
        return jnp.stack([whole, _average(held, half) - whole])

    def remark(means: dict[str, Any]) -> str:
        undefined = ~np.isfinite(np.asarray(masses({name: correlator(means)}))[inside])
        pairs = [f"{points[i]:g} to {points[i + 1]:g}" for i in inside[undefined]]
        return f"without the mass from {', '.join(pairs)}, which is undefined" if pairs else ""

    dim = f"{name}.plateau"
    solved = jax.jit(lambda values: both({name: values}))
    return Derived(
        lambda means: solved(means[name]), (dim,), {dim: PLATEAU}, remark=remark, places={name: tuple(points.tolist())}
    )


def _average(values: Array, weight: Array) -> Array:
    """The weighted average, without derivatives that are NaN where there is none."""
    total = weight.sum()
    return jnp.where(total > 0, jnp.sum(weight * values) / jnp.where(total > 0, total, 1.0), jnp.nan)


def _inverse_variance(
    values: Array, inside: np.ndarray, mass: Array, points: Float[np.ndarray, " point"], period: float | None
) -> Array:
    """1/variance of each mass where the values have independent errors of one size, up to a factor."""
    near, far = points[inside], points[inside + 1]
    if period is None:
        slope = jnp.asarray(far - near)
    else:
        distances = np.abs(period / 2 - near), np.abs(period / 2 - far)
        slope = jnp.abs(distances[0] * jnp.tanh(mass * distances[0]) - distances[1] * jnp.tanh(mass * distances[1]))
    return slope**2 / (values[inside] ** -2.0 + values[inside + 1] ** -2.0)
