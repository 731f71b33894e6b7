"""Real spherical harmonics and their gradients, as tables."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_finite


def harmonics_table(
    degree: int, height: Float[ArrayLike, " point"], azimuth: Float[ArrayLike, " point"]
) -> tuple[Float[ndarray, "point harmonic"], Float[ndarray, "2 point harmonic"]]:
    r"""Real orthonormal harmonics Y_lm at points of the unit sphere, and their gradients along it.

    In order and signs they are those of `nnft_ppl.fields.Harmonics`, at the place l² + l + m.

    Args:
        degree: Highest degree L.
        height: z = cos θ of the points, between the poles.
        azimuth: α of the points.

    Returns:
        Y_lm, shape (point, (L+1)²); and ∂_θ Y_lm and ∂_α Y_lm/sin θ, shape (2, point, (L+1)²).

    Raises:
        TypeError, ValueError: If an argument is no number or out of range.

    Example:
        >>> values, slopes = harmonics_table(1, [0.6], [0.0])
        >>> print(np.abs(values[0] / np.sqrt(3 / (4 * np.pi))).round(6))  # 1/√3, y, z, x
        [0.57735 0.      0.6     0.8    ]

    Source: SciPy's complex harmonics, without their factor (−1)^m.
    """
    from scipy.special import sph_harm_y

    owner = "harmonics_table"
    require_count(owner, "degree", degree, least=0)
    z, alpha = (require_finite(owner, name, one) for name, one in (("height", height), ("azimuth", azimuth)))
    if z.ndim != 1 or z.shape != alpha.shape or np.any(np.abs(z) >= 1):
        raise ValueError(f"{owner}: height and azimuth are {z.shape} and {alpha.shape} numbers; give as many, |z| < 1")
    l, m = np.array([(l, m) for l in range(degree + 1) for m in range(-l, l + 1)]).T
    polar = np.arccos(z)[:, None]
    found, turned = sph_harm_y(l, np.abs(m), polar, alpha[:, None], diff_n=1)
    norm = np.where(m == 0, 1, math.sqrt(2) * (-1.0) ** m)
    along = np.stack([turned[..., 0], turned[..., 1] / np.sin(polar)])
    values, slopes = (norm * np.where(m < 0, np.imag(one), np.real(one)) for one in (found, along))
    return values, slopes
