r"""A conformal integral as an average: four fields of a null Θ are the one-loop box of four dimensions.

    Φ(x) = (−2Θ·X)^{−1},    −2Θ·X = 1 + x² − 2 n·(x, (1 − x²)/2),    n uniform on the sphere S⁴ in R⁵;    S = 0

With t the stereographic image of n, −2Θ·X = 2(t − x)²/(1 + t²) in R⁴. A function of r fields of dimension Δ is
covariant where r Δ = D alone: of four fields with Δ = 1 in D = 4, ⟨Φ_1 ⋯ Φ_4⟩ = (3/8π²) ∫d⁴t Π_i (t − x_i)^{−2} =
(3/8) Φ(u, v)/(x_13² x_24²) with Φ(u, v) of the box, 3.1745963498 at the points below. The two-point function is not
covariant: −3 ln((1 − c)/2)/((1 + x²)(1 + y²)(1 + c)), c the cosine between the points on the sphere.

`configuration` 0 of `four_point_full` is 0, (1, 0, 0, 0), (.3, .8, 0, 0) and `fourth`, of which `two_point` takes the
first two; 1 is where a special conformal map carries them. `box` = (8/3) x_13² x_24² ⟨Φ_1 ⋯ Φ_4⟩. `covariance` and
`two_point_covariance` are G(x') Π Ω(x_i)/G(x), 1 where G is covariant.
Products of fields have poles at n = n_i and a logarithmically infinite variance. What is measured is bounded: poles of
the same strength and slope, of known mean, are taken off (docs/theory/conformal.md).

Control: a covariant two-point function, `two_point_covariance` = 1. Units: lengths arbitrary. Limits: four points on a
circle have real z. Source: arXiv:2409.12222; N. I. Usyukina and A. I. Davydychev, Phys. Lett. B 298 (1993) 363.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_finite
from nnft_ppl.exact import null_sphere_four_point, null_sphere_two_point, special_conformal
from nnft_ppl.observables import Derived, Observable
from nnft_ppl.spaces import Box

POINTS = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0.3, 0.8, 0, 0]])
SPECIAL = np.array([0.1, -0.2, 0.15, 0.0])
MEAN = 1.5  # of 1/(1 − n·n_i)


def model(fourth=(-0.4, 0.5, 0.9, 0.0)):
    """One direction n, without an action."""
    place = require_finite("null_sphere", "fourth", fourth)
    if place.shape != (4,) or not np.all(np.any(place != POINTS, axis=-1)):
        raise ValueError(f"null_sphere: fourth = {fourth}; give four numbers, a point other than the first three")
    direction = numpyro.sample("direction", dist.Normal(0, 1).expand([5]).to_event(1))
    n = direction / jnp.linalg.norm(direction)
    return lambda x: 1 / (1 + x @ x - 2 * n[:4] @ x - n[4] * (1 - x @ x))


def space():
    """Where the field is looked at; it is not integrated over it."""
    return Box(2.0, 4, points=4)


def configurations(fourth):
    """The points and their images, (configuration, factor, 4), and Ω at each point."""
    points = np.vstack([POINTS, fourth])
    images, growth = special_conformal(points, SPECIAL)
    return np.stack([points, images]), growth


def without_poles(points):
    """A bounded function of n with the average of Π_i Φ(x_i); points (configuration, factor, 4)."""
    square = np.sum(points**2, axis=-1, keepdims=True)
    poles = np.concatenate([2 * points, 1 - square], axis=-1) / (1 + square)
    one = np.eye(points.shape[1])
    cosine = poles @ np.swapaxes(poles, 1, 2)
    inverse = 1 / (1 - cosine + one) - one
    strength = np.prod(inverse + one, axis=-1)  # of the other factors at n_i
    slope = inverse @ poles - np.sum(inverse * cosine, axis=-1, keepdims=True) * poles  # of their logarithm, along S⁴

    def value(phi, values):
        n = values["direction"] / jnp.linalg.norm(values["direction"])
        near = 1 / (1 - poles @ n)
        singular = strength * (near * (1 + slope @ n) - MEAN)
        return (jnp.prod(near, axis=-1) - jnp.sum(singular, axis=-1)) / np.prod(1 + square[..., 0], axis=-1)

    return Observable(value, ("configuration",), {"configuration": (0, 1)}).in_units("1")


def observables(fourth):
    """Two and four points in both configurations, the box function, and tests of covariance."""
    points, growth = configurations(fourth)
    scale = 8 / 3 * np.prod(np.sum((points[0, 2:] - points[0, :2]) ** 2, axis=-1))

    def covariance(name, factors):
        return Derived(lambda means: means[name][1] / means[name][0] * np.prod(growth[:factors])).in_units("1")

    return {
        "two_point": without_poles(points[:, :2]),
        "four_point_full": without_poles(points),
        "box": Derived(lambda means: scale * means["four_point_full"][0]).in_units("1"),
        "covariance": covariance("four_point_full", 4),
        "two_point_covariance": covariance("two_point", 2),
    }


def exact(fourth):
    """The box function, and the two-point function in closed form."""
    points, growth = configurations(fourth)
    two, four = null_sphere_two_point(points[:, :2]), null_sphere_four_point(points)
    return {
        "two_point": two,
        "four_point_full": four,
        "box": 8 / 3 * np.prod(np.sum((points[0, 2:] - points[0, :2]) ** 2, axis=-1)) * four[0],
        "covariance": 1.0,
        "two_point_covariance": two[1] / two[0] * np.prod(growth[:2]),
    }


def control():
    """A covariant two-point function, which would need Δ = 2."""
    return {"two_point_covariance": 1.0}
