r"""Whether a vector field on parameters does to the field what a symmetry says: the defect Vφ − δφ, draw by draw."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.display import error_words
from nnft_ppl.identities import Current, ReferenceField
from nnft_ppl.identities.parameter_density import real_values
from nnft_ppl.symmetries.symmetry import MinimalLift, SymmetryError, Variation
from nnft_ppl.theory import Theory, field_names, named_fields

Points = Float[Array, "point dim"]


class Defect(NamedTuple):
    """By how much a lift misses its field action on one draw."""

    missed: Float[Array, " row"]
    """Vφ − δφ at every point, of every field and component, in real and imaginary parts."""
    opposite: Float[Array, " row"]
    """Vφ + δφ, which vanishes where a lift has the wrong sign."""
    size: Float[Array, " row"]
    """Σ_i |V^i ∂_i φ| + |δφ|, what cancels in it."""
    breaking_size: Array
    """Σ_i |V^i ∂_i ln P|, what cancels in the breaking function where that vanishes. Scalar."""


def field_values(returned: Any, points: Points) -> Float[Array, " row"]:
    """All fields at points, one after the other, complex ones in parts.

    Args:
        returned: What the model returns.
        points: Shape (point, dim).
    """
    return _laid_out([jax.vmap(field)(points) for field in named_fields(returned).values()])


def row_words(theory: Theory, points: Points) -> list[str]:
    """Where each of `field_values` is: field and component, real or imaginary part, and point, in words.

    Args:
        theory: The theory.
        points: Shape (point, dim).
    """
    words: list[str] = []

    def look(position: Array) -> None:
        returned = theory.realise(position)
        for label, field in named_fields(returned).items():
            value = jax.eval_shape(field, points[0])
            called = "φ" + label.removeprefix("field")
            parts = ("Re ", "Im ") if jnp.issubdtype(value.dtype, jnp.complexfloating) else ("",)
            words.extend(
                f"{part}{called}{list(index) if index else ''} at x = ({', '.join(f'{one:.3g}' for one in point)})"
                for part in parts
                for point in np.asarray(points)
                for index in np.ndindex(value.shape)
            )

    jax.eval_shape(look, jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0)))
    return words


def variations(name: str, variation: Variation | None, returned: Any, points: Points) -> Float[Array, " row"]:
    """δφ at points, in the order of `field_values`.

    Args:
        name: Of the symmetry.
        variation: The field action; None for zero.
        returned: What the model returns.
        points: Shape (point, dim).

    Raises:
        SymmetryError: If it fails, or gives something of another shape than the fields.
    """
    fields = named_fields(returned)
    if variation is None:
        return jnp.zeros_like(field_values(returned, points))
    try:
        found: Any = jax.vmap(lambda x: variation(returned, x))(points)
    except KeyError as error:
        raise SymmetryError(
            f"symmetry {name!r}: its field action asks for {error}; the fields are {list(field_names(returned) or [])}"
        ) from error
    except Exception as error:  # whatever the model file is made of
        raise SymmetryError(f"symmetry {name!r}: its field action fails: {error_words(error)}") from error
    keys = field_names(returned)
    if keys is None:
        parts: Any = [found]
    elif isinstance(found, Mapping) and set(found) == set(keys):
        parts = [found[key] for key in keys]
    elif isinstance(found, tuple | list) and len(found) == len(keys):
        parts = list(found)
    else:
        raise SymmetryError(
            f"symmetry {name!r}: its field action returns {_words(found)}; the model returns the fields {list(keys)}: "
            "give the variation of each"
        )
    whole: list[Array] = []
    for part, (label, field) in zip(parts, fields.items(), strict=True):
        value = jax.eval_shape(jax.vmap(field), points)
        if jnp.shape(part) != value.shape:
            raise SymmetryError(
                f"symmetry {name!r}: its field action gives {label} a variation of shape {jnp.shape(part)[1:]}; the "
                f"field has shape {value.shape[1:]}"
            )
        if jnp.iscomplexobj(part) and not jnp.issubdtype(value.dtype, jnp.complexfloating):
            raise SymmetryError(f"symmetry {name!r}: its field action gives {label}, a real field, a complex variation")
        whole.append(jnp.asarray(part, value.dtype))
    return _laid_out(whole)


ROUNDING = 1e4
"""So many rounding units of its terms are zero."""
CONDITION = 1e4
"""Rounding grows by as much in lifts that are found by an inverse of the network's Jacobian."""
LARGEST = 0.01
"""No defect as large as this is rounding, in single precision either."""


def lift_tolerance(eps: float, *, solved: bool) -> float:
    """The largest defect of a lift, in units of the terms that cancel in it, that is rounding.

    Args:
        eps: The rounding unit.
        solved: Whether the lift was found by an inverse of the network's Jacobian.
    """
    return min(ROUNDING * eps * (CONDITION if solved else 1.0), LARGEST)


def lift_defect(
    name: str, theory: Theory, current: Current, variation: Variation | None, points: Points
) -> Callable[[Float[Array, "dimension"]], Defect]:
    """Z -> by how much a vector field misses a field action there.

    Args:
        name: Of the symmetry.
        theory: The theory.
        current: Of the vector field.
        variation: The field action; None for zero.
        points: Where, shape (point, dim).
    """

    def defect(position: Array) -> Defect:
        if current.density:
            density, values = current.density, real_values(theory, position)
            start, unravel = ravel_pytree(values)
            component = ravel_pytree(current.components(values))[0]

            def at(flat: Array) -> tuple[Any, Array]:
                there = density.at(unravel(flat))
                return there.returned, there.log_density
        else:
            assert isinstance(current.vector_field, ReferenceField)
            start, component = position, current.vector_field.at(position)

            def at(flat: Array) -> tuple[Any, Array]:
                there = theory.at(flat)
                return there.returned, -0.5 * flat @ flat - there.potential

        def rows(flat: Array) -> Array:
            returned, log_density = at(flat)
            return jnp.append(field_values(returned, points), log_density)

        jacobian = jax.jacrev(rows)(start)
        sizes = jnp.abs(jacobian) @ jnp.abs(component)
        wanted = variations(name, variation, at(start)[0], points)
        found = jacobian[:-1] @ component
        return Defect(found - wanted, found + wanted, sizes[:-1] + jnp.abs(wanted), sizes[-1])

    return defect


def minimal_lift(
    name: str, theory: Theory, variation: Variation | None, points: Points, lift: MinimalLift
) -> ReferenceField:
    """V = J⁺ δφ at points, on reference coordinates.

    Args:
        name: Of the symmetry.
        theory: The theory.
        variation: The field action.
        points: Where, shape (point, dim).
        lift: Which sites may move.

    Raises:
        SymmetryError: If a site does not exist.
    """
    if unknown := sorted(set(lift.sites or ()) - set(theory.groups)):
        raise SymmetryError(f"symmetry {name!r}: its lift moves {unknown}; the sites are {sorted(theory.groups)}")
    movable = [
        jnp.arange(part.start, part.stop)
        for site, part in theory.groups.items()
        if site in (lift.sites or (site,)) and site not in theory.discrete
    ]
    if not movable:
        raise SymmetryError(
            f"symmetry {name!r}: there is no continuous parameter for it to act on, and no small change of a discrete "
            "one: declare a DiscreteSymmetry, a map of levels onto levels"
        )
    free = jnp.concatenate(movable)

    def function(position: Array) -> Array:
        def values(moved: Array) -> Array:
            return field_values(theory.realise(position.at[free].set(moved)), points)

        jacobian = jax.jacrev(values)(position[free])
        wanted = variations(name, variation, theory.realise(position), points)
        return jnp.zeros_like(position).at[free].set(jnp.linalg.pinv(jacobian) @ wanted)

    return ReferenceField(name, function)


def _laid_out(values: list[Array]) -> Array:
    parts = [part for value in values for part in (_two(value) if jnp.iscomplexobj(value) else [value])]
    return jnp.concatenate([jnp.ravel(part) for part in parts])


def _two(value: Array) -> list[Array]:
    return [value.real, value.imag]


def _words(found: Any) -> str:
    if isinstance(found, Mapping):
        return f"a dict of {sorted(map(str, found))}"
    return f"{len(found)} values" if isinstance(found, tuple | list) else f"an array of shape {jnp.shape(found)[1:]}"
