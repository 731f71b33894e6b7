r"""Probability that a vector field carries through the edges of parameter space.

    B[V, F] = Σ_edges ∫ dθ_{−i} P(θ) F V·n = Σ_edges E[ q(θ_i) P(θ')/P(θ) F(θ') V(θ')·n ],    θ' = θ at the edge

where the entry θ_i of a draw is moved to the edge, and q is any normalised density of that entry that does not depend
on where it is: the prior of the entry for intervals and half-lines. A vector in a ball of radius R moves along its own
direction to the sphere; there q(r) (R/r)^{d−1} with q(r) = d r^{d−1}/R^d is d/R.

The same expression with an edge ever farther out tells whether something is lost at infinity, where heavy tails and a
fast vector field can carry a finite flux that no boundary shows.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.identities.parameter_density import Edges, ParameterDensity, Spheres
from nnft_ppl.identities.vector_fields import Values, VectorFieldError

MOST_EDGES = 4096
"""The most edges of one site, each of which costs the density once for every draw."""
FAR = (1e5, 1e7)
"""Where an unbounded entry is put, in units of 1 + |θ_i|, to see what is lost at infinity."""

LARGEST_RATIO = 80.0
"""Logarithm at which P(θ')/P(θ) is cut: a draw so far out has no weight that a number could hold."""

Components = Callable[[Values], Mapping[str, Array]]
Functional = Callable[[Any, Values], Array]


class TooManyEdgesError(VectorFieldError):
    """So many edges that the flux through them would cost too much; another width may have fewer."""


class Flux:
    """B[V, F] of one vector field, draw by draw.

    Args:
        density: The density in θ.
        components: θ -> {site: component of V}, all sites.
        functional: (what the model returns, parameters) -> F, an array of any shape.
        sites: Names of the sites that V moves.

    Raises:
        VectorFieldError: If the flux through the edges of a moved site cannot be computed.
    """

    def __init__(
        self, density: ParameterDensity, components: Components, functional: Functional, sites: list[str]
    ) -> None:
        self.density, self.components, self.functional = density, components, functional
        self.supports = {label: density.support(label) for label in sites}
        for label, support in self.supports.items():
            edges = np.size(support.radius) if isinstance(support, Spheres) else _finite(support)
            if edges > MOST_EDGES:
                raise TooManyEdgesError(
                    f"{label!r} has {edges} edges, each of which would cost the density once for every draw (at most "
                    f"{MOST_EDGES}): take fewer neurons, or write the vector field in reference coordinates "
                    "(ReferenceField)"
                )

    @property
    def bounded(self) -> tuple[str, ...]:
        """Names of the moved sites that have an edge."""
        edges = self.supports.items()
        return tuple(label for label, one in edges if isinstance(one, Spheres) or _finite(one))

    def through_edges(self, values: Values) -> Array:
        """The draw's share of B[V, F], of the shape of F; its average over draws is B."""
        return self.with_size(values)[0]

    def with_size(self, values: Values) -> tuple[Array, Array]:
        """The draw's share of B[V, F], and the sum of the sizes of what leaves through each edge, of the shape of F."""
        log_density = self.density.at(values).log_density
        total, size = jnp.zeros(()), jnp.zeros(())
        for label, support in self.supports.items():
            if isinstance(support, Spheres):
                shares = self._through_spheres(values, log_density, label, support.radius)
            else:
                edges = _places(support, lambda edge, normal: (np.isfinite(edge), _inside(edge, -normal)))
                if not edges[0].size:
                    continue
                shares = self._through(values, log_density, label, *edges)
            total, size = total + jnp.sum(shares, axis=0), size + jnp.sum(jnp.abs(shares), axis=0)
        return total, size

    def at_infinity(self, values: Values) -> dict[str, Array]:
        """What leaves each unbounded site, seen at the two distances `FAR`; shape (2, *that of F) by site."""
        log_density = self.density.at(values).log_density
        lost = {}
        for label, support in self.supports.items():
            if isinstance(support, Spheres):
                continue
            entries, _, normals = _places(support, lambda edge, normal: (~np.isfinite(edge), edge))
            if entries.size:
                size = normals * (1 + jnp.abs(jnp.ravel(values[label])[entries]))
                places = jnp.concatenate([factor * size for factor in FAR])
                twice = np.tile(entries, 2), places, np.tile(normals, 2)
                found = self._through(values, log_density, label, *twice)
                lost[label] = jnp.sum(found.reshape(2, len(entries), *found.shape[1:]), axis=1)
        return lost

    def _through(
        self, values: Values, log_density: Array, label: str, entries: np.ndarray, places: Any, normals: np.ndarray
    ) -> Array:
        """What each entry, put at its place, lets through; shape (entry, *that of F)."""
        own = jnp.ravel(self.density.entry_log_probs(values, label))[entries]

        def of_entry(entry: Array, place: Array, normal: Array, log_prob: Array) -> Array:
            def move(value: Array) -> Array:
                return jnp.ravel(value).at[entry].set(place).reshape(value.shape)

            weight, functional, component = self._there(values, label, move, log_density)
            return _product(weight * jnp.exp(log_prob), functional, normal * jnp.ravel(component)[entry])

        parts = jnp.asarray(entries), jnp.asarray(places, own.dtype), jnp.asarray(normals, own.dtype), own
        return jax.lax.map(lambda one: of_entry(*one), parts)

    def _through_spheres(self, values: Values, log_density: Array, label: str, radius: np.ndarray) -> Array:
        """What each vector, moved along its direction to its sphere, lets through; shape (vector, *that of F)."""
        vectors = values[label]
        dim = vectors.shape[-1]

        def of_vector(index: Array, size: Array) -> Array:
            def move(value: Array) -> Array:
                rows = value.reshape(-1, dim)
                return rows.at[index].set(size * rows[index] / jnp.linalg.norm(rows[index])).reshape(value.shape)

            weight, functional, component = self._there(values, label, move, log_density)
            row = component.reshape(-1, dim)[index]
            outward = jnp.dot(row, vectors.reshape(-1, dim)[index]) / jnp.linalg.norm(vectors.reshape(-1, dim)[index])
            return _product(weight * dim / size, functional, outward)

        sizes = jnp.asarray(np.ravel(radius), vectors.dtype)
        return jax.lax.map(lambda parts: of_vector(*parts), (jnp.arange(sizes.size), sizes))

    def _there(self, values: Values, label: str, move: Callable, log_density: Array) -> tuple[Array, Array, Array]:
        """P(θ')/P(θ), F(θ') and the site's component of V(θ') at the moved point θ'."""
        moved = {name: move(value) if name == label else value for name, value in values.items()}
        there = self.density.at(moved)
        weight = jnp.exp(jnp.minimum(there.log_density - log_density, LARGEST_RATIO))
        return weight, self.functional(there.returned, moved), self.components(moved)[label]


def _product(weight: Array, functional: Array, component: Array) -> Array:
    # Far out the density is exactly zero while a polynomial overflows: nothing is carried there.
    return jnp.where(weight == 0, 0.0, weight * functional * component)


def _places(
    support: Edges, choose: Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries, places and outward normals of those edges that are chosen, lower ones first."""
    found = []
    for edge, normal in ((support.low, -1.0), (support.high, 1.0)):
        chosen, place = choose(np.ravel(edge), normal)
        entries = np.flatnonzero(chosen)
        found.append((entries, place[entries], np.full(entries.size, normal)))
    entries, places, normals = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return entries, places, normals


def _finite(support: Edges) -> int:
    return int(np.isfinite(support.low).sum() + np.isfinite(support.high).sum())


def _inside(edge: np.ndarray, inward: float) -> np.ndarray:
    """A rounding unit inside the edge: densities that vanish or diverge on it have a value there."""
    known = np.where(np.isfinite(edge), edge, 0.0)
    return known + inward * np.maximum(1e-30, 4 * np.finfo(float).eps * np.abs(known))
