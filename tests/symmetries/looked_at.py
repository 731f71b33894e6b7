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

    keys = jax.random.split(key, CHAINS * DRAWS).reshape(CHAINS, DRAWS)
    found, weights = jax.jit(jax.vmap(jax.vmap(measured)))(keys)
    variables = {
        name: (("chain", "draw", *(f"{name}_{axis}" for axis in range(one.ndim - 2))), np.asarray(one))
        for name, one in found.items()
    }
    dataset = xr.Dataset(variables, coords={"draw": np.arange(DRAWS)})
    draws = FinishedDraws(theory, Kind.FREE, {}, {}, log_weights=np.asarray(weights), measured=dataset)
    return check.judge(draws)
