"""What several model files share."""

from nnft_ppl.families.scalar import (
    scalar_box,
    scalar_curves,
    scalar_exact,
    scalar_network,
    scalar_observables,
    scalar_separations,
)

__all__ = [
    "scalar_box",
    "scalar_curves",
    "scalar_exact",
    "scalar_network",
    "scalar_observables",
    "scalar_separations",
]
