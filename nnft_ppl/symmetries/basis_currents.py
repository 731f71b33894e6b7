"""What every vector field of a basis does in one draw: its breaking function by parts, its change of the field."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.identities import Current, NeuronField, ParameterField, ReferenceField, VectorFieldError
from nnft_ppl.identities.flux import Flux
from nnft_ppl.identities.parameter_density import Edges, Spheres, parameter_density, real_values
from nnft_ppl.identities.vector_fields import EXACT_DIMENSION, VectorField, complete, divergence, key_of
from nnft_ppl.symmetries.bases import BasisError, BasisField
from nnft_ppl.symmetries.lift import Points, field_values
from nnft_ppl.theory import Theory

PROJECTIONS = 4
"""Random directions, others in every draw, in which vector fields are compared with one another."""
AT_ONCE = 64
"""Draws that are looked at together."""
MOVING = 1e-10
"""A site moves if it does so by this share of what the fastest does."""


Numbers = Any
"""Arrays of JAX in one draw, of NumPy in many."""


class Looked(NamedTuple):
    """What the fields of a basis do in one draw."""

    score: Numbers
    """Shape (field,): V_a(ln p)."""
    jacobian: Numbers
    """Shape (field,): ∂_i V_a^i."""
    action: Numbers
    """Shape (field,): −V_a(S)."""
    breaking_size: Numbers
    """Shape (field,): Σ_i |V_a^i ∂_i ln p| + |∂_i V_a^i| + Σ_i |V_a^i ∂_i S|, what cancels in B_a."""
    change: Numbers
    """Shape (row, field): V_aφ at every point, of every field and component."""
    change_size: Numbers
    """Shape (row, field): Σ_i |V_a^i ∂_i φ|, what cancels in it."""
    projected: Numbers
    """Shape (direction, field): V_a itself, in a few random directions of this draw."""


class BasisCurrents:
    """The currents of all fields of a basis, at the cost of one gradient of the density.

    Args:
        theory: The theory.
        basis: Vector fields, on parameters, on neurons or on reference coordinates.
        points: Where the field is looked at, shape (point, dim).

    Raises:
        BasisError: If there are none, two share a name, or a divergence is not known exactly.
        VectorFieldError: If one does not fit the theory.
    """

    def __init__(self, theory: Theory, basis: Sequence[VectorField], points: Points) -> None:
        self.theory, self.basis, self.points = theory, list(basis), points
        self.density = parameter_density(theory)
        if not self.basis:
            raise BasisError("the basis is empty: give at least one vector field")
        names = [one.name for one in self.basis]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BasisError(f"several fields of the basis are named {', '.join(twice)}: give each a name of its own")
        if theory.phase_terms:
            raise BasisError(f"{theory.name} has a complex action: symmetries are looked for in real densities")
        for one in self.basis:
            known = isinstance(one, BasisField | NeuronField)
            if not known and not getattr(one, "divergence", None) and theory.dimension > EXACT_DIMENSION:
                raise BasisError(
                    f"field {one.name!r}: beyond {EXACT_DIMENSION} coordinates its divergence would be an estimate, "
                    "and nothing could be told to vanish; give a NeuronField, a BasisField, or a ReferenceField with "
                    "its divergence"
                )
        self._currents = {one.name: Current(theory, one) for one in self.basis if not isinstance(one, ParameterField)}
        self._all = jax.jit(lambda positions: jax.lax.map(self, positions, batch_size=AT_ONCE))

    def __call__(self, position: Float[Array, "dimension"]) -> Looked:
        """Everything at one draw.

        Args:
            position: z, shape (dimension,).
        """
        values = real_values(self.theory, position)
        flat, unravel = ravel_pytree(values)

        def at(flat: Array) -> Array:
            there = self.density.at(unravel(flat))
            return jnp.concatenate([jnp.stack([there.prior, -there.action]), field_values(there.returned, self.points)])

        slopes = jax.jacrev(at)(flat)
        rows = [self._of(one, position, values, slopes[:2]) for one in self.basis]
        fields = jnp.stack([row[0] for row in rows])
        parts = jnp.stack([row[1] for row in rows], axis=1)
        size = jnp.stack([row[2] for row in rows])
        change, change_size = slopes[2:] @ fields.T, jnp.abs(slopes[2:]) @ jnp.abs(fields).T
        directions = jax.random.normal(key_of(position), (PROJECTIONS, flat.size), flat.dtype)
        return Looked(parts[0], parts[1], parts[2], size, change, change_size, directions @ fields.T)

    def on(self, positions: Float[Array, "draw dimension"]) -> Looked:
        """Everything at many draws, which come first in every shape.

        Args:
            positions: z of each.
        """
        return Looked(*(np.asarray(one, float) for one in self._all(positions)))

    def through_edges(
        self, directions: Float[np.ndarray, "field direction"], positions: Float[Array, "draw dimension"]
    ) -> tuple[Float[np.ndarray, "direction draw row"], Float[np.ndarray, "direction"]]:
        """The share of B[V, F] of combinations, for F = 1, the field's values and their squares, and its natural size.

        Args:
            directions: Coefficients of the fields, of each combination a column.
            positions: Draws.

        Raises:
            VectorFieldError: If the flux through a site's edges cannot be computed.
            BasisError: If a field of a combination is written in reference coordinates.
        """
        taking_part = [(at, one) for at, one in enumerate(self.basis) if np.any(directions[at])]

        def components(coefficients: Array, values: Mapping[str, Array]) -> dict[str, Array]:
            flat, unravel = ravel_pytree(dict(values))
            total = jnp.zeros_like(flat)
            for at, one in taking_part:
                total = total + coefficients[at] * ravel_pytree(self._components(one, values))[0]
            return unravel(total)

        def functional(returned: Any, values: Mapping[str, Array]) -> Array:
            seen = field_values(returned, self.points)
            return jnp.concatenate([jnp.ones(1), seen, seen**2])

        def look(position: Array) -> tuple[dict[str, Array], Array]:
            values = real_values(self.theory, position)
            moved = jax.vmap(components, in_axes=(0, None))(jnp.asarray(directions.T), values)
            speeds = {site: jnp.sum(jnp.abs(value.reshape(len(value), -1)), axis=1) for site, value in moved.items()}
            return speeds, functional(self.density.at(values).returned, values)

        found, seen = jax.jit(jax.vmap(look))(positions)
        speeds = {site: np.max(np.asarray(speed), axis=0) for site, speed in found.items()}
        fastest = max(float(np.max(speed)) for speed in speeds.values())
        moving = [site for site in self.edges if np.max(speeds[site]) > MOVING * fastest]
        if not moving:
            return np.zeros((directions.shape[1], *seen.shape)), np.zeros(directions.shape[1])
        flux = Flux(self.density, partial(components, jnp.asarray(directions[:, 0])), functional, moving)

        def share(coefficients: Array, position: Array) -> Array:
            own = copy(flux)  # with supports that were found outside of this program
            own.components = partial(components, coefficients)
            return own.through_edges(real_values(self.theory, position))

        shares = jax.jit(
            lambda rows: jax.lax.map(lambda row: jax.lax.map(lambda z: share(row, z), positions), rows)
        )(jnp.asarray(directions.T))  # fmt: skip
        narrow = max(_inverse_width(support) for support in flux.supports.values())
        size = np.sqrt(np.mean(np.square(np.asarray(seen)))) * narrow * sum(speeds[site] for site in moving)
        return np.asarray(shares), size

    @cached_property
    def edges(self) -> list[str]:
        """The sites whose entries have edges, or of which that is not known."""
        found = []
        for site in self.theory.sites:
            try:
                support = self.density.support(site.label)
            except VectorFieldError:
                found.append(site.label)
                continue
            if isinstance(support, Spheres) or np.isfinite([support.low, support.high]).any():
                found.append(site.label)
        return found

    def _components(self, one: VectorField, values: Mapping[str, Array]) -> dict[str, Array]:
        if isinstance(one, ParameterField):
            return complete(one.name, one.function(values), values)
        if isinstance(one, ReferenceField):
            raise BasisError(f"field {one.name!r} is written in reference coordinates: its flux is not looked at")
        return self._currents[one.name].components(values)

    def _of(self, one: VectorField, position: Array, values: Mapping[str, Array], slopes: Array) -> tuple:
        """V on all parameters, its score, Jacobian and action, and the size of their terms."""
        if isinstance(one, ReferenceField):
            terms = self._currents[one.name].carry(position, lambda returned, values: jnp.zeros(()))
            component = one.at(position)
            moved = jax.jvp(self.theory.transport, (position,), (component,))[1]
            parts = jnp.stack([terms.score, terms.jacobian, terms.action])
            size = jnp.sum(jnp.abs(parts)) + jnp.abs(component) @ jnp.abs(position)
            return ravel_pytree(moved)[0], parts, size
        components = self._components(one, values)
        field = ravel_pytree(components)[0]
        if isinstance(one, BasisField):
            spread = jnp.asarray(one.divergence, field.dtype)
        elif isinstance(one, NeuronField):
            terms = self._currents[one.name].carry(position, lambda returned, values: jnp.zeros(()))
            spread = terms.jacobian
        else:
            spread = divergence(lambda values: self._components(one, values), dict(values))
        parts = jnp.stack([slopes[0] @ field, spread, slopes[1] @ field])
        return field, parts, jnp.sum(jnp.abs(slopes) @ jnp.abs(field)) + jnp.abs(spread)


def _inverse_width(support: Edges | Spheres) -> float:
    """The largest density that a uniform law would have on a support; 1 where it has no width."""
    if isinstance(support, Spheres):
        return float(np.max(1 / support.radius))
    width = support.high - support.low
    return float(np.max(np.where(np.isfinite(width), 1 / width, 1.0)))
