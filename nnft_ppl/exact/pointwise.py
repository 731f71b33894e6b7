"""Two-point functions and energies of a function of a stationary Gaussian process, taken at each time by itself."""

from collections.abc import Callable

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_positive

POINTWISE = ("linear", "square", "cube", "sin", "erf", "relu", "tanh")
"""Functions f with E[f(u) f(u')] known: u, u^2, u^3, sin u, erf u, max(u, 0), tanh u."""
# exp(-37) of a normal's weight is beyond rounding; the trapezoidal rule converges exponentially for what is analytic.
_EDGE, _STEP = 8.6, 0.025


def pointwise_kernel(
    activation: str, correlation: Float[ArrayLike, "*point"], variance: float = 1.0
) -> Float[np.ndarray, "*point"]:
    r"""`K = E[f(u) f(u')]` of two normals of mean zero, of one variance `s` and correlation `r`.

    It is, for `linear`, s r; `square` s^2 (1 + 2 r^2); `cube` s^3 (9 r + 6 r^3); `sin` e^(-s) sinh(s r);
    `erf` (2/pi) arcsin(2 s r/(1 + 2 s)); `relu` s [sqrt(1 - r^2) + r (pi - arccos r)]/(2 pi); `tanh` by quadrature,
    to about 1e-12.

    Args:
        activation: Name of f, one of `POINTWISE`.
        correlation: r, -1 to 1, any shape.
        variance: s, positive.

    Returns:
        The mean, of the shape of the correlations.

    Raises:
        ValueError: If an argument lies outside its range.

    Source: C. K. I. Williams, Neural Computation 10 (1998) 1203 (erf); Y. Cho, L. K. Saul, NeurIPS 2009 (relu); the
        others by Hermite expansion, docs/theory/axioms.md.
    """
    owner = "pointwise_kernel"
    require_choice(owner, "activation", activation, POINTWISE)
    s, r = require_positive(owner, "variance", variance), require_finite(owner, "correlation", correlation)
    if np.any(np.abs(r) > 1):
        raise ValueError(f"{owner}: correlation = {r}; give numbers from -1 to 1")
    closed: dict[str, Callable[[], np.ndarray]] = {
        "linear": lambda: s * r,
        "square": lambda: s**2 * (1 + 2 * r**2),
        "cube": lambda: s**3 * (9 * r + 6 * r**3),
        "sin": lambda: np.exp(-s) * np.sinh(s * r),
        "erf": lambda: 2 / np.pi * np.arcsin(2 * s * r / (1 + 2 * s)),
        "relu": lambda: s / (2 * np.pi) * (np.sqrt(1 - r**2) + r * (np.pi - np.arccos(r))),
        "tanh": lambda: _by_quadrature(np.tanh, r, s),
    }
    return np.asarray(closed[activation]())


def _by_quadrature(function: Callable[[np.ndarray], np.ndarray], r: np.ndarray, s: float) -> np.ndarray:
    """E[f(u) f(u')] in the independent normals (u + u')/sqrt(2 + 2r), (u - u')/sqrt(2 - 2r), in units of sqrt(s)."""
    nodes, weights = _normal_rule()
    found = []
    for one in r.ravel():
        even = np.sqrt(s * (1 + one) / 2) * nodes[:, None]
        odd = np.sqrt(s * (1 - one) / 2) * nodes
        found.append(weights @ (function(even + odd) * function(even - odd)) @ weights)
    return np.array(found).reshape(r.shape)


def _normal_rule() -> tuple[np.ndarray, np.ndarray]:
    nodes = np.arange(-_EDGE, _EDGE + _STEP / 2, _STEP)
    return nodes, _STEP * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)


def hermite_weights(
    function: Callable[[Float[np.ndarray, "node"]], ArrayLike], states: int, variance: float = 1.0
) -> Float[np.ndarray, "state"]:
    r"""Overlaps `f_n^2 = |<n|f|0>|^2` of a function of an Ornstein-Uhlenbeck process with its states.

    `E[f(x_0) f(x_t)] = sum_n f_n^2 exp(-n omega |t|)` with `f_n = E[f(x) He_n(x/sqrt(s))]/sqrt(n!)`: all weights are
    positive, so that it is a transition amplitude of the levels `n omega`.

    Args:
        function: f, of NumPy arrays, analytic near the real line.
        states: Number of states n = 0, 1, ..., 1 to 64.
        variance: s, of the process.

    Returns:
        The weights, shape (state,), in units of f squared; f_0^2 is that of the vacuum, the mean squared.

    Raises:
        TypeError: If `states` is not an integer.
        ValueError: If an argument lies outside its range.

    Source: Mehler's formula; docs/theory/axioms.md.
    """
    require_count("hermite_weights", "states", states, most=64)
    require_positive("hermite_weights", "variance", variance)
    nodes, weights = _normal_rule()
    values = weights * np.asarray(function(np.sqrt(variance) * nodes), float)
    norms = np.sqrt(special.factorial(np.arange(states)))
    return np.array([float(values @ special.eval_hermitenorm(n, nodes)) / norms[n] for n in range(states)]) ** 2
