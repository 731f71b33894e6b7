r"""A network that reads an Ornstein–Uhlenbeck process at each time by itself: reflection positive, and not Markov.

    φ(t) = f(w x_t),    E[x_s x_t] = s e^{−ω|s−t|},    w = `weight`, s = `variance`, ω = `decay`;    S = 0

f is `activation`: "erf", "tanh", "sin", "relu", "linear", "square" (u²) or "cube" (u³). As x is a Markov process in
Euclidean time, φ is the quantum mechanics of a harmonic oscillator with the operator f(w x): for all functionals of
times > 0, M_ij = E[(ΘF_i)* F_j] ≥ 0. The field is known at −2/ω, ..., 2/ω in steps of 1/(20 ω), and nowhere else.

`two_point` = ⟨φ(0) φ(t)⟩ = Σ_n f_n² e^{−nωt}, averaged along the path, at `separation` 0, .3, .7, 1, 2 in units of 1/ω;
at .7 .2148104 for erf, 5.204006 cube, .1902848 sin, .3033617 ReLU. `commutator` = E[(φ(t+ε) − φ(t))²]/ε by `step` ε,
the canonical one for `linear` with s = 1/(2ω): (1 − e^{−ωε})/(ωε) -> 1, and 0 for what is smooth. Where f can be
inverted, `levels` of the operators φ, x and x³ (x or x³ alone where φ is the other) are ω and 3ω, and a third one that
stands for all others; `weights` |⟨n|φ|0⟩|² are .4244, .0314 for erf, and .5093, .0543 at s = ½, w = 2.

Control: a layer that mixes times, φ(t) = f(w (x_{t−a} + x_{t+a})/2) with a = `delay`, which is not reflection positive.
Units: times in those of 1/ω. Source: arXiv:2504.05462; kernels derived in docs/theory/axioms.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf, erfinv

from nnft_ppl.arguments import require_choice, require_non_negative, require_positive
from nnft_ppl.exact import hermite_weights, pointwise_kernel
from nnft_ppl.families import markov_path
from nnft_ppl.fields import Path
from nnft_ppl.observables import Derived, Observable, levels, overlaps
from nnft_ppl.spaces import Line

ACTIVATIONS = {"erf": erf, "tanh": jnp.tanh, "sin": jnp.sin, "relu": jax.nn.relu}
ACTIVATIONS |= {"linear": lambda u: u, "square": jnp.square, "cube": lambda u: u**3}
INVERSES = {"erf": erfinv, "tanh": jnp.arctanh, "linear": lambda phi: phi, "cube": jnp.cbrt}
LARGEST = {"erf": 1.7, "tanh": 4.0}
"""Of w √s, beyond which f rounds to 1 too often for its inverse."""
STEP, LAGS, STEPS, MATRIX = 0.05, np.array([0, 6, 14, 20, 40]), np.array([1, 2, 10]), np.array([0, 6])


def model(activation="erf", decay=1.0, variance=1.0, weight=1.0, delay=0.0):
    """The process at the times of the line, and the function of it."""
    require_choice("ornstein_uhlenbeck_net", "activation", activation, tuple(ACTIVATIONS))
    require_positive("ornstein_uhlenbeck_net", "variance", variance)
    require_positive("ornstein_uhlenbeck_net", "weight", weight)
    require_non_negative("ornstein_uhlenbeck_net", "delay", delay)
    times = np.array(space(decay).times)
    read = np.round([times - delay, times + delay], 12)
    path = markov_path("noise", np.unique(read), decay)
    mixed = jnp.mean(path.on_grid((read.ravel(),)).reshape(read.shape), axis=0)
    return Path(times, ACTIVATIONS[activation](weight * variance**0.5 * mixed))


def space(decay):
    """The times."""
    return Line(np.round(np.arange(-40, 41) * STEP / require_positive("ornstein_uhlenbeck_net", "decay", decay), 12))


def lagged(features, lag):
    """Products O_i(s) O_j(s + lag), symmetric, averaged along the path."""
    count = features.shape[1] - lag
    found = jnp.matmul(features[:, :count], features[:, lag:].T, precision=jax.lax.Precision.HIGHEST) / count
    return (found + found.T) / 2


def observables(activation, decay, variance, weight):
    """Two-point function and roughness along the path; the matrix of three operators, and its levels."""
    line, unit, scale = space(decay), STEP / decay, weight * variance**0.5

    def two_point(phi):
        return jnp.stack([lagged(line.evaluate(phi)[None], lag)[0, 0] for lag in LAGS])

    def commutator(phi):
        values = line.evaluate(phi)
        return jnp.stack([jnp.mean((values[step:] - values[:-step]) ** 2) / (step * unit) for step in STEPS])

    def matrix(phi):
        values = line.evaluate(phi)
        edge = 1 - jnp.finfo(values.dtype).epsneg if activation in LARGEST else jnp.inf
        x = INVERSES[activation](jnp.clip(values, -edge, edge)) / scale
        others = {"linear": [x**3], "cube": [x]}.get(activation, [x, x**3])  # φ is one of them
        features = jnp.stack([values, *others])
        return jnp.stack([lagged(features, lag) for lag in MATRIX])

    found = {
        "two_point": Observable(two_point, ("separation",), {"separation": tuple(unit * LAGS)}),
        "commutator": Observable(commutator, ("step",), {"step": tuple(unit * STEPS)}),
    }
    if activation in INVERSES and scale <= LARGEST.get(activation, np.inf):
        found["matrix"] = Observable(matrix, ("time", "operator", "other_operator"), hidden=True)
        squares = overlaps("matrix", unit * MATRIX)
        found["levels"] = levels("matrix", unit * MATRIX)
        found["weights"] = Derived(lambda means: squares(means)[0], ("matrix.level",))
    return found


def exact(activation, decay, variance, weight, delay):
    """The kernel of the activation, and the oscillator's levels."""

    def kernel(units):
        lags = np.abs(np.add.outer(units / decay, [0.0, 0.0, 2 * delay, -2 * delay]))
        size = (1 + np.exp(-2 * decay * delay)) / 2
        correlation = np.minimum(np.mean(np.exp(-decay * lags), axis=-1) / size, 1)
        return pointwise_kernel(activation, correlation, weight**2 * variance * size)

    found = {"two_point": kernel(LAGS * STEP)}
    found["commutator"] = 2 * (kernel(np.zeros(1)) - kernel(STEPS * STEP)) / (STEPS * STEP / decay)
    if "levels" in observables(activation, decay, variance, weight) and not delay:
        weights = hermite_weights(lambda u: np.asarray(ACTIVATIONS[activation](u)), 4, weight**2 * variance)[[1, 3]]
        weights = np.where(weights > 1e-12, weights, np.nan)  # the square of nothing has no error of first order
        others = 0 if activation in {"linear", "cube"} else 1  # the level that stands for all but ω and 3ω
        for name, two in (("levels", decay * np.array([1.0, 3.0])), ("weights", weights)):
            found[name] = np.pad(two, (0, others), constant_values=np.nan)
    return found


def control(delay):
    """A layer that mixes times."""
    return {} if delay else {"delay": 0.5}
