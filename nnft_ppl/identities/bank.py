r"""The bank: the identities that every run is tested with.

For every site s of a theory, in reference coordinates, where no boundary term exists:

    shift       V = 1/√n on the site               A = −Σ z/√n − V(S)
    dilatation  V = z                              A = n − |z|² − z·∇S
    rotation    V turns neighbouring pairs         A = −V(S)
    force       V = ∇_s S                          A = Δ_s S − z·∇_s S − |∇_s S|²

each with F = 1, the first three also with a bounded F = tanh((O − c)/s) of one observable O, with c and s its centre
and spread on the draws (`nnft_ppl.identities.rows`). A density that is wrong by a factor exp(−δS), a wrong coupling
say, shifts residuals by −δ Cov(residual, S): the forces are there because they have much of S in them. Laplacians of S
are estimated with random probes.

Discrete coordinates have no derivative: they have shifts by one instead (`nnft_ppl.identities.shifts`), and the others
have their identities at fixed levels of the discrete ones.

S is the potential, with what sites without a transport add to |z|²/2. The identities need the gradients of S and O:
where one of these may jump or kink, as it is written, a segment from every draw is searched for it
(`nnft_ppl.identities.jumps`). What is only rounding is set to zero.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.identities.bank_observable import observable_of
from nnft_ppl.identities.jumps import random_step, search
from nnft_ppl.identities.linear_sites import mask_of
from nnft_ppl.identities.shifts import Shifts
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.identities.vector_fields import ReferenceField, VectorFieldError, key_of, refuse_moved_levels
from nnft_ppl.target import Target
from nnft_ppl.theory import Theory

MOST_SITES = 6
"""Sites with identities of their own; where there are more, the smallest are taken together."""
PROBES = 2
"""Probes of the Laplacians of S; each costs a second derivative."""
ROUNDING = 1e4
"""A residual below so many rounding units of its terms is none."""

Position = Float[Array, "dimension"]


class Row(NamedTuple):
    """Which identity, E[A_V F + V(F)] = 0."""

    vector_field: str
    """Name of V."""
    observable: str
    """Name of F."""


class BankError(ValueError):
    """A theory that has no bank; the text says why."""


class Bank:
    """Identities E[A_V F + V(F)] = 0 of a theory, evaluated together on one draw.

    Args:
        theory: Any theory.
        fields: Further vector fields, tested with F = 1.

    Attributes:
        linear: The shifts, dilatations and rotations, in the order of `change`.
        shifts: Of the discrete coordinates; None where there are none.
        rows: All identities but the shifts: those with F = 1 in the order of `residual` (`linear`, forces, and those
            given), then those of `linear` with a bounded observable.
        sites: The sites that each of these moves.
        observable: Name of the observable O; empty where none varies and has a derivative. Of those that are smooth as
            they are written the first by name, else of all.
        bounded: The bounded observable in words.
        doubtful: Sites that may make the action jump, as it is written.
        doubtful_observable: Those that may make O jump.

    Raises:
        BankError: If the action cannot be differentiated twice.
        VectorFieldError: If a vector field has another shape than z.

    Example:
        >>> bank = Bank(theory)  # doctest: +SKIP
        >>> residuals = bank(position)["residual"]  # doctest: +SKIP
    """

    def __init__(self, theory: Theory, fields: Sequence[ReferenceField] = ()) -> None:
        self._theory, self._target = theory, theory.target()
        self._discrete = self._target.discrete
        self._potential = self._discrete.potential if self._discrete else self._target.potential
        self.fields = tuple(fields)
        for field in self.fields:
            refuse_moved_levels(theory, field)
        parts = _parts(self._target)
        self.parts = {name: tuple(self._target.groups[site] for site in sites) for name, sites in parts.items()}
        of_parts = {name: _linear(name, part) for name, part in self.parts.items()}
        self.linear = [field for linear in of_parts.values() for field in linear]
        moved = [parts[name] for name, linear in of_parts.items() for _ in linear]
        self.sites = (*moved, *parts.values(), *[tuple(theory.groups)] * len(self.fields))
        smooth = smoothness(theory)
        self.observable, words, self._value = observable_of(theory)
        linear = [field.name for field in self.linear]
        alone = [*linear, *(f"force.{name}" for name in parts), *(field.name for field in self.fields)]
        self.bounded = bounded = f"tanh({words})"
        self.rows = (
            *(Row(name, "1") for name in alone),
            *(Row(name, bounded) for name in linear if self.observable),
        )
        self.shifts = Shifts(self._target, self._value) if self._discrete else None
        self.doubtful = smooth.potential.difference(theory.discrete)
        self.doubtful_observable = smooth.observables.get(self.observable, frozenset()).difference(theory.discrete)
        # Whoever compiles the bank finds it traced: models are traced slowly.
        self._traced = jax.jit(self._evaluate)
        try:
            jax.eval_shape(self._traced, jnp.zeros(theory.dimension))
        except VectorFieldError:
            raise
        except Exception as error:  # whatever the model is made of
            raise BankError(f"the action cannot be differentiated twice ({type(error).__name__})") from error

    def __call__(self, position: Position) -> dict[str, Array]:
        """What the identities need of one draw.

        Args:
            position: z, shape (dimension,).

        Returns:
            `residual`, A_V of every vector field, shape (vector field,); `potential`, R + S; `value`, O, and `change`,
            V(O) of the linear fields. Of shifts `shift_residual`, `shift_rate` and `shift_value` (`Shifted`). And
            `jump` and `kink`, whether S has one on a segment from here, `value_jump`, whether O has, where they may.
        """
        return self._traced(position)

    def _evaluate(self, position: Position) -> dict[str, Array]:
        given = position
        if self._discrete:
            position = self._discrete.point(given)
        action, gradient, forces = self._forces(position)
        value, slope = jax.value_and_grad(self._value)(position)
        fields = [*self.linear, *self.fields]
        components = _stacked([field.at(position) for field in fields], position)
        spread = _stacked([field.spread(position) for field in fields], jnp.zeros(()))
        size = jnp.abs(spread) + jnp.abs(components) @ (jnp.abs(position) + jnp.abs(gradient))
        anomaly = _without_rounding(spread - components @ (position + gradient), size)
        known = len(self.linear)
        change = _without_rounding(components[:known] @ slope, jnp.abs(components[:known]) @ jnp.abs(slope))
        found = {
            "residual": jnp.concatenate([anomaly[:known], forces, anomaly[known:]]),
            "potential": action,
            "value": value,
            "change": change,
        }
        if self.shifts:
            found["potential"] = self._target.potential(given)
            shifted = self.shifts(jax.random.fold_in(key_of(given), 2), position)
            found |= {f"shift_{name}": array for name, array in shifted._asdict().items()}
        if self.doubtful:
            jump, kink = search(self._potential, position, self._step(position, self.doubtful))
            found |= {"jump": jump, "kink": kink}
        if self.doubtful_observable:
            step = self._step(position, self.doubtful_observable)
            found["value_jump"] = search(self._value, position, step).jump
        return found

    def _step(self, position: Position, sites: frozenset[str]) -> Position:
        """A segment from a draw in these sites, another for every draw."""
        mask = jnp.asarray(mask_of(self._theory, tuple(sites)), position.dtype)
        return random_step(jax.random.fold_in(key_of(position), 1), mask)

    def _forces(self, position: Position) -> tuple[Array, Position, Array]:
        """S, ∇S, and Δ_s S − z·∇_s S − |∇_s S|² of every part."""
        if not self.parts:
            return self._potential(position), jnp.zeros_like(position), jnp.zeros(0)
        with_gradient = jax.value_and_grad(self._potential)

        def along(probe: Position) -> tuple[Array, Position, Position]:
            (action, gradient), (_, curved) = jax.jvp(with_gradient, (position,), (probe,))
            return action, gradient, probe * curved

        epsilon = jax.random.rademacher(key_of(position), (PROBES, position.size), dtype=position.dtype)
        # One after the other: side by side they would double the time of compilation and save little.
        actions, gradients, curvatures = jax.lax.map(along, epsilon)
        action, gradient = actions[0], gradients[0]
        terms = jnp.stack([jnp.mean(curvatures, axis=0), -position * gradient, -(gradient**2)])
        local, size = jnp.sum(terms, axis=0), jnp.sum(jnp.abs(terms), axis=0)
        sums = [
            jnp.stack([sum(jnp.sum(array[one]) for one in part) for part in self.parts.values()])
            for array in (local, size)
        ]
        # The gradient of a constant is not always zero to the last bit.
        return action, gradient, _without_rounding(sums[0], sums[1] + jnp.abs(action))


def _without_rounding(sums: Array, sizes: Array) -> Array:
    """Sums, those set to zero that are rounding errors of their terms, whose sizes are given."""
    return jnp.where(jnp.abs(sums) <= ROUNDING * jnp.finfo(sums.dtype).eps * sizes, 0.0, sums)


def _stacked(arrays: list[Array], like: Array) -> Array:
    """Arrays of one shape along a new first axis; of that shape where there are none."""
    return jnp.stack(arrays) if arrays else jnp.zeros((0, *like.shape), like.dtype)


def _parts(target: Target) -> dict[str, tuple[str, ...]]:
    """Sites by the name of a part: each its own, the smallest together where there are many."""
    discrete = target.discrete.sites if target.discrete else {}
    groups = {name: part for name, part in target.groups.items() if part.stop > part.start and name not in discrete}
    if len(groups) <= MOST_SITES:
        return {name: (name,) for name in groups}
    by_size = sorted(groups, key=lambda name: groups[name].stop - groups[name].start, reverse=True)
    kept = set(by_size[: MOST_SITES - 1])
    rest = tuple(name for name in groups if name not in kept)
    return {name: (name,) for name in groups if name in kept} | {"others": rest}


def _linear(name: str, part: tuple[slice, ...]) -> list[ReferenceField]:
    """Shift, dilatation and, of two coordinates or more, rotation of one part."""
    size = sum(one.stop - one.start for one in part)

    def on_part(act: Callable[[Array], Array]) -> Callable[[Array], Array]:
        def field(position: Array) -> Array:
            moved = jnp.zeros_like(position)
            for one in part:
                moved = moved.at[one].set(act(position[one]))
            return moved

        return field

    def none(position: Array) -> Array:
        return jnp.zeros((), position.dtype)

    shift = on_part(lambda z: jnp.full_like(z, 1 / np.sqrt(size)))
    dilatation = on_part(lambda z: z)
    fields = [
        ReferenceField(f"shift.{name}", shift, none),
        ReferenceField(f"dilatation.{name}", dilatation, lambda position: jnp.full((), size, position.dtype)),
    ]
    if max(one.stop - one.start for one in part) > 1:
        fields.append(ReferenceField(f"rotation.{name}", on_part(_turn_pairs), none))
    return fields


def _turn_pairs(z: Float[Array, "n"]) -> Float[Array, "n"]:
    """(z_1, z_2) -> (−z_2, z_1) for neighbouring pairs; an odd last one stays."""
    pairs = z[: 2 * (z.size // 2)].reshape(-1, 2)
    turned = jnp.stack([-pairs[:, 1], pairs[:, 0]], axis=1).reshape(-1)
    return jnp.concatenate([turned, jnp.zeros(z.size % 2, z.dtype)])
