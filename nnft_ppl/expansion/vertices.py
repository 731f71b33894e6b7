r"""Which quartic vertex a theory has: what vertices of given forms make of four points, fitted to a measurement.

To first order a term λ V[φ] of the action adds $-\lambda\,\partial^4V/\partial\phi^4$ with a propagator at every leg:

$$S = \lambda\int\!dy\,\phi(y)^4: \quad G_4 = -24\,\lambda\int\!dy\,\prod_{a=1}^4G(x_a,y),$$

$$S = \lambda\int\!dy\,dz\,u(y,z)\,\phi(y)^2\phi(z)^2: \quad
G_4 = -8\,\lambda\sum_{3\ \mathrm{pairings}}\int\!dy\,dz\,u(y,z)\,G(x_i,y)\,G(x_j,y)\,G(x_k,z)\,G(x_l,z).$$

The second is the first for u = δ(y − z). Source: arXiv:2307.03223 (non-local vertices); docs/theory/expansion.md.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.expansion.conditional import BatchEstimate
from nnft_ppl.observables import partitions
from nnft_ppl.spaces import Space
from nnft_ppl.statistics import LinearFit, fit_linear

TwoPoints = Callable[[Array, Array], Array]
"""(x, y), each of shape (dim,) -> a number."""


def quartic_response(
    points: Float[ArrayLike, "*shape 4 dim"],
    propagator: TwoPoints,
    space: Space,
    nonlocal_factor: TwoPoints | None = None,
) -> Float[np.ndarray, "*shape"]:
    r"""Connected four-point function for each unit of the coupling of a quartic vertex, to first order.

    $-24\int dy\,\prod_a G(x_a, y)$ for the local $\int dy\,\phi(y)^4$; for
    $\int dy\,dz\,u(y,z)\,\phi(y)^2\phi(z)^2$ see the top of this file.

    Args:
        points: The x_a, shape (*shape, 4, dim).
        propagator: G(x, y), symmetric.
        space: Where the vertex is; its grid must resolve the propagators, and its ends lie beyond their range.
        nonlocal_factor: u(y, z), symmetric; None for the local vertex.

    Returns:
        Shape `shape`, in units of G⁴ times the measure of the vertex.

    Raises:
        TypeError: If points are not real numbers.
        ValueError: If points do not fit the space.
    """
    places = require_finite("quartic_response", "points", points)
    if places.ndim < 2 or places.shape[-2:] != (4, space.dim):
        raise ValueError(f"quartic_response: points have shape {places.shape}; give (*shape, 4, {space.dim})")
    flat = jnp.asarray(places.reshape(-1, 4, space.dim))

    def legs(y: Array) -> Array:
        return jax.vmap(jax.vmap(lambda x: propagator(x, y)))(flat)

    if nonlocal_factor is None:
        found = -24 * space.integrate(space.evaluate(lambda y: jnp.prod(legs(y), axis=1)))
        return np.asarray(found).reshape(places.shape[:-2])
    halves = np.array(list(partitions(range(4), [2])))
    ends = space.evaluate(lambda z: jnp.prod(legs(z)[:, halves[:, 1]], axis=-1))

    def both(y: Array) -> Array:
        factor = space.evaluate(lambda z: nonlocal_factor(y, z))
        near = jnp.prod(legs(y)[:, halves[:, 0]], axis=-1)
        return jnp.sum(near * space.integrate(factor[..., None, None] * ends), axis=1)

    return np.asarray(-8 * space.integrate(space.evaluate(both))).reshape(places.shape[:-2])


def fit_vertices(four_point: BatchEstimate, responses: Sequence[Float[ArrayLike, "*shape"]]) -> LinearFit:
    r"""Couplings of vertices from a measured connected four-point function, by generalised least squares.

    $G_4 = \sum_v \lambda_v R_v$ with the responses $R_v$ of `quartic_response`. A `p_value` that is tiny says that no
    couplings of such vertices make these four points: the vertex is of another form.

    Args:
        four_point: As `conditional_cumulant` gives it, more configurations than vertices.
        responses: Of each vertex, each of the shape of the four-point function.

    Returns:
        Coefficients are the couplings λ_v, in the order of the responses; χ² and its p-value.

    Raises:
        TypeError: If responses are not real numbers.
        ValueError: If shapes do not fit, or there are fewer values than vertices.
    """
    shapes = [require_finite("fit_vertices", "responses", one).shape for one in responses]
    if not shapes or any(shape != four_point.value.shape for shape in shapes):
        raise ValueError(
            f"fit_vertices: responses have shapes {shapes} and the four-point function {four_point.value.shape}; give "
            "one response of that shape for every vertex"
        )
    functions = np.stack([np.ravel(one) for one in responses], axis=1)
    return fit_linear(functions, four_point.value.ravel(), four_point.covariance, len(four_point.batches))
