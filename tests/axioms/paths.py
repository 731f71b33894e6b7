"""Draws of processes behind a mirror and at the images in it, without any theory."""

import numpy as np

from nnft_ppl.axioms import Mirrored, Reflection, Rung

MIRROR = Reflection("plane", (0.0,), 5.0)


def gaussian(rng, kernel, times, number):
    """A Gaussian process of a covariance, 4 chains."""
    points = np.array([*times, *(-time for time in times)])
    variances, directions = np.linalg.eigh(kernel(np.abs(points[:, None] - points)))
    values = rng.normal(size=(4, number // 4, len(points))) @ (directions * np.sqrt(np.maximum(variances, 0))).T
    return mirrored(times, values)


def waves(rng, times, number, width):
    """Σ cos(b t + c)/√N with b of Cauchy's law, whose two-point function is e^{−|t|}/2."""
    momentum = rng.standard_cauchy((4, number // 4, width, 1))
    phase = rng.uniform(0, 2 * np.pi, momentum.shape)
    points = np.array([*times, *(-time for time in times)])
    return mirrored(times, np.cos(momentum * points + phase).sum(2) / width**0.5)


def split(rng, times, number):
    """θ₀ e^{−t} + θ± √(1 − e^{−2t}), independent on both sides given θ₀."""
    middle, behind, before = rng.normal(size=(3, 4, number // 4, 1))
    decay = np.exp(-np.array(times))
    return mirrored(
        times, np.concatenate([middle * decay + one * (1 - decay**2) ** 0.5 for one in (behind, before)], -1)
    )


def mirrored(times, values):
    """One field at the times, then at their images."""
    half = len(times)
    return Mirrored(Rung(MIRROR, tuple(times)), values[..., :half, None], values[..., half:, None])
