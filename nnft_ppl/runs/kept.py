"""Kept draws of a run in reference coordinates: those stored, or, of another theory, brought back to them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.results import (
    Ensemble,
    averaged_over,
    has_series,
    single_series,
    usable_log_weights,
    with_entry,
)
from nnft_ppl.theory import Theory

AT_ONCE = 2**18
"""Draws are brought back in groups of about this many reference coordinates."""
ROUNDING = 1e5
"""Parameters come back to this many rounding units, or lie outside the support."""


class KeptDraws(NamedTuple):
    """Kept draws in reference coordinates."""

    positions: Float[ndarray, "chain draw dimension"]
    """z of the draws, shape (chain, draw, dimension)."""
    numbers: ndarray
    """Number of each draw in its chain."""
    log_weights: Float[ndarray, "chain draw"] | None
    """Log weights of these draws; None for Markov chains."""


class DrawsError(ValueError):
    """Kept draws that a theory cannot take; the text says why."""


def kept_draws(ensemble: Ensemble, theory: Theory) -> KeptDraws:
    """The kept draws of a run as reference coordinates of its own theory, or of another one with the same sites.

    Args:
        ensemble: A run that kept its parameters.
        theory: The theory in whose coordinates they are wanted.

    Raises:
        DrawsError: If no draws were kept, the sites are not the same, or draws lie outside the theory's support.
        ModelError: If a transport has no known inverse.
    """
    group = next((name for name in ("posterior", "prior") if name in ensemble.data), None)
    if group is None:
        raise DrawsError("no parameters were kept: run again with --keep all (or auto)")
    stored = _with_series(ensemble, ensemble.data[group].to_dataset())
    wanted = {site.label: site.shape for site in theory.sites}
    found = {str(name): values.shape[2:] for name, values in stored.items()}
    if wanted != found:
        raise DrawsError(f"the sites are not the same: kept are {_shapes(found)}; {theory.name} has {_shapes(wanted)}")
    dtype = jnp.zeros(()).dtype
    values = {str(name): jnp.asarray(one.values, dtype) for name, one in stored.items()}
    numbers = np.asarray(stored["draw"].values)
    if (positions := _stored_positions(ensemble, theory, values)) is not None:
        return KeptDraws(positions, numbers, _log_weights(ensemble, numbers))
    chains, draws = next(iter(values.values())).shape[:2]
    flat = {name: value.reshape(chains * draws, *value.shape[2:]) for name, value in values.items()}
    coordinates = theory.coordinates

    def there_and_back(one: dict) -> tuple:
        position = coordinates(one)
        again = theory.transport(position)
        return position, {name: jnp.max(jnp.abs(again[name] - one[name]), initial=0.0) for name in one}

    group_size = max(1, AT_ONCE // theory.dimension)
    positions, misses = jax.jit(lambda all: jax.lax.map(there_and_back, all, batch_size=group_size))(flat)
    precision = max(float(jnp.finfo(one.values.dtype).eps) for one in stored.values())
    for name, miss in misses.items():
        size = float(jnp.max(jnp.abs(flat[name])))
        outside = np.asarray(miss) > ROUNDING * precision * size
        if outside.any():
            raise DrawsError(
                f"{outside.sum()} of {outside.size} draws have a {name!r} outside the support in {theory.name} with "
                f"these keywords (the farthest by {float(np.max(np.asarray(miss))):.3g}): they are not draws of it"
            )
    return KeptDraws(np.asarray(positions).reshape(chains, draws, -1), numbers, _log_weights(ensemble, numbers))


def _stored_positions(ensemble: Ensemble, theory: Theory, values: dict[str, jax.Array]) -> ndarray | None:
    """The stored z, if this theory makes the stored parameters of it: the model's text alone does not say so."""
    if "reference" not in ensemble.data:
        return None
    stored = _with_series(ensemble, ensemble.data["reference"].to_dataset())["z"].values
    if stored.shape[-1] != theory.dimension:
        return None
    positions = jnp.asarray(stored, jnp.zeros(()).dtype)
    made = jax.jit(jax.vmap(lambda chain: jax.lax.map(theory.transport, chain)))(positions)
    precision = float(jnp.finfo(stored.dtype).eps)
    for name, value in values.items():
        size = ROUNDING * precision * float(jnp.max(jnp.abs(value), initial=0.0))
        if not float(jnp.max(jnp.abs(made[name] - value), initial=0.0)) <= size:
            return None
    return np.asarray(positions)


def _with_series(ensemble: Ensemble, stored: xr.Dataset) -> xr.Dataset:
    """Of the kept draws those whose weights are known: of averages it is that of the first draw of each."""
    if not ensemble.kind.weighted:
        return stored
    if not has_series(ensemble.data):
        raise DrawsError("no series were kept, and so no weights of the draws: run again with --keep-series auto")
    return stored.isel(draw=with_entry(ensemble.data, stored["draw"].values))


def _log_weights(ensemble: Ensemble, numbers: ndarray) -> ndarray | None:
    weights = usable_log_weights(single_series(ensemble.data), ensemble.kind)
    return None if weights is None else weights[:, numbers // averaged_over(ensemble.data)]


def _shapes(sites: dict) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in sites.items())
