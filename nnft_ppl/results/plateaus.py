"""The plateau of a run's effective masses: its window, the mass, and what the window still changes."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl.display import format_value
from nnft_ppl.observables import effective_mass
from nnft_ppl.results.ensemble import Ensemble
from nnft_ppl.results.series import improved_series, quoted_series, series_of
from nnft_ppl.statistics import choose_window, estimate, relative_weights


@dataclass(frozen=True)
class Plateau:
    """A mass with two errors."""

    mass: float
    """The average over the window, in inverse units of the distance."""
    error: float
    """Statistical."""
    change: float
    """The mass over the later half of the window less that over all of it: what excited states may still do."""
    change_error: float
    """Its statistical error; NaN, as the change, where the window has a single mass."""
    first: float
    """The least distance at which the correlator enters."""
    last: float
    """The greatest one."""
    chi_squared: float
    """Of the masses in the window around their average."""
    dof: int
    """Degrees of freedom, one less than masses."""
    p_value: float
    """Probability of a larger χ² where all masses in the window are equal; NaN of a single one."""
    left_out: tuple[float, ...]
    """Middles of pairs beyond the window's start that are undefined, have no trusted error, or one above a half."""

    def __str__(self) -> str:
        words = f"{format_value(self.mass, self.error)} from r = {self.first:g} to {self.last:g}"
        if np.isfinite(self.change):
            words += f", where it changes by {format_value(self.change, self.change_error)}"
        if self.dof:
            words += f" (χ² = {self.chi_squared:.1f} for {self.dof})"
        if self.left_out:
            words += f"; left out at r = {', '.join(f'{one:g}' for one in self.left_out)}"
        return words


def find_plateau(ensemble: Ensemble, name: str = "two_point", period: float | None = None) -> Plateau | None:
    """The plateau of the effective masses of a correlator: the lowest energy that the operator sees.

    The window starts at the first pair of points from which on all masses agree with their correlated average at 10 %
    (`nnft_ppl.statistics.choose_window`); coincident points, which feel the cut-off most, do not count where there are
    others. The error is that of the average with these weights, correlations in distance and between draws included.
    That the window was chosen by the same draws is no part of it.

    Args:
        ensemble: A run.
        name: A real observable with one dimension, along increasing distances.
        period: Length T of the circle; None for an open line.

    Returns:
        The plateau; None where no mass has an error, and one below half of itself.

    Raises:
        ValueError: If the observable is none of this kind.
    """
    places = _distances(ensemble, name)
    masses, log_weights = effective_mass(name, places, period), ensemble.log_weights
    one = ensemble.estimates({f"{name}.masses": masses})[f"{name}.masses"]
    quoted, raw = quoted_series(ensemble.data, log_weights)[name], series_of(ensemble.data)[name]
    weights = np.ones(quoted.shape[:2]) if log_weights is None else relative_weights(log_weights)
    mean = np.tensordot(weights, quoted, 2) / weights.size
    slopes = np.asarray(jax.jit(jax.jacrev(lambda values: masses({name: values})))(jnp.asarray(mean)))
    # Of each mass, by the linear law.
    fluctuation, other = (np.nan_to_num((part - mean) @ np.nan_to_num(slopes).T) for part in (quoted, raw))
    error = np.array(one.error)
    if places[0] == 0 and np.isfinite(error[1:]).any():
        error[0] = np.nan
    window = choose_window(one.value, error, fluctuation, weights)
    if window is None:
        return None
    inside = slice(window.first, window.last + 1)
    rows = np.stack([window.weights, window.later - window.weights])
    value = rows @ np.nan_to_num(one.value[inside])
    # Linear in the masses: their series say all.
    found = estimate(
        {"plateau": np.nan_to_num(value) + fluctuation[..., inside] @ np.nan_to_num(rows).T},
        None,
        log_weights,
        independent=ensemble.kind.independent,
        raw={"plateau": np.nan_to_num(value) + other[..., inside] @ np.nan_to_num(rows).T}
        if name in improved_series(ensemble.data)
        else None,
    )["plateau"]
    middles, errors = (places[:-1] + places[1:]) / 2, found.error + 0 * value
    return Plateau(
        float(value[0]), float(errors[0]), float(value[1]), float(errors[1]),
        float(places[window.first]), float(places[window.last + 1]),
        window.chi_squared, window.dof, window.p_value, tuple(middles[list(window.left_out)].tolist()),
    )  # fmt: skip


def _distances(ensemble: Ensemble, name: str) -> np.ndarray:
    """Where a correlator is measured, if it can have effective masses."""
    known = ensemble.data["observables"].dataset
    if name not in known or known[name].ndim != 3 or np.iscomplexobj(known[name].values):
        raise ValueError(f"find_plateau: {name!r} is no real observable of this run with one dimension")
    dim = known[name].dims[2]
    places = np.asarray(known.coords[dim].values) if dim in known.coords else np.zeros(0)
    if places.dtype.kind not in "iuf" or places.size < 2 or not (np.diff(places) > 0).all():
        raise ValueError(f"find_plateau: {name!r} has no increasing distances along {dim}")
    return places
