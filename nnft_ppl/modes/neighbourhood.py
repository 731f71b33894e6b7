r"""The neighbourhood of a mode, and what it weighs: by importance sampling, not by Laplace's approximation.

A = {z : (z − m)ᵀ H (z − m) ≤ R²} holds half of the mode's Gaussian approximation q. With draws of q

    ∫_A e^{−E} dz = (2π)^{n/2} / √det H · ⟨1_A(z) e^{−E(z) + (z − m)ᵀ H (z − m)/2}⟩_q

Source: derived in docs/theory/modes.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from nnft_ppl.samplers import LEAST_CURVATURE

DRAWS = 512
"""Draws of the Gaussian approximation, of which half are inside."""
ENOUGH = 16.0
"""Effective draws by which a mass must be known, and draws that must be in the neighbourhood compared with."""


@dataclass(frozen=True)
class Neighbourhood:
    """The ellipsoid about a mode that holds half of its Gaussian approximation."""

    place: Float[ndarray, " dimension"]
    """m."""
    tension: Float[ndarray, "dimension dimension"]
    """H^{1/2}."""
    log_mass: float
    """Of ∫_A e^{−E} dz (2π)^{−n/2}."""
    effective: float
    """Draws by which it is known: Kish's number."""

    def holds(self, positions: Float[ndarray, "draw dimension"]) -> Bool[ndarray, " draw"]:
        """Which draws are inside.

        Args:
            positions: z of the draws.
        """
        return np.sum(((positions - self.place) @ self.tension) ** 2, axis=1) <= _radius_squared(len(self.place))

    def expected(self, reference: "Neighbourhood", seen: float) -> float:
        """Draws that should be inside; NaN where masses, or the number there, are not known well enough.

        Args:
            reference: Another neighbourhood, where draws are.
            seen: How many.
        """
        if min(self.effective, reference.effective, seen) < ENOUGH:
            return np.nan
        return float(seen * np.exp(min(self.log_mass - reference.log_mass, 100.0)))


def neighbourhood(
    place: Float[ndarray, " dimension"],
    curvature: Float[ndarray, "dimension dimension"],
    log_densities: Callable[[ndarray], ndarray],
) -> Neighbourhood:
    """The neighbourhood of a mode.

    Args:
        place: m.
        curvature: H.
        log_densities: −E at places z, shape (draw, dimension) -> (draw,).
    """
    values, vectors = np.linalg.eigh(curvature)
    values = np.maximum(values, LEAST_CURVATURE)
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(place)))
    inside = np.sum(noise**2, axis=1) <= _radius_squared(len(place))
    logs = log_densities(place + (noise / np.sqrt(values)) @ vectors.T) + 0.5 * np.sum(noise**2, axis=1)
    logs = np.where(inside & np.isfinite(logs), logs, -np.inf)
    tension = (vectors * np.sqrt(values)) @ vectors.T
    if not np.isfinite(highest := np.max(logs)):
        return Neighbourhood(place, tension, -np.inf, 0.0)
    ratios = np.exp(logs - highest)
    log_mass = highest + np.log(np.mean(ratios)) - 0.5 * np.sum(np.log(values))
    return Neighbourhood(place, tension, float(log_mass), float(np.sum(ratios) ** 2 / np.sum(ratios**2)))


def _radius_squared(dimension: int) -> float:
    """R², the median of χ² (Wilson and Hilferty)."""
    return dimension * (1 - 2 / (9 * dimension)) ** 3
