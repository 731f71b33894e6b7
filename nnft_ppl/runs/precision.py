"""Whether numbers of the precision that is used resolve the action: samplers live on its differences."""

import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind
from nnft_ppl.samplers import SamplerError

COARSEST = 0.02
"""Largest rounding of an action term: acceptances and weights are then good to so much, relative."""
CARRYING = 30.0
"""Draws with less than e^{−30} of the largest weight have no say."""
MEND = {
    "float32": "switch to float64: --precision float64, or in Python jax.config.update('jax_enable_x64', True) first",
    "float64": "subtract a constant from it, or measure it in larger units",
}


class PrecisionError(SamplerError):
    """An action with more digits than the precision has: no other sampler does better."""


def refuse_imprecise(kind: Kind, data: xr.DataTree) -> None:
    r"""Refuse draws of which the action has more digits than there are.

    A difference of two actions is known to ε|S| only, ε the rounding unit: beyond a few hundredths of it a sampler
    accepts, and a weight weighs, by rounding. Each term is looked at by itself, for in their sum they may cancel. It is
    the lower quartile of |S| over the draws that counts, of those that carry weight: a few far draws do no harm.

    Args:
        kind: What the draws are.
        data: A block of them.

    Raises:
        PrecisionError: Where a term is too large, with how to mend it.
    """
    logs = data["sample_stats"].dataset["log_weight"].values if kind.weighted else np.zeros(())
    carrying = logs >= np.max(logs) - CARRYING
    for name, term in data["action"].dataset.items():
        sizes = np.abs(term.values[carrying & np.isfinite(term.values)])
        if not sizes.size or str(term.dtype) not in MEND:
            continue
        size, unit = float(np.quantile(sizes, 0.25)), float(np.finfo(term.dtype).eps)
        if unit * size > COARSEST:
            raise PrecisionError(
                f"the action term {name!r} is about {size:.2g} on the draws, and {term.dtype} resolves "
                f"{unit * size:.2g} of it, where differences of a few hundredths matter: {MEND[str(term.dtype)]}"
            )
