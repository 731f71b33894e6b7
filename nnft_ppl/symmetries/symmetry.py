r"""What a model file declares: a symmetry of the field, and how the parameters carry it out.

    def symmetries(width):
        return {"rotation": Symmetry(lambda phi, x: ..., NeuronField("rotation", lambda neuron: ...))}

The *field action* x, φ → δφ(x) says what a symmetry does to the field. A *lift* is a vector field V on parameters with
Vφ_θ(x) = δφ(x) at every θ and x. Where δφ = 0 the network does not change: a redundancy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.identities import NeuronField, ParameterField, ReferenceField
from nnft_ppl.observables import Observable

Variation = Callable[[Any, Float[Array, "dim"]], Any]
"""(what the model returns, x) -> δφ(x), of the shape of φ(x); of several fields a tuple or dict of these."""
Rho = Callable[[Float[Array, "dim"]], Array]
"""x -> ρ(x), a real number."""


class SymmetryError(ValueError):
    """A symmetry that does not fit the theory; the text says what to change."""


@dataclass(frozen=True)
class MinimalLift:
    r"""The lift of least norm, V = J⁺ δφ with the Jacobian J = ∂φ(x_p)/∂z of the field at given points.

    In reference coordinates z, whose law is N(0, I). It does at the points what the field action says, if the network
    can; elsewhere nearly.

    Source: derived in docs/theory/symmetries.md.
    """

    points: Float[ArrayLike, "point dim"] | Sequence[Sequence[float]] | None = None
    """Where; None for those of the symmetry."""
    sites: tuple[str, ...] | None = None
    """Stored names of the sites that may move; None for all."""


Lift = NeuronField | ParameterField | ReferenceField | MinimalLift | Callable
"""A vector field, or a function θ -> {site: component}, which is a `ParameterField`."""


@dataclass(frozen=True)
class Symmetry:
    """A continuous symmetry, with one generator or several.

    Example:
        >>> import jax.numpy as jnp
        >>> def rotate(phi, x):
        ...     return jnp.stack([-phi(x)[1], phi(x)[0]])
        >>> Symmetry(rotate, lambda theta: {"a": jnp.stack([-theta["a"][1], theta["a"][0]])}).generators
        1
    """

    variation: Variation | Sequence[Variation] | None
    """δφ of each generator; None where the field does not change, a redundancy."""
    lift: Lift | Sequence[Lift] | None = None
    """V of each generator; None for the lift of least norm through the network's Jacobian."""
    points: Float[ArrayLike, "point dim"] | Sequence[Sequence[float]] | None = None
    """Where lifts are looked at, and fields in the identities; None for some points of the model's region."""
    functionals: Mapping[str, Observable] | None = None
    """The functionals F of the Ward identities beside F = 1, by name; None for products of the fields, and bounded
    functions of them."""
    local_lift: Callable[[Rho], Lift] | None = None
    """ρ -> the lift of ρ(x) δφ(x); None for that of least norm."""
    current: Callable[[Any, Rho], Array] | None = None
    """(what the model returns, ρ) -> δ_ρ S = ∫ J^μ ∂_μ ρ, of the Noether current of a local Lagrangian
    (`FibreRegression.local` compares it with the network)."""

    @property
    def generators(self) -> int:
        """How many there are."""
        return max(len(_each(self.variation)), len(_each(self.lift)))

    @property
    def is_redundancy(self) -> bool:
        """Whether the field should not change at all."""
        return self.variation is None

    def pairs(self) -> list[tuple[Variation | None, Lift]]:
        """The variation and the lift of each generator.

        Raises:
            SymmetryError: If their numbers differ, or there is nothing to lift.
        """
        variations, lifts = _each(self.variation), _each(self.lift)
        if self.variation is None and self.lift is None:
            raise SymmetryError("neither a field action nor a lift is given; give one of them at least")
        number = self.generators
        if {len(variations), len(lifts)} - {number, 1}:
            raise SymmetryError(
                f"{len(variations)} field actions and {len(lifts)} lifts; give one lift for each action"
            )
        if len(variations) == 1 < number and self.variation is not None:
            raise SymmetryError(f"1 field action and {number} lifts; give one lift for each action")
        variations, lifts = variations * (number // len(variations)), lifts * (number // len(lifts))
        return [
            (variation, MinimalLift() if lift is None else lift)
            for variation, lift in zip(variations, lifts, strict=True)
        ]

    def local(self, rho: Rho) -> "Symmetry":
        """The symmetry with ρ(x) δφ(x) in place of δφ(x).

        Args:
            rho: A real function of a point.

        Raises:
            SymmetryError: If it is a redundancy, or has several generators.
        """
        if self.variation is None or self.generators > 1:
            raise SymmetryError("a local symmetry has one field action; take one generator")
        (variation,) = _each(self.variation)

        def here(fields: Any, x: Array) -> Any:
            import jax

            return jax.tree.map(lambda value: rho(x) * value, variation(fields, x))

        (own,) = _each(self.lift)
        lift = self.local_lift(rho) if self.local_lift else own if isinstance(own, MinimalLift) else MinimalLift()
        return replace(self, variation=here, lift=lift, local_lift=None)


@dataclass(frozen=True)
class DiscreteSymmetry:
    """A map of the parameters onto each other that should leave output and density as they are.

    Example:
        >>> DiscreteSymmetry(lambda theta: {"a": theta["a"][::-1], "w": theta["w"][::-1]}).image is None
        True
    """

    transformation: Callable[[Mapping[str, Array]], Mapping[str, Array]]
    """θ -> {site: g(θ)}; sites left out stay."""
    image: Variation | None = None
    """(what the model returns at θ, x) -> the field of g(θ) at x, such as `lambda phi, x: -phi(x)` where it changes
    its sign; None where it is the same, a redundancy."""
    points: Float[ArrayLike, "point dim"] | Sequence[Sequence[float]] | None = None
    """Where fields are compared; None for some points of the model's region."""

    @property
    def is_redundancy(self) -> bool:
        """Whether the field should not change at all."""
        return self.image is None


def _each(one: Any) -> list[Any]:
    return list(one) if isinstance(one, list | tuple) else [one]
