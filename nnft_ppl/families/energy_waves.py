r"""The free scalar of plane waves with Cauchy's time momenta: its two-point function is positive at every cut-off.

$$\phi(t, x) = \sum_{i=1}^N w_i \cos(k_i t + p_i \cdot x + c_i), \qquad w_i^2 = \frac{V}{N E_i}, \quad
  V = \int_{|p|<\Lambda} \frac{d^{d-1}p}{(2\pi)^{d-1}}, \quad E_i = \sqrt{p_i^2 + m^2}$$

with p uniform in the ball |p| < Λ, $k_i \sim$ Cauchy(E_i), uniform phases. At every width

$$G(t, x) = \int_{|p|<\Lambda} \frac{d^{d-1}p}{(2\pi)^{d-1}}\, \frac{e^{ip \cdot x - E_p|t|}}{2E_p},$$

a sum of e^{−Et} with positive weights: reflection positive. Means of more fields are so at large N alone.

Source: derived in docs/theory/axioms.md.
"""

import math

import jax.numpy as jnp
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.densities import UniformBall
from nnft_ppl.exact import ball_moment
from nnft_ppl.fields import PlaneWaves

FREQUENCY_LAWS = ("cauchy", "gaussian")


def energy_waves(width: int, dim: int, mass: float, cutoff: float, frequency: str = "cauchy") -> PlaneWaves:
    """Sample the network: sites `momentum` (neuron, dim − 1), none in one dimension, `frequency` and `phase`.

    Args:
        width: Number N of waves.
        dim: Number d of coordinates, the time first, 1 to 4.
        mass: Mass m, in units of inverse length.
        cutoff: Radius Λ of the ball of spatial momenta; of no effect in one dimension.
        frequency: Law of k_i/E_i: `cauchy`, or `gaussian`, which has no states behind it.

    Returns:
        The field.

    Raises:
        TypeError, ValueError: For a keyword of the wrong type or out of range.
    """
    owner = "energy_waves"
    require_count(owner, "width", width)
    require_count(owner, "dim", dim, most=4)
    require_positive(owner, "mass", mass)
    require_positive(owner, "cutoff", cutoff)
    require_choice(owner, "frequency", frequency, FREQUENCY_LAWS)
    law = {"cauchy": dist.Cauchy, "gaussian": dist.Normal}[frequency]
    with numpyro.plate("neuron", width):
        space = numpyro.sample("momentum", UniformBall(dim - 1, cutoff)) if dim > 1 else jnp.zeros((width, 0))
        energy = jnp.sqrt(jnp.sum(jnp.asarray(space) ** 2, axis=1) + mass**2)
        rate = energy * numpyro.sample("frequency", law(0.0, 1.0))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
    volume = ball_moment(dim - 1, mass, cutoff, 0.0) if dim > 1 else 1.0
    momentum = jnp.concatenate([rate[:, None], space], axis=1)
    return PlaneWaves(jnp.ones(width), momentum, phase, weight=jnp.sqrt(volume / (width * energy)))
