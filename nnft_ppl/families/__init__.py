"""What several model files share."""

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
    "connected_points",
    "product_points",
    "scalar_box",
    "scalar_curves",
    "scalar_exact",
    "scalar_network",
    "scalar_observables",
    "scalar_separations",
]
