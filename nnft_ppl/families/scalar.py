r"""The engineered scalar: a plane-wave network with propagator 1/(p² + m²), shared by the free and the φ⁴ model.

$$\phi(x) = \sqrt{2 Z_\alpha / N} \sum_{i=1}^N a_i\, G(b_i)^{-\alpha/2} \cos(b_i \cdot x + c_i), \qquad
  G(p) = \frac{1}{p^2 + m^2}, \quad Z_\alpha = \int_{|p|<\Lambda} \frac{d^dp}{(2\pi)^d}\, G(p)^{1+\alpha}$$

with momenta of density ∝ G^{1+α} in the ball |b| < Λ, uniform phases and amplitudes with E a² = 1. The two-point
function is ∫_{|p|<Λ} d^dp/(2π)^d e^{ipx} G(p) at every width N and every α.

Source: α = −1 is arXiv:2307.03223 (uniform momenta, propagator amplitudes); α = 0 is the case of arXiv:2604.27050 whose
finite-width corrections do not grow with the cut-off; the normalisation and the three amplitude laws are derived in
docs/theory/scalar.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from jaxtyping import Array, ArrayLike, Float
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.densities import PropagatorMomentum, UniformBall
from nnft_ppl.exact import ball_moment, ball_propagator, box_mean_squared, coincident_fourth_cumulant
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import Derived, Observable, at, box_average, connected, mean_squared, two_point
from nnft_ppl.spaces import Box

FOURTH_MOMENTS = {"gaussian": 3.0, "constant": 1.0, "pair": 2.0}
"""E a⁴ of the amplitude laws, all with E a² = 1; `pair` is an independent Gaussian cosine and sine."""


def scalar_network(width: int, dim: int, mass: float, cutoff: float, alpha: int, amplitude: str) -> PlaneWaves:
    """Sample the network: sites `momentum` (neuron, dim), and `amplitude` and `phase` as the law needs them.

    Args:
        width: Number of neurons N.
        dim: Dimension of space, 1 to 4.
        mass: Mass m, in units of inverse length.
        cutoff: Radius Λ of the momentum ball, in units of inverse length.
        alpha: −1 (uniform momenta, propagator amplitudes) or 0 (momenta from the propagator, constant amplitudes).
        amplitude: `gaussian`, `constant` or `pair`.

    Raises:
        TypeError, ValueError: For a keyword of the wrong type or out of range.
    """
    owner = "scalar_network"
    require_count(owner, "width", width)
    require_count(owner, "dim", dim, most=4)
    require_positive(owner, "mass", mass)
    require_positive(owner, "cutoff", cutoff, infinite=True)
    require_choice(owner, "alpha", alpha, (-1, 0))
    require_choice(owner, "amplitude", amplitude, tuple(FOURTH_MOMENTS))
    with numpyro.plate("neuron", width):
        law = UniformBall(dim, cutoff) if alpha == -1 else PropagatorMomentum(dim, mass, cutoff)
        momentum = numpyro.sample("momentum", law)
        if amplitude == "pair":
            pair = numpyro.sample("amplitude", dist.Normal(0, math.sqrt(0.5)).expand([2]).to_event(1))
            return PlaneWaves(pair, momentum, weight=_weight(momentum, width, dim, mass, cutoff, alpha))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        size = numpyro.sample("amplitude", dist.Normal(0, 1)) if amplitude == "gaussian" else jnp.ones(width)
    return PlaneWaves(size, momentum, phase, weight=_weight(momentum, width, dim, mass, cutoff, alpha))


def _weight(momentum: ArrayLike, width: int, dim: int, mass: float, cutoff: float, alpha: int) -> Array:
    """sqrt(2 Z_α/N) G(b)^{−α/2} of each neuron."""
    scale = math.sqrt(2 * ball_moment(dim, mass, cutoff, 1 + alpha) / width)
    return scale * (jnp.sum(jnp.asarray(momentum) ** 2, axis=-1) + mass**2) ** (alpha / 2)


def scalar_box(side: float, dim: int, cutoff: float) -> Box:
    """The box, with a grid that resolves φ⁴ of a field with momenta up to the cut-off; Args as for `scalar_exact`."""
    return Box(side, dim, bandlimit=4 * cutoff if math.isfinite(cutoff) else None)


def scalar_observables(side: float, dim: int, mass: float, cutoff: float) -> dict[str, Observable | Derived]:
    """`two_point` at r = (0, ½, 1, 2)/m up to side/2; box averages `phi_squared`, `phi_fourth`, `mean_squared`.

    `four_point` is the connected one with all four points at the origin.

    Args as for `scalar_exact`.
    """
    box = scalar_box(side, dim, cutoff)
    squared, fourth = _mass_unit(dim - 2), _mass_unit(2 * dim - 4)
    pairs, origin = two_point(scalar_separations(side, mass).tolist(), dim), at(np.zeros(dim))
    return {
        "two_point": pairs.in_units(squared, separation="1/mass"),
        "phi_squared": box_average(box, 2).in_units(squared),
        "phi_fourth": box_average(box, 4).in_units(fourth),
        "mean_squared": mean_squared(box).in_units(squared),
        "four_point": connected(origin, origin, origin, origin, even=True),
    }


def _mass_unit(power: int) -> str:
    """A power of the unit in which masses are given."""
    return {0: "1", 1: "mass", -1: "1/mass"}.get(power, f"mass^{power}")


def scalar_separations(side: float, mass: float) -> np.ndarray:
    """Distances r = (0, ½, 1, 2)/m, capped at side/2; shape (point,). Args as for `scalar_exact`."""
    return np.unique(np.minimum(np.array([0.0, 0.5, 1.0, 2.0]) / mass, side / 2))


def scalar_exact(
    width: int, dim: int, side: float, mass: float, cutoff: float, alpha: int, amplitude: str
) -> dict[str, np.ndarray]:
    """Exact values of the free theory at this cut-off and width, of the shapes of `scalar_observables`.

    Args:
        width: Number of neurons N.
        dim: Dimension of space, 1 to 4.
        side: Edge of the box, in units of length.
        mass: Mass m, in units of inverse length.
        cutoff: Radius Λ of the momentum ball, in units of inverse length.
        alpha: −1 or 0, as for `scalar_network`.
        amplitude: Law of the amplitudes: `gaussian`, `constant` or `pair`.
    """
    two_point_exact = ball_propagator(scalar_separations(side, mass), dim, mass, cutoff)
    squared = float(two_point_exact[0])
    fourth = coincident_fourth_cumulant(width, dim, mass, cutoff, alpha, FOURTH_MOMENTS[amplitude])
    averaged = box_mean_squared(side, dim, mass, cutoff) if math.isfinite(cutoff) else math.nan
    return {
        "two_point": two_point_exact,
        "phi_squared": np.array(squared),
        "phi_fourth": np.array(3 * squared**2 + fourth),
        "mean_squared": np.array(averaged),
        "four_point": np.array(fourth),
    }


def scalar_control(dim: int, side: float, mass: float, cutoff: float) -> dict[str, np.ndarray]:
    """What the two-point function must not be: the propagator without a cut-off, infinite at r = 0 in d ≥ 2.

    Empty where there is no cut-off. Args as for `scalar_exact`.
    """
    if math.isinf(cutoff):
        return {}
    return {"two_point": ball_propagator(scalar_separations(side, mass), dim, mass)}


def scalar_curves(
    dim: int, side: float, mass: float, cutoff: float
) -> dict[str, tuple[Float[np.ndarray, "point"], Float[np.ndarray, "point"]]]:
    """The free two-point function between the separations that are measured, for drawing; arrays of shape (point,).

    Args as for `scalar_exact`.
    """
    places = np.linspace(0, scalar_separations(side, mass)[-1], 101)
    return {"two_point": (places, ball_propagator(places, dim, mass, cutoff))}
