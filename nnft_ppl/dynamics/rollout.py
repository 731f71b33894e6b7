"""What a network does in time, as a field on times and sites."""

import warnings
from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.dynamics.equation import solved
from nnft_ppl.dynamics.flow import flow_times
from nnft_ppl.dynamics.learning_network import LearningNetwork, State, state_arrays
from nnft_ppl.fields import LatticeField, Path
from nnft_ppl.spaces import Lattice, Spacetime


@final
class Rollout(eqx.Module):
    """The field φ(t, x) that a state on the sites of a lattice runs through, at given times and nowhere else.

    Called with a point (t, x_1, ...), of the times and the sites; a point that is none is refused, or NaN where it is
    traced and nobody can see it. The values themselves are `phi` and `beta`, and `at(number)` is the state at one time.

    Attributes:
        phi: φ, shape (time, *sites, *components), real or complex.
        beta: The biases, of the same shape; None where there are none.
        times: The times, strictly increasing; static.
        lattice: The sites; static.

    Source: derived here.
    """

    phi: Shaped[Array, "..."]
    beta: Shaped[Array, "..."] | None
    times: tuple[float, ...] = eqx.field(static=True)
    lattice: Lattice = eqx.field(static=True)

    def __init__(
        self,
        phi: Shaped[ArrayLike, "time ..."],
        lattice: Lattice,
        times: Sequence[float] | Float[np.ndarray, " time"],
        beta: Shaped[ArrayLike, "time ..."] | None = None,
    ) -> None:
        """Check the shapes.

        Args:
            phi: φ, shape (time, *sites, *components).
            lattice: The sites.
            times: Strictly increasing, two at least.
            beta: The biases, of the same shape, or None.

        Raises:
            TypeError: If the times are no numbers, or the sites no lattice.
            ValueError: If times do not increase, or shapes do not fit.
        """
        self.phi, self.lattice = jnp.asarray(phi), lattice
        self.beta = None if beta is None else jnp.asarray(beta)
        self.times = Spacetime(times, lattice).line.times
        wanted = (len(self.times), *lattice.sites)
        for name, values in (("phi", self.phi), ("beta", self.beta)):
            if values is not None and values.shape[: len(wanted)] != wanted:
                raise ValueError(
                    f"Rollout: {name} has shape {values.shape} for {len(self.times)} times and {lattice.sites} sites; "
                    "give (time, *sites, ...)"
                )

    @property
    def only_at(self) -> str:
        """Where alone it has values, so that it has no derivative."""
        return "times and sites"

    @property
    def dim(self) -> int:
        """Number of coordinates, the time and those of the lattice."""
        return 1 + self.lattice.dim

    @property
    def space(self) -> Spacetime:
        """Its times and sites."""
        return Spacetime(self.times, self.lattice)

    def at(self, number: int) -> State:
        """The state at one time.

        Args:
            number: Of the time, from 0 on; −1 is the last.

        Raises:
            TypeError: If it is no integer.
            ValueError: If there is no such time, or it has no biases.
        """
        number = require_count("Rollout.at", "number", number, -len(self.times), len(self.times) - 1)
        if self.beta is None:
            raise ValueError("Rollout: it has no biases beta, so that there is no state; read its phi")
        return State(self.phi[number], self.beta[number])

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Shaped[Array, "*component"]:
        """Value of the field at one time and site.

        Args:
            x: The point (t, x_1, ...), shape (dim,).

        Returns:
            φ(t, x), a scalar or shape (*components); NaN where a traced point is none of the times or sites.

        Raises:
            ValueError: If `x` is not one point, or is no time and site.
        """
        x = x if isinstance(x, np.ndarray) else jnp.asarray(x)
        if x.shape != (self.dim,):
            raise ValueError(
                f"Rollout: x has shape {x.shape}; give one point (t, x, ...) of shape ({self.dim},), and many through "
                "jax.vmap"
            )
        return LatticeField(Path(self.times, self.phi)(x[:1]), self.lattice)(x[1:])

    def on_grid(self, axes: Sequence[Float[ArrayLike, " points"]]) -> Shaped[Array, "..."]:
        """Values on a tensor grid of times and sites.

        Args:
            axes: Times, then coordinates along each axis of the lattice, shapes (n_0,), (n_1,), ...

        Returns:
            φ on the grid, shape (n_0, n_1, ...) and the components.

        Raises:
            ValueError: If the number of axes is another, or a point is no time or site.
        """
        if len(axes) != self.dim:
            raise ValueError(f"Rollout: {len(axes)} axes; give one of times and {self.lattice.dim} of sites")
        last = self.lattice.dim
        then = jnp.moveaxis(Path(self.times, self.phi).on_grid((axes[0],)), 0, last)  # sites first, as the lattice's
        return jnp.moveaxis(LatticeField(then, self.lattice).on_grid(axes[1:]), last, 0)


def rollout(
    network: LearningNetwork, start: State, steps: int, lattice: Lattice, *, time_step: float = 1.0, every: int = 1
) -> Rollout:
    """A network's steps of activation and learning, as a field on times n · time_step and the sites.

    Args:
        network: What runs and learns.
        start: φ and β at time 0, shape (*sites, *components).
        steps: How many.
        lattice: The sites.
        time_step: Duration of a step; times the highest frequency it must stay below 2, or the state grows without
            bound. Of numbers that are known a warning says so.
        every: Steps from one stored time to the next, a divisor of `steps`.

    Raises:
        TypeError, ValueError: If numbers are out of range, or shapes do not fit.

    Example:
        >>> from nnft_ppl.spaces import Lattice
        >>> network = LearningNetwork(lambda phi, beta: phi + beta, lambda phi, beta: jnp.sum(phi**2) / 2)
        >>> run = rollout(network, State(jnp.ones(4), jnp.zeros(4)), 20, Lattice(4), time_step=0.1)
        >>> print(round(float(run([2.0, 3.0])), 3))  # about cos 2
        -0.371

    Source: V. Vanchurin, arXiv:2411.08138.
    """
    owner = "rollout"
    require_count(owner, "steps", steps)
    require_count(owner, "every", every)
    require_positive(owner, "time_step", time_step)
    if steps % every:
        raise ValueError(f"{owner}: every = {every} and steps = {steps}; give a divisor of the steps")
    begin = _start(owner, start, lattice)

    def move(state: State, _: None) -> tuple[State, State]:
        if every == 1:
            state = network.step(state, time_step)
        else:
            state = jax.lax.fori_loop(0, every, lambda _, at: network.step(at, time_step), state)
        return state, state

    _, way = jax.lax.scan(move, begin, length=steps // every)
    if not isinstance(way.phi, Tracer) and not np.all(np.isfinite(way.phi[-1])):
        warnings.warn(
            f"{owner}: the state is not finite after {steps} steps of {time_step:g}; steps times the highest frequency "
            "must stay below 2: give a smaller time_step",
            stacklevel=2,
        )
    return _recorded(begin, way, lattice, time_step * every * np.arange(steps // every + 1))


def continuous_rollout(
    network: LearningNetwork,
    start: State,
    times: Sequence[float] | Float[np.ndarray, " time"],
    lattice: Lattice,
    *,
    steps: int = 32,
    tolerance: float = 1e-8,
) -> Rollout:
    """A network that runs and learns in continuous time, by steps of order 8 with a bound on their error (diffrax).

    Args:
        network: What runs and learns.
        start: φ and β at time 0, shape (*sites, *components).
        times: When it is looked at, ascending, above 0; time 0 comes in front.
        lattice: The sites.
        steps: From 0 to the last time; the highest frequency times a step should stay below 1.
        tolerance: The largest sum of estimated errors in φ or β, each in units of its largest number so far; at float32
            1000 units of its rounding, where that is more.

    Returns:
        The field at time 0 and at `times`; NaN where the tolerance is not met: give more steps.

    Raises:
        TypeError, ValueError: If numbers are out of range, or shapes do not fit.

    Source: V. Vanchurin, arXiv:2411.08138.
    """
    owner = "continuous_rollout"
    try:
        when = flow_times(owner, times)
    except ValueError:
        when = np.zeros(1)
    if not when[0] > 0 or np.any(np.diff(when) <= 0):
        raise ValueError(f"{owner}: times = {times}; give finite, strictly increasing ones above 0")
    require_count(owner, "steps", steps)
    require_positive(owner, "tolerance", tolerance)
    begin = _start(owner, start, lattice)
    found = solved(network.rates, begin, when, steps, tolerance, relative=True)
    return _recorded(begin, found, lattice, np.append(0.0, when))


def _start(owner: str, start: State, lattice: Lattice) -> State:
    """The state at the beginning, as floating-point arrays on the sites."""
    phi, beta = state_arrays(owner, start)
    for name, one in (("phi", phi), ("beta", beta)):
        if one.shape != phi.shape or one.shape[: lattice.dim] != lattice.sites:
            raise ValueError(
                f"{owner}: {name} at the start has shape {one.shape} and the lattice {lattice.sites} sites; give phi "
                "and beta of one shape, the sites first and components behind"
            )
    return State(phi, beta)


def _recorded(begin: State, way: State, lattice: Lattice, times: Float[np.ndarray, " time"]) -> Rollout:
    """The field from its first state and the later ones."""
    phi, beta = (jnp.concatenate([one[None], later]) for one, later in zip(begin, way, strict=True))
    return Rollout(phi, lattice, times, beta)
