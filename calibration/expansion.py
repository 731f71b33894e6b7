"""How connected functions fall with the width, by a million networks of each width, and Edgeworth's orders."""

import math
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from calibration.rows import Row
from nnft_ppl import family
from nnft_ppl.exact import cosine_connected
from nnft_ppl.expansion import Scaling, scaling_exponent
from nnft_ppl.fields import Dense, PlaneWaves

NETWORKS = 1_000_000
WIDTHS = [2, 4, 8, 16]
FOUR = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2]], float)[..., None]
SIX = np.array([[0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5]], float)[..., None]
SHARPEST = 0.01
"""The error of an exponent, at most."""
NEAR = 0.03
"""How near an exponent is to N^{1−k}, relatively."""


def positive_part(x):
    """The activation of a ReLU network, by a name of its own."""
    return jnp.maximum(x, 0)


def relu(width=2):
    """A ReLU network of one input, without biases: 15/N and 660/N² in units of the two-point function ½."""
    with numpyro.plate("neuron", width):
        output = jnp.asarray(numpyro.sample("output", dist.Normal(0, width**-0.5)))
        weight = jnp.asarray(numpyro.sample("weight", dist.Normal(0, 1)))
    return Dense((weight[:, None], output[None]), (None, None), positive_part)


def one_amplitude(width=2):
    """A cos-net all of whose amplitudes have one random factor in common, of squared size 1 ± 1."""
    with numpyro.plate("neuron", width):
        momentum = jnp.asarray(numpyro.sample("momentum", dist.Normal(0, 1)))
        phase = jnp.asarray(numpyro.sample("phase", dist.Uniform(-math.pi, math.pi)))
        amplitude = jnp.asarray(numpyro.sample("amplitude", dist.Normal(0, 1)))
    squared = jnp.asarray(numpyro.sample("squared", dist.Exponential(1.0)))
    return PlaneWaves(jnp.sqrt(squared) * amplitude, momentum[:, None], phase, weight=width**-0.5)


def rows(fraction: float) -> Iterator[Row]:
    number = int(NETWORKS * fraction)
    for points, law, seed in ((FOUR, -1, 1), (SIX, -2, 2)):
        scaling = scaling_exponent(family("cos_net", width=WIDTHS), points, number, seed)
        exact = [[cosine_connected(one, width, 1.0, 1.0, "gaussian") for one in points] for width in WIDTHS]
        yield from _exponent(f"cos-net, {points.shape[1]} points, {number} networks", scaling, law, fraction)
        yield _worst(f"cos-net, {points.shape[1]} points at N = {WIDTHS}", scaling, np.array(exact))
    for order, times, seed in ((4, 15 / 2**2, 3), (6, 660 / 2**3, 4)):
        scaling = scaling_exponent(family(relu, width=[2, 3, 4]), np.ones((order, 1)), number, seed)
        law = 1 - order // 2
        exact = np.array([times * float(width) ** law for width in (2, 3, 4)])
        yield _worst(f"ReLU network, {order} equal points at N = 2, 3, 4, {number} networks", scaling, exact)
    scaling = scaling_exponent(family(one_amplitude, width=WIDTHS), FOUR, number // 10, 5)
    # Where χ² contradicts every power there is no error.
    far = np.abs(scaling.exponent.value + 1) > 6 * np.nan_to_num(scaling.exponent.error)
    yield Row("one amplitude in common: places of 3 at which the inverse width is rejected", float(np.sum(far)), 3, 3)


def _exponent(what: str, scaling: Scaling, law: int, fraction: float) -> Iterator[Row]:
    for place, (value, error) in enumerate(zip(scaling.exponent.value, scaling.exponent.error, strict=True)):
        claim = f"exponent of {what}, place {place}: {value:.4f} ± {error:.4f}"
        yield Row(f"{claim}, from {law} in errors", (value - law) / error, -5, 5)
        yield Row(f"{claim}, over {law}", value / law, 1 - NEAR, 1 + NEAR)
        yield Row(f"{claim}, relative error", error / abs(law), 0, SHARPEST / math.sqrt(fraction))


def _worst(what: str, scaling: Scaling, exact: np.ndarray) -> Row:
    pull = np.abs(scaling.connected.value - exact) / scaling.connected.error
    return Row(f"largest pull of {what}", float(np.max(pull)), 0, 5)
