"""Averages of what never changed: their error is not zero but unknown."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nnft_ppl.statistics import Estimate


def doubt_unseen(found: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The estimates, with NaN for an error of zero: no vortex and no winding in any chain says little of rare ones.

    The two-point function at r = 0 is 1 by definition, and keeps its zero.

    Args:
        found: By name; `two_point` has r as its axis.
    """
    doubted = {}
    for name, one in found.items():
        error = np.where(np.asarray(one.error) == 0, np.nan, one.error)
        if name == "two_point":
            error[0] = one.error[0]
        doubted[name] = replace(one, error=error)
    return doubted
