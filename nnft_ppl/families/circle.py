r"""The free field on a circle or torus as a network of Fourier features, and what theories there are compared with.

$$\phi(t) = \frac{a_0}{m\sqrt T} + \sum_{n=1}^K \sqrt{\frac{2/T}{\omega_n^2 + m^2}}\,
  (a_n \cos\omega_n t + b_n \sin\omega_n t), \qquad \omega_n = 2\pi n/T, \quad a, b \sim N(0, 1)$$

Source: Fourier networks of arXiv:2504.05462; the normalisation is derived in docs/theory/circle.md and torus.md.
"""

from collections.abc import Sequence

import numpy as np
import numpyro
from jaxtyping import ArrayLike, Float
from numpyro import distributions as dist

from nnft_ppl.exact import free_circle_two_point
from nnft_ppl.fields import FourierSeries, free_scales


def fourier_network(period: float | Sequence[float], mass: float, modes: int) -> FourierSeries:
    """Sample the free field: sites `constant`, and `cosine` and `sine` of shape (mode,), all standard normal.

    Args:
        period: Length T of the circle, or the sides of a torus.
        mass: Mass m, in units of inverse length.
        modes: Number K of modes, along each axis.

    Raises:
        TypeError, ValueError: For an argument of the wrong type or out of range.
    """
    constant_scale, mode_scales = free_scales(period, mass, modes)
    scales = np.asarray(mode_scales)
    constant = numpyro.sample("constant", dist.Normal(0, 1))
    with numpyro.plate("mode", len(scales)):
        cosine = numpyro.sample("cosine", dist.Normal(0, 1))
        sine = numpyro.sample("sine", dist.Normal(0, 1))
    return FourierSeries(period, constant_scale * constant, scales * cosine, scales * sine)


def circle_separations(period: float) -> Float[np.ndarray, "separation"]:
    """Where two-point functions on a circle are measured: 0, T/8, T/4, T/2, shape (separation,).

    Args:
        period: Length T.
    """
    return np.array([0, 1 / 8, 1 / 4, 1 / 2]) * period


def missing_modes(t: Float[ArrayLike, "*point"], period: float, mass: float, modes: int) -> Float[np.ndarray, "*point"]:
    r"""What modes above K would add to the free propagator, $G_>(t) = G_{\rm free}(t) - G_{{\rm free},K}(t)$.

    Args:
        t: Distances along the circle, of any shape, which is that of the result.
        period: Length T.
        mass: Mass m.
        modes: Number K of modes.
    """
    times = np.asarray(t, float)
    return free_circle_two_point(times, period, mass) - free_circle_two_point(times, period, mass, modes=modes)
