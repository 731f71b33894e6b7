r"""The power with which a connected function falls with the width: $N^{1-k}$ for 2k points of independent neurons.

Source: arXiv:2307.03223; exact at every width for one hidden layer, docs/theory/expansion.md.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.expansion.conditional import conditional_cumulant
from nnft_ppl.families import Family
from nnft_ppl.results import Fitted, fit_across, slope
from nnft_ppl.statistics import Estimate


class Scaling(NamedTuple):
    """A connected function of a family of networks, and the exponent of its power law."""

    connected: Estimate
    """G_c at every width, dimensions of the keyword first."""
    exponent: Fitted
    """s of |G_c| ∝ N^s, with χ²; without an error, and with the reason, where there is no such law."""


def scaling_exponent(
    networks: Family, points: Float[ArrayLike, "*shape order dim"], num_draws: int = 100_000, seed: int = 0
) -> Scaling:
    r"""The exponent s of $|G_c(x_1 \ldots x_{2k})| \propto N^s$, from `conditional_cumulant` at every member.

    Args:
        networks: A family over one keyword, the width.
        points: Shape (*shape, order, dim), order 2, 4 or 6.
        num_draws: Draws of each network.
        seed: Of the random numbers; every member has its own.

    Raises:
        TypeError: If points or numbers are of another kind.
        ValueError: If more than one keyword is scanned; and see `conditional_cumulant`.
    """
    if len(networks.scanned) != 1:
        raise ValueError(
            f"scaling_exponent: {networks.name} is scanned over {' and '.join(networks.scanned)}; give one keyword"
        )
    ((along, widths),) = networks.scanned.items()
    seeds = np.random.SeedSequence(seed).generate_state(len(networks))
    found = [conditional_cumulant(one, points, num_draws, int(own)) for one, own in zip(networks, seeds, strict=True)]
    value, error, ess, second = (
        np.stack([getattr(one, part) for one in found]) for part in ("value", "error", "ess", "second_error")
    )
    own = [f"configuration_{axis}" if axis else "configuration" for axis in range(found[0].value.ndim)]
    coordinates = {along: np.array(widths)} | {
        name: np.arange(size) for name, size in zip(own, found[0].value.shape, strict=True)
    }
    connected = Estimate(value, error, ess, second, coordinates=coordinates)
    fitted = fit_across(slope("G_c", along), connected, {along: np.array(widths)}, None)
    return Scaling(connected, fitted)
