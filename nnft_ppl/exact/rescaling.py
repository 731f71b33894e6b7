"""The breaking function of a neuron's rescaling against functions of the output, for any activation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact.quadrature import interval_rule

# exp(-40) of a weight is beyond rounding.
_DEPTH = 40.0
_NODES = 400


class RescalingBreaking(NamedTuple):
    """Means of B F and of its part, dimensionless."""

    bounded: float
    """E[B tanh(phi^2)]."""
    squared: float
    """E[B phi^2]."""
    part: float
    """E[(v_1^2 - 1) phi^2], the size of one of the terms that cancel."""


def rescaling_breaking(
    activation: Callable[[Float[np.ndarray, "node"]], Float[np.ndarray, "node"]], width: int, variance: float
) -> RescalingBreaking:
    r"""`E[B F(phi)]` for `phi = sum_j v_j s(u_j)` and the rescaling of one neuron.

    `v_j ~ N(0, 1)`, and `u_j = w_j.x + c_j ~ N(0, variance)` of unit Gaussian weights and bias, so that given u and v
    the mean of `B = (number of weights and biases) - 1 - |w_1|^2 - c_1^2 + v_1^2` is `v_1^2 - u_1^2/variance`. Given u,
    `phi ~ N(0, T)` with `T = sum_j t_j^2`, `t = s(u)`, and integration by parts in v_1 leaves

    `E[B F] = E_u[(1 - u_1^2/variance) g(T) + 2 t_1^2 g'(T)]`, `g(T) = E[F(T^(1/2) z)]`.

    With `F = 1 - int_0^inf dk/pi h(k) cos(k phi)`, `h` the transform of `1 - tanh(phi^2)`, the average over u is one
    over each neuron by itself. For `s(u)` homogeneous of degree 1 it vanishes.

    Args:
        activation: s, on arrays; smooth on either side of 0.
        width: Number of neurons.
        variance: Of u, `|x|^2` and 1 for the bias.

    Returns:
        The means, to about 1e-12.

    Raises:
        TypeError, ValueError: If an argument lies outside its range.

    Source: derived here.
    """
    require_count("rescaling_breaking", "width", width)
    deviation = np.sqrt(require_positive("rescaling_breaking", "variance", variance))
    half, weight = interval_rule(0.0, np.sqrt(2 * _DEPTH), _NODES)
    unit = np.concatenate([-half[::-1], half])  # activations may have a kink at 0
    weight = np.concatenate([weight[::-1], weight]) * np.exp(-(unit**2) / 2) / np.sqrt(2 * np.pi)
    power = np.asarray(activation(deviation * unit), float) ** 2
    mean = float(weight @ power)
    momentum, measure = interval_rule(0.0, 1.2 * _DEPTH, _NODES)
    place, step = interval_rule(0.0, np.sqrt(_DEPTH / 2) + 0.5, _NODES)
    transform = 2 * np.cos(np.outer(momentum, place)) @ (step * (1 - np.tanh(place**2)))
    damping = np.exp(-np.outer(momentum**2 / 2, power))
    others = (damping @ weight) ** (width - 1)
    first = np.sum(weight * (1 - unit**2 - np.outer(momentum**2, power)) * damping, axis=1)
    bounded = -float(np.sum(measure * transform * others * first)) / np.pi
    return RescalingBreaking(bounded, 3 * mean - float(weight @ (unit**2 * power)), 2 * mean)
