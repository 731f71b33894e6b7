"""What several model files share, and one model over several values of its keywords."""

from nnft_ppl.families.over_keywords import Family, family
from nnft_ppl.families.points import connected_points, product_points
from nnft_ppl.families.scalar import (
    scalar_box,
    scalar_curves,
    scalar_exact,
    scalar_network,
    scalar_observables,
    scalar_separations,
)

__all__ = [
    "Family",
    "connected_points",
    "family",
    "product_points",
    "scalar_box",
    "scalar_curves",
    "scalar_exact",
    "scalar_network",
    "scalar_observables",
    "scalar_separations",
]
