r"""A conformal field on the projective null cone: a power of Θ·X, of negative dimension.

    Φ(x) = (Θ·X)^p,    Θ·X = iΘ_0 (1 + x²)/2 + Σ_j Θ_j x_j + Θ_{D+1} (1 − x²)/2,    Δ = −p;    S = 0
    Θ ~ N(0, 1)^{D+2}, or uniform on the sphere of radius √(D+2)

The i makes rotations of Θ into conformal maps of x, for averages of products without conjugation: with X·Y = −(x−y)²/2,
⟨Φ(x) Φ(y)⟩ = p! (X·Y)^p and ⟨Φ_1 ⋯ Φ_4⟩ = Σ_{a+b+c=p} (p!)⁴/(a! b! c!)² (X_1·X_2 X_3·X_4)^a (X_1·X_3 X_2·X_4)^b
(X_1·X_4 X_2·X_3)^c for Gaussian Θ; those of the sphere are smaller by the moments of its radius, so that it interacts.

`configuration` 0 is (0, 0, 0), (1, 0, 0), (.3, .8, 0), (−.4, .5, .9), of which `two_point` takes the first two; 1 where
a special conformal map carries them. `covariance` = G_4(x')/(Π Ω(x_i)^p G_4(x)), 1 for a conformal field.
`cross_ratio_function` = G_4/(x_12² x_34²)^p: g(u, v) at the points, and g(v, u) at the images with 1 and 3 exchanged;
`crossing` = g(u, v)/((v/u)^p g(v, u)), 1 for a conformal field. Symmetries: `dilatation`, `special_conformal`.
Averages over Gaussian Θ are taken by hand, all at p = 1, those over its length at p > 1, where those of products as
they are have heavy tails.

Control: `embedding="real"`, without the i, which is not even invariant under translations. A negative power is a
control, too: poles of 1/(Θ·X) break the symmetry, and ⟨1/(Θ·X Θ·Y)⟩ is another function, without a finite variance.
Units: lengths arbitrary. Source: arXiv:2409.12222; derived in docs/theory/conformal.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count
from nnft_ppl.exact import (
    THETA_LAWS,
    cross_ratios,
    length_moment,
    null_cone_inverse,
    null_cone_moment,
    special_conformal,
)
from nnft_ppl.fields import NullCone
from nnft_ppl.observables import Derived, Observable, n_point
from nnft_ppl.spaces import Box
from nnft_ppl.symmetries import Symmetry

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 0.9]])
SPECIAL = np.array([0.1, -0.2, 0.15])


def model(power=1, dim=3, theta="gaussian", embedding="null"):
    """One vector Θ, without an action."""
    require_count("null_cone", "power", abs(power))
    require_count("null_cone", "dim", dim)
    require_choice("null_cone", "theta", theta, THETA_LAWS)
    require_choice("null_cone", "embedding", embedding, ("null", "real"))
    vector = numpyro.sample("theta", dist.Normal(0, 1).expand([dim + 2]).to_event(1))
    if theta == "sphere":
        vector = vector * jnp.sqrt((dim + 2) / jnp.sum(vector**2))
    return NullCone(vector, power, lorentzian=embedding == "null")


def space(dim):
    """Where the field is looked at; it is not integrated over it."""
    return Box(2.0, dim, points=4)


def configurations(dim):
    """The points and their images, (configuration, factor, dim), and Ω at each point."""
    points = np.pad(np.vstack([POINTS, SPECIAL]), ((0, 0), (0, max(dim - 3, 0))))[:, :dim]
    images, growth = special_conformal(points[:4], points[4])
    return np.stack([points[:4], images]), growth


def ratio_scale(dim, power):
    """(x_12² x_34²)^p of the points, and of the images with 1 and 3 exchanged."""
    points, images = configurations(dim)[0]
    pairs = [[points[0] - points[1], points[2] - points[3]], [images[2] - images[1], images[0] - images[3]]]
    return np.prod(np.sum(np.square(pairs), axis=-1), axis=-1) ** power


def observables(power, dim, theta):
    """Two and four points in both configurations, and what conformal symmetry says of them."""
    points, growth = configurations(dim)
    u, v = cross_ratios(points[0])
    label = {"dims": ("configuration",), "coords": {"configuration": (0, 1)}}

    def correlator(places):
        raw, degree = n_point(places, **label), power * places.shape[1]
        if theta == "sphere" or power < 2:
            return raw
        mean = length_moment(dim + 2, degree)  # the average over the length of Θ, by hand
        return Observable(lambda phi: raw(phi) * mean / jnp.sum(phi.theta**2) ** (degree / 2), **label)

    def covariance(means):
        four = means["four_point_full"]
        return four[1] / four[0] / np.prod(growth) ** power

    def crossing(means):
        ratios = means["cross_ratio_function"]
        return ratios[0] / ratios[1] * (u / v) ** power

    return {
        "two_point": correlator(points[:, :2]).in_units("1"),
        "four_point_full": correlator(points).in_units("1"),
        "covariance": Derived(covariance).in_units("1"),
        "cross_ratio_function": Derived(lambda means: means["four_point_full"] / ratio_scale(dim, power), **label),
        "crossing": Derived(crossing).in_units("1"),
    }


def exact(power, dim, theta, embedding):
    """Wick's theorem, and the moments of the length of Θ; of the power −1 the two-point function."""
    points, _ = configurations(dim)
    if embedding == "real" or power < -1:
        return {}
    if power == -1:
        return {"two_point": null_cone_inverse(points[:, :2], theta)}
    four = null_cone_moment(points, power, theta)
    return {
        "two_point": null_cone_moment(points[:, :2], power, theta),
        "four_point_full": four,
        "covariance": 1.0,
        "cross_ratio_function": four / ratio_scale(dim, power),
        "crossing": 1.0,
    }


def symmetries(power, dim, embedding):
    """Rotations of Θ in a plane with its first or last coordinate, and the conformal maps that they carry out."""
    points = configurations(dim)[0][0]
    unit = 1j if embedding == "null" else 1.0

    def conformal(factor, vector, growth):
        """Φ -> factor (ξ·∂ + Δ σ) Φ, of the conformal Killing vector ξ with ∂·ξ = D σ."""

        def variation(phi, x):
            value, slope = jax.jvp(phi, (x,), (vector(x),))
            return factor * (slope - power * growth(x) * value)

        return variation

    def rotation(i, j):
        return lambda values: {"theta": jnp.zeros(dim + 2).at[i].set(-values["theta"][j]).at[j].set(values["theta"][i])}

    first = np.eye(dim)[0]
    pair = n_point(points[1:3])
    shared = {"points": points[1:], "functionals": {"ΦΦ": pair}}
    return {
        "dilatation": Symmetry(conformal(unit, lambda x: x, lambda x: 1.0), rotation(0, dim + 1), **shared),
        "special_conformal": Symmetry(
            [
                conformal(unit, lambda x: (first * (1 + x @ x)) / 2 - x[0] * x, lambda x: -x[0]),
                conformal(1.0, lambda x: (first * (1 - x @ x)) / 2 + x[0] * x, lambda x: x[0]),
            ],
            [rotation(1, 0), rotation(1, dim + 1)],
            **shared,
        ),
    }


def control(embedding):
    """The embedding without its i, or with it."""
    return {"embedding": "real" if embedding == "null" else "null"}
