"""The discrete sites of a theory: its density with their levels in place of reference coordinates."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.densities import DiscreteLaw
from nnft_ppl.target import Discrete, Position
from nnft_ppl.theory.coordinates import choose_from
from nnft_ppl.theory.measured import measured_on
from nnft_ppl.theory.reading import Reading, read

ENDS = ("low", "high")
"""Of the levels of a law."""


DiscreteMoves = Callable[[Array, dict[str, Array]], Mapping[str, Array]]
"""(key, values) -> values of the discrete sites by stored name: keeps the density at fixed continuous parameters as it
is, and reaches all of its support. `mixed` takes it in place of its own heat baths; every discrete site comes back."""


def discrete_of(theory: Any) -> Discrete | None:
    """What a target says of discrete coordinates; None where there are none.

    Args:
        theory: A `Theory`.
    """
    own_moves: DiscreteMoves | None = theory.moves
    sites = {site.label: site.shape for site in theory.sites if site.discrete}
    if not sites:
        return None

    def at(point: Position) -> Reading:
        return read(theory.run, choose_from(point, theory.starts), at_levels=True)

    def replaced(point: Position, parts: dict[str, Array]) -> Position:
        for name, part in parts.items():
            point = point.at[theory.groups[name]].set(jnp.ravel(part).astype(point.dtype))
        return point

    def levels_of(point: Position, name: str) -> Array:
        return DiscreteLaw.whole(point[theory.groups[name]]).reshape(sites[name])

    def point(position: Position) -> Position:
        laws = theory.at(position).discrete_laws
        own = {name: position[theory.groups[name]].reshape(shape) for name, shape in sites.items()}
        return replaced(position, {name: laws[name].level(z) for name, z in own.items()})

    def position(key: Array, point: Position) -> Position:
        laws, drawn = at(point).discrete_laws, {}
        for number, (name, shape) in enumerate(sites.items()):
            # Half a rounding unit above zero: the cell is open at its lower end.
            share = jax.random.uniform(jax.random.fold_in(key, number), shape, point.dtype)
            share = share + 0.5 * jnp.finfo(point.dtype).eps
            drawn[name] = laws[name].in_cell(levels_of(point, name), share)
        return replaced(point, drawn)

    def bounds(point: Position) -> tuple[Position, Position]:
        laws, nowhere = at(point).discrete_laws, jnp.full_like(point, jnp.inf)
        ends = [{name: jnp.broadcast_to(getattr(laws[name], end), sites[name]) for name in sites} for end in ENDS]
        return replaced(-nowhere, ends[0]), replaced(nowhere, ends[1])

    def moves(key: Array, point: Position) -> Position:
        laws = at(point).discrete_laws
        moved = own_moves(key, {name: laws[name].value(levels_of(point, name)) for name in sites}) if own_moves else {}
        return replaced(point, {name: laws[name].level_of(jnp.asarray(value)) for name, value in moved.items()})

    return Discrete(
        sites,
        lambda y: at(y).potential,
        lambda y: measured_on(theory.observables, at(y)),
        point,
        position,
        bounds,
        moves if own_moves else None,
        theory.varying,
    )
