r"""The free field on a circle or torus as a network of Fourier features, and what theories there are compared with.

$$\phi(t) = \frac{a_0}{m\sqrt T} + \sum_{n=1}^K \sqrt{\frac{2/T}{\omega_n^2 + m^2}}\,
  (a_n \cos\omega_n t + b_n \sin\omega_n t), \qquad \omega_n = 2\pi n/T, \quad a, b \sim N(0, 1)$$

Source: Fourier networks of arXiv:2504.05462; the normalisation is derived in docs/theory/circle.md and torus.md.
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
import numpyro
from jaxtyping import Array, ArrayLike, Float
from numpyro import distributions as dist
from scipy.fft import next_fast_len

from nnft_ppl.exact import free_circle_two_point
from nnft_ppl.fields import FourierSeries, free_scales
from nnft_ppl.observables import Observable, correlator_matrix
from nnft_ppl.spaces import Circle


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


def completed_odd_matrix(time: Float[ArrayLike, " time"], period: float, mass: float, modes: int) -> Observable:
    r"""Two-point functions of φ and φ³, averaged over the circle, of the field whose lowest K modes are there.

    The modes above are Gaussian and independent of those below, up to $O(\lambda/\omega_K^3)$, so that the average over
    them is known for every draw: with $\bar O = E_\chi[O]$, $\bar\phi = \phi_K$ and
    $\overline{\phi^3} = \phi_K^3 + 3 G_>(0)\phi_K$,

    $$C_{ij}(t) = \sum_k \frac{G_>(t)^k}{k!}\,\langle\overline{O_i^{(k)}}(0)\,\overline{O_j^{(k)}}(t)\rangle .$$

    Args:
        time: Distances t along the circle, shape (time,).
        period: Length T.
        mass: Mass m of the free field.
        modes: Number K of modes.

    Returns:
        Observable of shape (time, operator, other operator), disconnected, in units of mass^(-(p + q)/2).

    Source: derived in docs/theory/circle.md.
    """
    times = np.asarray(time, float)
    fine = Circle(period, points=next_fast_len(6 * modes + 2, real=True))  # resolves the square of φ³
    missing, between = (missing_modes(t, period, mass, modes) for t in (0.0, times))

    def cubic(phi: Array) -> Array:
        return phi**3 + 3 * missing * phi

    def slope(phi: Array) -> Array:
        return 3 * (phi**2 + missing)

    pairs = correlator_matrix(fine, [lambda phi: phi, cubic], times.tolist())
    slopes = correlator_matrix(fine, [slope], times.tolist())

    def completed(phi: FourierSeries) -> Array:
        values = pairs(phi)
        mixed, cubes = between * fine.average(slope(fine.evaluate(phi))), between * slopes(phi)[:, 0, 0]
        cubes = cubes + 18 * between**2 * values[:, 0, 0] + 6 * between**3
        added = jnp.stack([jnp.asarray(between, cubes.dtype), mixed, mixed, cubes], axis=-1)
        return values + added.reshape(values.shape)

    return Observable(completed, pairs.dims, pairs.coords)
