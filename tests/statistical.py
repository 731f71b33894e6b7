"""How Monte-Carlo numbers are compared with exact ones: in their own errors, behind a gate on effective draws."""

import numpy as np

from nnft_ppl.estimates import Estimate

ACCEPTED, REJECTED = 5.0, 6.0
"""A claim holds within 5 errors; its negative control must be more than 6 away."""


def worst_pull(estimate: Estimate, exact: np.ndarray, min_ess: float = 400.0) -> float:
    """The largest |value − exact|/error, after checking that there are draws enough for the error to mean something."""
    assert np.min(estimate.ess) >= min_ess, f"only {np.min(estimate.ess):.0f} effective draws"
    return float(np.max(np.abs(estimate.value - exact) / estimate.error))
