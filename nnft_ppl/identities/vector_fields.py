r"""Vector fields on parameter space, and their divergence.

A vector field is a plain function. It acts on what suits it:

    ParameterField   θ -> V(θ)      all sites at once, by stored name; a site left out does not move
    NeuronField      θ_i -> V(θ_i)  one neuron at a time; its divergence is exact at any width
    ReferenceField   z -> V(z)      reference coordinates, where nothing reaches a boundary

Divergences are traces of Jacobians: exact up to `EXACT_DIMENSION` coordinates, beyond it an unbiased estimate
ε·∂_εV with Rademacher probes ε. The probes are drawn from the bits of the position, so that the same draw always gives
the same number.

Source: divergences and fluxes are derived in docs/theory/identities.md.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.theory import Theory

EXACT_DIMENSION = 512
"""Up to so many coordinates the divergence is the exact trace, one derivative for each of them."""
PROBES = 4
"""Probes of a divergence that is estimated."""

Values = Mapping[str, Array]
"""Parameters by stored name."""


class VectorFieldError(ValueError):
    """A vector field that does not fit the theory; the text says what to change."""


@dataclass(frozen=True)
class ParameterField:
    """A vector field V on the parameters θ, collective in general.

    Example:
        >>> scale = ParameterField("scale", lambda theta: {"amplitude": theta["amplitude"]})
    """

    name: str
    """Its name in tables."""
    function: Callable[[Values], Mapping[str, Array]]
    """{site: value} -> {site: component}, each of the site's shape; sites left out do not move."""


@dataclass(frozen=True)
class NeuronField:
    """A vector field that acts on every neuron alike, V = Σ_i v(θ_i)·∂/∂θ_i.

    Its divergence is the sum over neurons of the trace of one neuron's Jacobian: exact at any width.

    Example:
        >>> rotate = NeuronField(
        ...     "rotation", lambda neuron: {"momentum": neuron["momentum"][::-1] * jnp.array([-1.0, 1.0])}
        ... )
    """

    name: str
    """Its name in tables."""
    function: Callable[[Values], Mapping[str, Array]]
    """{site: one neuron's value} -> {site: component}."""
    plate: str = "neuron"
    """Name of the plate that counts the neurons; every site whose first dimension it is takes part."""


@dataclass(frozen=True)
class ReferenceField:
    """A vector field V(z) on reference coordinates, where every boundary term vanishes as exp(−|z|²/2) V does.

    Both methods take `position`: z, shape (dimension,).

    Example:
        >>> dilatation = ReferenceField("dilatation", lambda z: z, lambda z: jnp.asarray(z.size, z.dtype))
    """

    name: str
    """Its name in tables."""
    function: Callable[[Float[Array, "dimension"]], Float[Array, "dimension"]]
    """z -> V(z) of the same shape."""
    divergence: Callable[[Float[Array, "dimension"]], Array] | None = None
    """Σ_i ∂_i V^i in closed form; None leaves it to derivatives."""

    def at(self, position: Float[Array, "dimension"]) -> Float[Array, "dimension"]:
        """V(z), its shape checked.

        Raises:
            VectorFieldError: If it has another shape than z.
        """
        component = jnp.asarray(self.function(position))
        if component.shape != position.shape:
            raise VectorFieldError(
                f"vector field {self.name!r} returned shape {component.shape}; z has shape {position.shape}"
            )
        return component

    def spread(self, position: Float[Array, "dimension"]) -> Array:
        """Σ_i ∂_i V^i at one point. Scalar."""
        return self.divergence(position) if self.divergence else divergence(self.function, position)


def refuse_moved_levels(theory: Theory, vector_field: ReferenceField) -> None:
    """Raise `VectorFieldError` for a vector field on z that moves coordinates of discrete sites, on one draw.

    Args:
        theory: Any theory.
        vector_field: On its z.
    """
    if not theory.discrete:
        return
    component = vector_field.at(theory.free_draw(jax.random.key(0)))
    for site in theory.discrete:
        if bool(jnp.any(component[theory.groups[site]] != 0)):
            raise VectorFieldError(
                f"vector field {vector_field.name!r} moves {site!r}, a discrete site, in whose coordinates the action "
                "jumps: let its components be zero there"
            )


VectorField = ParameterField | NeuronField | ReferenceField


def divergence(function: Callable[[Any], Any], point: Any) -> Array:
    """Σ_i ∂_i V^i at one point, exact or by probes (see above).

    Args:
        function: V, from a PyTree of arrays to one of the same structure.
        point: Where.

    Returns:
        A scalar.
    """
    flat, unravel = ravel_pytree(point)

    def components(values: Array) -> Array:
        return ravel_pytree(function(unravel(values)))[0]

    if flat.size <= EXACT_DIMENSION:
        return jnp.trace(jax.jacfwd(components)(flat))
    return probed_trace(lambda probe: jax.jvp(components, (flat,), (probe,))[1], flat)


def probed_trace(apply: Callable[[Array], Array], position: Array, probes: int = PROBES) -> Array:
    """Tr A from (1/n) Σ ε·Aε; the probes' key is made from the position's bits.

    Args:
        apply: ε -> Aε.
        position: Where, shape (dimension,).
        probes: Number n of probes.
    """
    epsilon = jax.random.rademacher(key_of(position), (probes, position.size), dtype=position.dtype)
    return jnp.mean(jnp.sum(epsilon * jax.vmap(apply)(epsilon), axis=1))


def key_of(position: Float[Array, "dimension"]) -> Array:
    """A random key from the bits of a position: another one for every draw, the same one for the same draw."""
    bits = jax.lax.bitcast_convert_type(position.astype(jnp.float32), jnp.uint32)
    # Odd multipliers keep coordinates that share their bits from cancelling.
    mixed = bits * (2 * jnp.arange(bits.size, dtype=jnp.uint32) + 1)
    return jax.random.key(jax.lax.reduce(mixed, jnp.uint32(0), jax.lax.bitwise_xor, (0,)))


def neuron_divergence(vector_field: NeuronField, neurons: Values) -> Array:
    """Σ over neurons of the trace of one neuron's Jacobian. Scalar."""

    def of_neuron(values: Values) -> Array:
        flat, unravel = ravel_pytree(values)

        def components(flat: Array) -> Array:
            return ravel_pytree(complete(vector_field.name, vector_field.function(unravel(flat)), values))[0]

        return jnp.trace(jax.jacfwd(components)(flat))

    return jnp.sum(jax.vmap(of_neuron)(neurons))


def complete(name: str, components: Any, values: Values) -> dict[str, Array]:
    """Give a vector field its components of zero on the sites that it leaves out.

    Args:
        name: Name of the vector field, for the complaint.
        components: {site: component}, as it was returned.
        values: {site: value}, all sites.

    Raises:
        VectorFieldError: If it is no dict, names an unknown site, or gives a site a component of another shape.
    """
    if not isinstance(components, Mapping):
        raise VectorFieldError(
            f"vector field {name!r} returned {type(components).__name__}: return a dict {{site: component}}"
        )
    for site, component in components.items():
        if site not in values:
            near = difflib.get_close_matches(str(site), values, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise VectorFieldError(f"vector field {name!r} moves {site!r}; the sites are {sorted(values)}{hint}")
        if jnp.shape(component) != jnp.shape(values[site]):
            raise VectorFieldError(
                f"vector field {name!r} gives {site!r} a component of shape {jnp.shape(component)}; "
                f"the site has shape {jnp.shape(values[site])}"
            )
        if jnp.iscomplexobj(component):
            raise VectorFieldError(f"vector field {name!r} gives {site!r} a complex component: parameters are real")
    return {
        site: jnp.asarray(components[site], value.dtype) if site in components else jnp.zeros_like(value)
        for site, value in values.items()
    }
