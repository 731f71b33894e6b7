"""Equations of motion in continuous time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree


def solved(
    rates: Callable[[Any], Any],
    start: PyTree[Array],
    times: Float[np.ndarray, " time"],
    steps: int,
    tolerance: float,
    *,
    relative: bool = False,
) -> PyTree[Array]:
    r"""Solution of $dy/dt = r(y)$ at several times, by equal steps of Dormand and Prince's method of order 8 (diffrax).

    It can be differentiated, forwards and backwards, in the start and in what the rates depend on.

    Args:
        rates: r, from what is moved to its time derivative, of the same structure.
        start: y at time 0, real arrays of floating point.
        times: When, ascending from 0 on, the last above 0.
        steps: From 0 to the last time.
        tolerance: The largest sum of estimated errors in any number, in units of 1 + |y|; at float32 1000 units of its
            rounding, where that is more.
        relative: Whether these are in units of the largest number so far of the same array instead, whatever its units.

    Returns:
        y with a leading axis `time`; NaN where the tolerance is not met.

    Source: P. Kidger, arXiv:2202.02435 (diffrax).
    """
    import diffrax  # loads slowly

    solver, flow = diffrax.Dopri8(scan_kind="bounded"), diffrax.ODETerm(lambda _, at, __: rates(at))
    # Steps end where it is looked: between them there is only interpolation, of a lower order.
    grid = np.union1d(np.linspace(0.0, times[-1], steps + 1), times)
    several = len(times) > 1

    def step(state: tuple[Any, Any, Any, Any], ends: Array) -> tuple[Any, Any]:
        at, memory, error, sizes = state
        at, local, _, memory, _ = solver.step(flow, ends[0], ends[1], at, None, memory, made_jump=False)
        if relative:
            sizes = jax.tree.map(lambda size, leaf: jnp.maximum(size, jnp.max(jnp.abs(leaf))), sizes, at)
            units = jax.tree.map(lambda size: jnp.where(size > 0, size, 1.0), sizes)
        else:
            units = jax.tree.map(lambda leaf: 1 + jnp.abs(leaf), at)
        worst = jax.tree.map(lambda one, unit: jnp.max(jnp.abs(one) / unit), local, units)
        return (at, memory, error + jnp.max(jnp.stack(jax.tree.leaves(worst))), sizes), at if several else None

    memory, sizes = (
        solver.init(flow, grid[0], grid[1], start, None),
        jax.tree.map(lambda leaf: jnp.max(jnp.abs(leaf)), start),
    )
    ends = jnp.stack([grid[:-1], grid[1:]], axis=1)
    (last, _, error, _), way = jax.lax.scan(step, (start, memory, 0.0, sizes), ends)
    rounding = 1000 * max(float(jnp.finfo(leaf.dtype).eps) for leaf in jax.tree.leaves(start))
    arrived = error <= max(tolerance, rounding)
    if several:
        which = np.searchsorted(grid, times)
        found = jax.tree.map(lambda first, later: jnp.concatenate([first[None], later])[which], start, way)
    else:
        found = jax.tree.map(lambda leaf: leaf[None], last)
    return jax.tree.map(lambda leaf: jnp.where(arrived, leaf, jnp.nan), found)
