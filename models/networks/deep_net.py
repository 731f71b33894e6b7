r"""A deep network in the plane: the recursion of its kernel, and the kurtosis of a finite width.

    φ(x) = W^{L+1} σ(W^L … σ(W¹ x + b¹) … + b^L) + b^{L+1},    W ~ N(0, σ_w²/inputs of its layer),   b ~ N(0, bias²)
    S = 0,   L = depth hidden layers of N = width neurons each

`activation` is "relu" (σ_w² = 2), "linear" (σ_w² = 1) or "erf" (σ_w² = 1). At infinite width
K⁰ = bias² + σ_w² x·y/2, K^{l+1} = bias² + σ_w² F(K^l), F the arc-cosine kernel, the identity, or the arcsine. Without
biases ⟨φ(x)²⟩ does not depend on the width for "relu" and "linear", and at one point
⟨φ⁴⟩/⟨φ²⟩² = 3 (1 + 5/N)^L and 3 (1 + 2/N)^L: what matters is L/N.

`two_point` at `configuration` (x, x), (x, y), (x, z) with x = (1, 0), y = (.6, .8), z = (0, 1); `kurtosis` at x.

Of "relu" at different points, and of "erf", the two-point function depends on the width from two hidden layers on. Its
term of order 1/N is known, and `exact` states L/N times the largest of these as truncation; where that is no small
part, L ≥ N, or ⟨φφ′⟩² would be above ⟨φ²⟩⟨φ′²⟩, nothing is known: NaN. The kurtosis with biases is not known.
`bias` None is 0, and 1 for "erf".
Control: `bias=1`, for which 3 (1 + 5/N)^L is wrong (where there are some none). Units: none. Source: arXiv:1711.00165
(recursion); the rest in docs/theory/architectures.md.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_non_negative
from nnft_ppl.exact import DEEP_ACTIVATIONS, deep_kernel, deep_kurtosis, deep_width_correction
from nnft_ppl.families import product_points
from nnft_ppl.fields import Dense
from nnft_ppl.observables import Derived, at, product
from nnft_ppl.spaces import Box

POINTS = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
PAIRS = POINTS[[[0, 0], [0, 1], [0, 2]]]
SIGMA_W = {"relu": math.sqrt(2), "linear": 1.0, "erf": 1.0}
BIAS = {"relu": 0.0, "linear": 0.0, "erf": 1.0}
FUNCTIONS = {"relu": jax.nn.relu, "linear": jnp.asarray, "erf": erf}


def model(depth=3, width=8, activation="relu", bias=None):
    """Layers of Gaussian weights, without an action."""
    require_count("deep_net", "depth", depth)
    require_count("deep_net", "width", width)
    require_choice("deep_net", "activation", activation, DEEP_ACTIVATIONS)
    deviation = BIAS[activation] if bias is None else require_non_negative("deep_net", "bias", bias)
    sizes, weights, biases = [2, *[width] * depth, 1], [], []
    for layer in range(depth + 1):
        inputs, outputs = sizes[layer], sizes[layer + 1]
        scale = SIGMA_W[activation] / math.sqrt(inputs)
        weight = numpyro.sample(f"weight_{layer + 1}", dist.Normal(0, 1).expand([outputs, inputs]).to_event(2))
        weights.append(scale * weight)
        shift = None
        if deviation:
            shift = deviation * numpyro.sample(f"bias_{layer + 1}", dist.Normal(0, 1).expand([outputs]).to_event(1))
        biases.append(shift)
    return Dense(weights, biases, FUNCTIONS[activation])


def space():
    """Points of the plane; the field is not integrated over them."""
    return Box(4.0, 2, points=2)


def observables():
    """The two-point function, and moments at one point and their ratio."""
    return {
        "two_point": product_points(PAIRS).in_units("1"),
        "fourth": product(*[at(POINTS[0])] * 4).in_units("1"),
        "kurtosis": Derived(lambda means: means["fourth"] / means["two_point"][0] ** 2),
    }


def exact(depth, width, activation, bias):
    """The recursion with its first correction in 1/N, and the kurtosis."""
    deviation = BIAS[activation] if bias is None else bias
    layers = activation, POINTS, depth, SIGMA_W[activation], deviation
    kernel, correction = deep_kernel(*layers), deep_width_correction(*layers) / width
    both, kernel, correction = kernel + correction, kernel[0], correction[0]
    truncation = np.where(correction == 0, 0.0, depth / width * np.max(np.abs(correction)))
    beyond = (both[0] ** 2 > both[0, 0] * np.diagonal(both) * (1 + 1e-12)) | (truncation >= np.abs(both[0]))
    lost = (correction != 0) & (beyond | (depth >= width))
    found = {"two_point": (np.where(lost, np.nan, both[0]), truncation)}
    if activation == "erf" or deviation:
        return found
    kurtosis = deep_kurtosis(activation, [width] * depth)
    return found | {"fourth": kurtosis * kernel[0] ** 2, "kurtosis": kurtosis}


def control(activation, bias):
    """Biases, or none."""
    return {"bias": 0.0 if (BIAS[activation] if bias is None else bias) else 1.0}
