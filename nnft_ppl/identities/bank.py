r"""The bank: the identities that every run is tested with.

For every site s of a theory, in reference coordinates, where no boundary term exists:

    shift       V = 1/√n on the site               A = −Σ z/√n − V(S)
    dilatation  V = z                              A = n − |z|² − z·∇S
    rotation    V turns neighbouring pairs         A = −V(S)
    force       V = ∇_s S                          A = Δ_s S − z·∇_s S − |∇_s S|²

each with F = 1, the first three also with a bounded F = tanh(O/o) of the theory's first observable. A density that is
wrong by a factor exp(−δS), a wrong coupling say, shifts residuals by −δ Cov(residual, S): the forces are there because
they have much of S in them. Laplacians of S are estimated with random probes.

S is the potential, with what sites without a transport add to |z|²/2.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.identities.vector_fields import ReferenceField, VectorFieldError, key_of
from nnft_ppl.target import Target
from nnft_ppl.theory import Theory

MOST_SITES = 6
"""Sites with identities of their own; where there are more, the smallest are taken together."""
PROBES = 2
"""Probes of the Laplacians of S; each costs a second derivative."""
PILOT = 64
"""Normal draws z that set the scale of the bounded observable."""

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

    Raises:
        BankError: If the action or the first observable cannot be differentiated (the action twice).
        VectorFieldError: If a vector field has another shape than z.

    Example:
        >>> bank = Bank(theory)  # doctest: +SKIP
        >>> residuals, action = bank(position)  # doctest: +SKIP
    """

    def __init__(self, theory: Theory, fields: Sequence[ReferenceField] = ()) -> None:
        self.target: Target = theory.target()
        self.fields = tuple(fields)
        self.parts = _parts(self.target)
        self.observable, self._bounded = _bound_observable(theory)
        self.linear = [linear for name, part in self.parts.items() for linear in _linear(name, part)]
        self.rows = (
            *(Row(linear.name, "1") for linear in self.linear),
            *(Row(f"force.{name}", "1") for name in self.parts),
            *(Row(field.name, "1") for field in self.fields),
            *(Row(linear.name, self.observable) for linear in self.linear),
        )
        # Whoever compiles the bank finds it traced: models are traced slowly.
        self._traced = jax.jit(self._evaluate)
        try:
            jax.eval_shape(self._traced, jnp.zeros(theory.dimension))
        except VectorFieldError:
            raise
        except Exception as error:  # whatever the model is made of
            raise BankError(f"the action cannot be differentiated twice ({type(error).__name__})") from error

    def __call__(self, position: Position) -> tuple[Float[Array, "row"], Array]:
        """The residual of every row, and the potential, at one draw.

        Args:
            position: z, shape (dimension,).

        Returns:
            A_V F + V(F), shape (row,), and R + S, a scalar.
        """
        return self._traced(position)

    def _evaluate(self, position: Position) -> tuple[Array, Array]:
        action, gradient, forces = self._forces(position)
        bounded, slope = jax.value_and_grad(self._bounded)(position)
        fields = [*self.linear, *self.fields]
        components = jnp.stack([field.at(position) for field in fields])
        spread = jnp.stack([field.spread(position) for field in fields])
        anomaly = spread - components @ (position + gradient)
        known = len(self.linear)
        with_bounded = anomaly[:known] * bounded + components[:known] @ slope
        return jnp.concatenate([anomaly[:known], forces, anomaly[known:], with_bounded]), action

    def _forces(self, position: Position) -> tuple[Array, Position, Array]:
        """S, ∇S, and Δ_s S − z·∇_s S − |∇_s S|² of every part."""
        with_gradient = jax.value_and_grad(self.target.potential)

        def along(probe: Position) -> tuple[Array, Position, Position]:
            (action, gradient), (_, curved) = jax.jvp(with_gradient, (position,), (probe,))
            return action, gradient, probe * curved

        epsilon = jax.random.rademacher(key_of(position), (PROBES, position.size), dtype=position.dtype)
        # One after the other: side by side they would double the time of compilation and save little.
        actions, gradients, curvatures = jax.lax.map(along, epsilon)
        action, gradient = actions[0], gradients[0]
        local = jnp.mean(curvatures, axis=0) - position * gradient - gradient**2
        return action, gradient, jnp.stack([sum(jnp.sum(local[one]) for one in part) for part in self.parts.values()])


def _parts(target: Target) -> dict[str, tuple[slice, ...]]:
    """Slices of z by name: one per site, the smallest sites together where there are many."""
    groups = {name: part for name, part in target.groups.items() if part.stop > part.start}
    if len(groups) <= MOST_SITES:
        return {name: (part,) for name, part in groups.items()}
    by_size = sorted(groups, key=lambda name: groups[name].stop - groups[name].start, reverse=True)
    kept = set(by_size[: MOST_SITES - 1])
    rest = tuple(part for name, part in groups.items() if name not in kept)
    return {name: (part,) for name, part in groups.items() if name in kept} | {"others": rest}


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


def _bound_observable(theory: Theory) -> tuple[str, Callable[[Array], Array]]:
    """tanh(O/o) of the last entry of the theory's first observable, with o its typical size in the free theory."""
    name, observable = next(iter(theory.observables.items()))

    def last(position: Array) -> Array:
        return jnp.ravel(observable(theory.realise(position)))[-1]

    positions = np.random.default_rng(0).normal(size=(PILOT, theory.dimension))
    values = np.abs(np.asarray(jax.jit(jax.vmap(last))(jnp.asarray(positions))))
    scale = float(np.median(values)) or 1.0
    return f"tanh({name})", lambda position: jnp.tanh(last(position) / scale)
