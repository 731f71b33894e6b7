r"""The current of a vector field in parameter space, and its divergence, the breaking function.

    j = P V,        ∂_i j^i = P B,        B = score + Jacobian + action
    score = V^i ∂_i ln p,    Jacobian = ∂_i V^i,    action = −V(S)

for the density P ∝ p exp(−S) of the parameters. The current is conserved where B = 0: the flow of V then maps the
ensemble to itself. Each part by itself depends on the coordinates that the parameters are written in; B does not.

Source: score, Jacobian and breaking function are the words of arXiv:2605.12488; our A_V is their B. The action is a
part of their score, kept apart here. Derived in docs/theory/identities.md.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.identities.flux import Flux
from nnft_ppl.identities.parameter_density import parameter_density, real_values
from nnft_ppl.identities.vector_fields import (
    NeuronField,
    ParameterField,
    ReferenceField,
    Values,
    VectorField,
    VectorFieldError,
    complete,
    divergence,
    neuron_divergence,
    refuse_moved_levels,
)
from nnft_ppl.theory import Theory

Functional = Callable[[Any, Values], Any]
"""(what the model returns, parameters by stored name) -> F, an array of any shape, or a tuple of arrays."""


class Carried(NamedTuple):
    """What a vector field does to one draw: B = V(ln p) + ∂_i V^i − V(S) by its parts, F and V(F)."""

    score: Array
    """V(ln p), with what sites without a transport add on z. Scalar."""
    jacobian: Array
    """∂_i V^i. Scalar."""
    action: Array
    """−V(S). Scalar."""
    functional: Any
    """F."""
    change: Any
    """V(F), of the same shape."""

    @property
    def breaking(self) -> Array:
        """B = score + Jacobian + action. Scalar."""
        return self.score + self.jacobian + self.action


class Current:
    """j = P V of one vector field.

    Args:
        theory: Any theory.
        vector_field: V, on parameters, on neurons or on reference coordinates.

    Raises:
        VectorFieldError: If the vector field does not fit the theory.
    """

    def __init__(self, theory: Theory, vector_field: VectorField) -> None:
        self.theory, self.vector_field = theory, vector_field
        self.density = None if isinstance(vector_field, ReferenceField) else parameter_density(theory)
        if self.density:
            start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
            self.moved = self._moved_sites(jax.eval_shape(lambda z: real_values(theory, z), start))
            if integers := sorted(set(self.moved).intersection(theory.discrete)):
                raise VectorFieldError(
                    f"vector field {vector_field.name!r} moves {integers[0]!r}, a discrete site, which changes by "
                    "whole steps only: leave the site out, or declare a DiscreteSymmetry"
                )
        else:
            refuse_moved_levels(theory, cast(ReferenceField, vector_field))

    def carry(self, position: Float[Array, "dimension"], functional: Functional) -> Carried:
        """The parts of B, a functional, and its change along V.

        Args:
            position: z, shape (dimension,).
            functional: F.
        """
        if not self.density:
            return self._in_reference(position, functional)
        values, density = real_values(self.theory, position), self.density
        components = self.components(values)

        def at(values: Values) -> tuple[Array, Array, Any]:
            there = density.at(values)
            return there.prior, there.action, functional(there.returned, values)

        (_, _, found), (score, action, change) = jax.jvp(at, (values,), (components,))
        if isinstance(self.vector_field, NeuronField):
            spread = neuron_divergence(self.vector_field, self._neurons(values))
        else:
            spread = divergence(self.components, values)
        return Carried(score, spread, -action, found, change)

    def components(self, values: Values) -> dict[str, Array]:
        """V(θ) of every site, zero where it does not move; not for fields on z.

        Args:
            values: θ by stored name, each of its site's shape.
        """
        vector_field, name = self.vector_field, self.vector_field.name
        if isinstance(vector_field, NeuronField):
            neurons = self._neurons(values)
            components = jax.vmap(lambda neuron: complete(name, vector_field.function(neuron), neuron))(neurons)
            return complete(name, components, values)
        return complete(name, cast(ParameterField, vector_field).function(values), values)

    def rate(self, position: Float[Array, "dimension"]) -> Array:
        """Σ_s |V_s|/|θ_s| over the sites, each by its Euclidean length: the size of what may cancel in B. Scalar.

        Args:
            position: z, shape (dimension,).
        """
        if not self.density:
            return jnp.linalg.norm(cast(ReferenceField, self.vector_field).at(position)) / jnp.linalg.norm(position)
        values = real_values(self.theory, position)
        components = self.components(values)
        lengths = [(jnp.linalg.norm(components[site]), jnp.linalg.norm(values[site])) for site in values]
        return sum((moved / jnp.where(own > 0, own, 1.0) for moved, own in lengths), start=jnp.zeros(()))

    def flux(self, functional: Functional) -> Flux | None:
        """B[V, F], draw by draw; None on reference coordinates, which have no edge.

        Args:
            functional: F.

        Raises:
            VectorFieldError: If it cannot be computed.
        """
        return Flux(self.density, self.components, functional, self.moved) if self.density else None

    def _in_reference(self, position: Array, functional: Functional) -> Carried:
        vector_field = cast(ReferenceField, self.vector_field)
        component = vector_field.at(position)

        def at(z: Array) -> tuple[Array, Array, Any]:
            reading = self.theory.at(z)
            action = sum(reading.action_terms.values(), start=jnp.zeros(()))
            return reading.potential - action, action, functional(reading.returned, reading.values)

        (_, _, found), (reference, action, change) = jax.jvp(at, (position,), (component,))
        score = -jnp.dot(component, position) - reference
        return Carried(score, vector_field.spread(position), -action, found, change)

    def _neurons(self, values: Values) -> dict[str, Array]:
        """The sites that the plate counts."""
        plate = cast(NeuronField, self.vector_field).plate
        neurons = {site.label: values[site.label] for site in self.theory.sites if site.dims[:1] == (plate,)}
        if not neurons:
            plates = sorted({site.dims[0] for site in self.theory.sites if site.dims})
            raise VectorFieldError(f"no site lies in a plate {plate!r}; first dimensions are {plates}")
        return neurons

    def _moved_sites(self, values: Values) -> list[str]:
        """The sites that the vector field moves, found by a look at what it returns."""
        names: list[str] = []
        vector_field = cast("ParameterField | NeuronField", self.vector_field)

        def look(values: Values) -> dict[str, Array]:
            components = vector_field.function(values)
            names.extend(components if isinstance(components, dict) else ())
            return complete(vector_field.name, components, values)

        if isinstance(vector_field, NeuronField):
            values = jax.eval_shape(lambda all: jax.tree.map(lambda array: array[0], all), self._neurons(values))
        jax.eval_shape(look, values)
        return names
