"""Kept draws of a run in reference coordinates: those stored, or, of another theory, brought back to them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.results import Ensemble
from nnft_ppl.runs.request import storable_keywords
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
    if is_theory_of(ensemble, theory) and "reference" in ensemble.data:
        reference = ensemble.data["reference"].dataset["z"]
        numbers = np.asarray(reference["draw"].values)
        return KeptDraws(np.asarray(reference.values, jnp.zeros(()).dtype), numbers, _log_weights(ensemble, numbers))
    group = next((name for name in ("posterior", "prior") if name in ensemble.data), None)
    if group is None:
        raise DrawsError("no parameters were kept: run again with --keep all (or auto)")
    stored = ensemble.data[group].to_dataset()
    wanted = {site.label: site.shape for site in theory.sites}
    found = {str(name): values.shape[2:] for name, values in stored.items()}
    if wanted != found:
        raise DrawsError(f"the sites are not the same: kept are {_shapes(found)}; {theory.name} has {_shapes(wanted)}")
    dtype = jnp.zeros(()).dtype
    values = {name: jnp.asarray(one.values, dtype) for name, one in stored.items()}
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
    numbers = np.asarray(stored["draw"].values)
    return KeptDraws(np.asarray(positions).reshape(chains, draws, -1), numbers, _log_weights(ensemble, numbers))


def is_theory_of(ensemble: Ensemble, theory: Theory) -> bool:
    """Whether a run was made of just this theory: the same source, keywords and dimension of points."""
    about = ensemble.provenance
    return (about.source_sha256, about.keywords, about.dim) == (
        theory.file.sha256,
        storable_keywords(theory),
        theory.dim,
    )


def _log_weights(ensemble: Ensemble, numbers: ndarray) -> ndarray | None:
    weights = ensemble.log_weights
    return None if weights is None else weights[:, numbers]


def _shapes(sites: dict) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in sites.items())
