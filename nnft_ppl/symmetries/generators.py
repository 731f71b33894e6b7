"""The generators of a theory's symmetries: every field action beside its vector field, checked against the theory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl.display import error_words
from nnft_ppl.identities import Current, NeuronField, ParameterField, ReferenceField, VectorFieldError
from nnft_ppl.symmetries.lift import Points, minimal_lift, variations
from nnft_ppl.symmetries.symmetry import DiscreteSymmetry, Lift, MinimalLift, Symmetry, SymmetryError, Variation
from nnft_ppl.theory import Theory

POINTS = 3
"""Points at which fields are looked at, unless a symmetry names its own."""


@dataclass(frozen=True)
class Generator:
    """One generator of a continuous symmetry of a theory."""

    name: str
    """`NAME`, or `NAME.0`, `NAME.1`, … of several."""
    variation: Variation | None
    """δφ; None for zero."""
    current: Current
    """Of its vector field."""
    points: Points
    """Where fields are looked at, shape (point, dim)."""
    solved: bool = False
    """Whether its lift was found by the library, at those points."""


def declared(theory: Theory) -> dict[str, Symmetry | DiscreteSymmetry]:
    """The symmetries that a model file declares, by name.

    Args:
        theory: The theory.

    Raises:
        SymmetryError: If one of them is something else, or its name cannot be stored.
    """
    found = theory.symmetries
    if not isinstance(found, dict):
        raise SymmetryError(
            f"{theory.name}: symmetries() returns {type(found).__name__}; give a dict {{name: Symmetry}}"
        )
    for name, one in found.items():
        if not isinstance(one, Symmetry | DiscreteSymmetry):
            raise SymmetryError(
                f"{theory.name}: symmetries() gives {name!r} {type(one).__name__}; give a Symmetry or DiscreteSymmetry"
            )
        if not str(name).isidentifier() or name != name.lower():
            raise SymmetryError(f"{theory.name}: symmetry {name!r}: names are lower-case letters, digits and _")
    return found


def generators(theory: Theory, name: str, symmetry: Symmetry) -> list[Generator]:
    """The generators of one symmetry, tried on one draw.

    Args:
        theory: The theory.
        name: Of the symmetry.
        symmetry: What is declared.

    Raises:
        SymmetryError: If a field action does not fit the model's fields, or a lift the model's sites.
    """
    points = places(theory, symmetry.points)
    try:
        pairs = symmetry.pairs()
    except SymmetryError as error:
        raise SymmetryError(f"symmetry {name!r}: {error}") from error
    found = []
    for number, (variation, lift) in enumerate(pairs):
        called = f"{name}.{number}" if len(pairs) > 1 else name
        start = jax.eval_shape(theory.free_draw, jax.eval_shape(jax.random.key, 0))
        jax.eval_shape(lambda z, v=variation, c=called: variations(c, v, theory.realise(z), points), start)
        vector_field = _vector_field(theory, called, variation, points, lift)
        try:
            current = Current(theory, vector_field)
        except VectorFieldError as error:
            raise SymmetryError(f"symmetry {called!r}: {error}") from error
        except KeyError as error:
            raise SymmetryError(
                f"symmetry {called!r}: its lift asks for {error}; the sites are {sorted(theory.groups)}"
            ) from error
        except Exception as error:  # whatever the model file is made of
            raise SymmetryError(f"symmetry {called!r}: its lift fails: {error_words(error)}") from error
        found.append(Generator(called, variation, current, points, isinstance(lift, MinimalLift)))
    return found


def places(theory: Theory, points: Any) -> Points:
    """Points at which a symmetry is looked at, shape (point, dim).

    Args:
        theory: The theory.
        points: As they are declared; None for some of the model's region.

    Raises:
        SymmetryError: If they are not of the theory's dimension.
    """
    if points is None:
        return jnp.asarray(theory.region.random_points(np.random.default_rng(0), POINTS), float)
    given = np.asarray(points, float)
    if given.ndim != 2 or given.shape[1] != theory.dim or not len(given):
        raise SymmetryError(f"points have shape {given.shape}; give (point, {theory.dim})")
    return jnp.asarray(given)


def _vector_field(theory: Theory, name: str, variation: Variation | None, points: Points, lift: Lift) -> Any:
    if isinstance(lift, MinimalLift):
        own = points if lift.points is None else places(theory, lift.points)
        return minimal_lift(name, theory, variation, own, lift)
    if isinstance(lift, ParameterField | NeuronField | ReferenceField):
        return lift
    if not callable(lift):
        words = f"a dict of {sorted(map(str, lift))}" if isinstance(lift, Mapping) else type(lift).__name__
        raise SymmetryError(f"symmetry {name!r}: its lift is {words}; give a vector field, or a function of θ")
    return ParameterField(name, lift)
