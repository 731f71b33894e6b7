"""What a sampler is given: a density over reference coordinates, and what to measure on each draw."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Position = Float[Array, "dimension"]


@dataclass(frozen=True, eq=False)
class Discrete:
    """The discrete coordinates of a target: its density with their levels in place of them.

    A point y has z in continuous coordinates, and in discrete ones the level n of which z is a quantile: an integer,
    in floating point. With |z|² of the continuous coordinates alone

        density(y) ∝ exp(−|z|²/2 − potential(y)),        n counted, z integrated.
    """

    sites: dict[str, tuple[int, ...]]
    """Shape of every discrete parameter by its name in `Target.groups`."""
    potential: Callable[[Position], Array]
    """y -> reference + action − ln p(n); infinite outside the support of n."""
    measure: Callable[[Position], Any]
    """y -> what `Target.measure` gives at any z that belongs to it."""
    point: Callable[[Position], Position]
    """z -> y."""
    position: Callable[[Array, Position], Position]
    """(key, y) -> z, drawn from N(0, I) within the cells of the levels."""
    bounds: Callable[[Position], tuple[Position, Position]]
    """y -> the lowest and highest level of each discrete coordinate; −∞ and ∞ in the others."""
    moves: Callable[[Array, Position], Position] | None = None
    """(key, y) -> y with other levels, leaving the density invariant, where the model has moves of its own."""
    varying: frozenset[str] = frozenset()
    """Names of those whose lowest or highest level depends on other parameters."""


class Proposal(NamedTuple):
    """An independent draw of some density q over the theory's reference coordinates."""

    position: Position
    """z: of the theory, with its N(0, I)."""
    log_ratio: Array
    """ln q(z) − ln of the free theory's density: zero where q is that."""
    frame: Any = None
    """What was computed on the way and measuring needs again, a PyTree of arrays."""


@dataclass(frozen=True, eq=False)
class Target:
    """A density exp(−|z|²/2 − reference(z) − action(z)) over R^dimension; every member acts on one point.

    Methods take `position`: z, shape (dimension,); they give scalars.

    Example:
        >>> quartic = lambda z: jnp.sum(z**4)
        >>> none = lambda z: jnp.zeros(())
        >>> target = Target(quartic, none, lambda key: jax.random.normal(key, (2,)), lambda z: {"z": z}, 2)
    """

    action: Callable[[Position], Array]
    """S(z): what is tempered and reweighted."""
    reference: Callable[[Position], Array]
    """What the free theory adds to |z|²/2; zero where every parameter has a transport from N(0, I)."""
    free_draw: Callable[[Array], Position]
    """key -> exact independent draw of the free theory, density ∝ exp(−|z|²/2 − reference(z))."""
    measure: Callable[[Position], Any]
    """z -> a PyTree of arrays, kept for every draw."""
    dimension: int
    """Number of reference coordinates."""
    groups: dict[str, slice] = field(default_factory=dict)
    """The slice of z that belongs to each parameter."""
    discrete: Discrete | None = None
    """The discrete coordinates, where there are any: the action jumps in them, and has no slope."""
    place: Callable[[Position], Position] = lambda position: position
    """The theory's coordinates at a point, where those of the target are others: what is kept of a draw."""
    proposal: Callable[[Array], Proposal] | None = None
    """key -> independent draw to be weighted, where there is a better one than `free_draw`."""
    measure_proposal: Callable[[Proposal], Any] | None = None
    """A proposal -> what `measure` gives at its position, where its frame spares something."""

    def measure_draw(self, proposal: Proposal) -> Any:
        """What `measure` gives at a proposal's position, with what was computed for it.

        Args:
            proposal: What `proposal`, or a reference, drew.
        """
        return self.measure_proposal(proposal) if self.measure_proposal else self.measure(proposal.position)

    def potential(self, position: Position) -> Array:
        """reference(z) + action(z): all but the Gaussian."""
        return self.reference(position) + self.action(position)

    def log_density(self, position: Position) -> Array:
        """Unnormalised log density at z."""
        return -0.5 * jnp.sum(position**2) - self.potential(position)
