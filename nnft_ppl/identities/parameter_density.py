r"""The density of a theory in its own parameters, P(θ) = Π_s p_s(θ_s) · exp(−S), and the edges of their supports.

Samplers work in reference coordinates, where nothing has an edge. Vector fields that read like physics (a dilatation
of momenta, say) are written in θ, and there a bounded site has a boundary through which probability flows.
"""

import math
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpyro import distributions as dist, handlers
from numpyro.infer.util import compute_log_probs

from nnft_ppl.densities import Ball
from nnft_ppl.identities.vector_fields import Values, VectorFieldError
from nnft_ppl.theory import Theory, base_distribution


@lru_cache(maxsize=4)
def parameter_density(theory: Theory) -> "ParameterDensity":
    """The density of a theory in its parameters, one for all vector fields: it keeps what it has found.

    Args:
        theory: Any theory.
    """
    return ParameterDensity(theory)


def real_values(theory: Theory, position: Array) -> dict[str, Array]:
    """The parameters at one point z by stored name, those of discrete sites in floating point.

    Derivatives are taken of all of them together, and there are none by integers; the density makes integers of them.

    Args:
        theory: Any theory.
        position: z, shape (dimension,).
    """
    values = theory.transport(position)
    return values | {name: jnp.asarray(values[name], position.dtype) for name in theory.discrete}


class Point(NamedTuple):
    """A theory at given parameters."""

    prior: Array
    """Σ_s ln p_s(θ_s). Scalar."""
    action: Array
    """S, of complex factors the real part. Scalar."""
    returned: Any
    """What the model returns: its field, or a tuple or dict of fields."""

    @property
    def log_density(self) -> Array:
        """Ln P(θ) = Σ_s ln p_s(θ_s) − S. Scalar."""
        return self.prior - self.action


class Edges(NamedTuple):
    """Entries of a site that lie between edges of their own; arrays of the site's shape."""

    low: np.ndarray
    """−∞ without a lower edge."""
    high: np.ndarray
    """∞ without an upper edge."""


class Spheres(NamedTuple):
    """Vectors along the last axis of a site that lie in balls."""

    radius: np.ndarray
    """Shape of the site without its last axis."""


Support = Edges | Spheres


class ParameterDensity:
    """ln P(θ) and the supports of a theory.

    Args:
        theory: The theory.
    """

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self._names = {site.label: site.name for site in theory.sites}
        self._supports: dict[str, Support] = {}
        start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0)) if theory.discrete else None
        shapes = jax.eval_shape(theory.transport, start) if theory.discrete else {}
        self._types = {name: shapes[name].dtype for name in theory.discrete}

    @cached_property
    def _draws(self) -> tuple[dict[str, Array], ...]:
        """Parameters of two free draws, between which no support should change."""
        return tuple(real_values(self.theory, self.theory.free_draw(jax.random.key(number))) for number in (0, 1))

    def at(self, values: Values) -> Point:
        """The theory at parameters given by stored name."""
        returned: list[Any] = []

        def run() -> None:
            returned.append(self.theory.run())

        whole = {name: value.astype(self._types[name]) for name, value in values.items() if name in self._types}
        parameters = {self._names[label]: value for label, value in {**values, **whole}.items()}
        terms, _ = compute_log_probs(run, (), {}, parameters)
        prior = sum((terms.pop(name) for name in parameters), start=jnp.zeros(()))
        action = -sum((jnp.real(term) for term in terms.values()), start=jnp.zeros(()))
        return Point(prior, action, returned[-1])

    def entry_log_probs(self, values: Values, label: str) -> Array:
        r"""Logarithm of a density of each entry alone, the others fixed; shape of the site.

        Of scalar entries it is their law; of entries $i$ of a Gaussian vector with precision $\Lambda$ that in which
        they are given the others, $\mathcal N(\theta_i - (\Lambda\delta)_i / \Lambda_{ii},\ 1 / \Lambda_{ii})$
        with $\delta = \theta - \mu$.

        Raises:
            VectorFieldError: For other laws of vectors.
        """
        fn, value = self._distribution(values, label), values[label]
        layer: Any = base_distribution(fn)
        if not layer.event_dim:
            return jnp.broadcast_to(layer.log_prob(value), jnp.shape(value))
        if isinstance(layer, dist.MultivariateNormal | dist.LowRankMultivariateNormal):
            precision = jnp.linalg.inv(layer.covariance_matrix)
            own = jnp.diagonal(precision, axis1=-2, axis2=-1)
            force = jnp.einsum("...ij,...j->...i", precision, value - layer.loc)
            return -0.5 * force**2 / own + 0.5 * jnp.log(own / (2 * math.pi))
        raise VectorFieldError(
            f"the flux through the edges of {label!r} ({type(layer).__name__}) is not known: its entries have no "
            "densities of their own; write the vector field in reference coordinates (ReferenceField)"
        )

    def inside(self, values: Values, label: str) -> Array:
        """Whether a site's value lies in its support, all of it. Scalar.

        Args:
            values: θ by stored name.
            label: The site's.
        """
        support: Any = self._distribution(values, label).support
        return jnp.all(support(values[label]))

    def support(self, label: str) -> Support:
        """The support of a site, looked at once.

        Raises:
            VectorFieldError: If it is none of an interval, a half-line, the line or a ball, if its edges are not the
                same in every draw, or if its entries have no density of their own.
        """
        if label not in self._supports:
            self._supports[label] = self._support_on_draws(label)
        return self._supports[label]

    def _support_on_draws(self, label: str) -> Support:
        first, second = (self._support(values, label) for values in self._draws)
        if isinstance(first, Edges):
            jax.eval_shape(lambda values: self.entry_log_probs(values, label), self._draws[0])
        for edge, other in zip(first, second, strict=True):
            if not np.array_equal(edge, other):
                raise VectorFieldError(
                    f"the edges of {label!r} depend on other sites, so that a moving boundary would add to its flux: "
                    "write the vector field in reference coordinates (ReferenceField)"
                )
        return first

    def _support(self, values: Values, label: str) -> Support:
        fn = self._distribution(values, label)
        support, shape = fn.support, np.shape(values[label])
        while isinstance(support, dist.constraints.independent):
            support = support.base_constraint
        if isinstance(support, Ball):
            return Spheres(np.broadcast_to(np.asarray(support.radius), shape[:-1]))
        low = getattr(support, "lower_bound", -np.inf)
        high = getattr(support, "upper_bound", np.inf)
        unbounded = support in (dist.constraints.real, dist.constraints.real_vector)
        if not unbounded and np.all(np.isinf(low)) and np.all(np.isinf(high)):
            raise VectorFieldError(
                f"the boundary of {label!r} ({type(support).__name__.lstrip('_')}) is not known here: write the vector "
                "field in reference coordinates (ReferenceField)"
            )
        return Edges(np.broadcast_to(np.asarray(low), shape), np.broadcast_to(np.asarray(high), shape))

    def _distribution(self, values: Values, label: str) -> dist.Distribution:
        parameters = {self._names[name]: value for name, value in values.items()}
        trace = handlers.trace(handlers.substitute(self.theory.run, data=parameters)).get_trace()
        return trace[self._names[label]]["fn"]
