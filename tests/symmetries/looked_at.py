"""The check of declared symmetries on weighted free draws, without a run."""

import jax
import numpy as np
import xarray as xr

from nnft_ppl.checks import DeclaredSymmetries, FinishedDraws
from nnft_ppl.draws import Kind

CHAINS, DRAWS = 4, 1000


def looked_at(theory, key, spread=1.0):
    """The check's outcome; `spread` makes z wider than it should be, a planted fault."""
    check = DeclaredSymmetries()
    measurement = check.measurement(theory)

    def measured(key):
        position = spread * theory.free_draw(key)
        return measurement.function(position), -theory.at(position).potential

    # One axis of draws: a second one would be traced and compiled as well. Records are in double precision.
    flat = jax.jit(jax.vmap(measured))(jax.random.split(key, CHAINS * DRAWS))
    found, weights = jax.tree.map(lambda one: np.asarray(one, float).reshape(CHAINS, DRAWS, *one.shape[1:]), flat)
    variables = {
        name: (("chain", "draw", *(f"{name}_{axis}" for axis in range(one.ndim - 2))), one)
        for name, one in found.items()
    }
    dataset = xr.Dataset(variables, coords={"draw": np.arange(DRAWS)})
    draws = FinishedDraws(theory, Kind.FREE, {}, {}, log_weights=weights, measured=dataset)
    return check.judge(draws)
