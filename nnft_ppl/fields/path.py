"""A field that is known at given times: a path of a random process."""

from collections.abc import Sequence
from typing import Any, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_finite

TOLERANCE = 1e-3
"""How far from a time, in units of the shortest step, a point may be by rounding."""


@final
class Path(eqx.Module):
    """Field in one dimension that is known at given times and nowhere else, φ(t_j) = values_j.

    Between its times a random process has further randomness, so that nothing is interpolated: a point that is none of
    the times is refused, and where it is traced, and nobody can see it, the value is NaN. A function of the path, such
    as a network that reads it, is `lambda t: network(path(t))`, or quicker `Path(times, jax.vmap(network)(values))`.

    Attributes:
        times: The times t_j, strictly increasing; static.
        values: Values at the times, shape (time, *components), real or complex.

    Source: derived here.
    """

    times: tuple[float, ...] = eqx.field(static=True)
    values: Shaped[Array, "time ..."]

    def __init__(
        self, times: Sequence[float] | Float[np.ndarray, " time"], values: Shaped[ArrayLike, "time *component"]
    ) -> None:
        """Check the shapes.

        Args:
            times: Strictly increasing numbers, shape (time,).
            values: Values at the times, shape (time, *components).

        Raises:
            TypeError: If the times are not real numbers.
            ValueError: If they do not increase, or the values have not one entry for each.
        """
        at = require_finite("Path", "times", times)
        if at.ndim != 1 or len(at) < 2 or np.any(np.diff(at) <= 0):
            raise ValueError(f"Path: times = {at}; give two or more strictly increasing ones")
        self.times, self.values = tuple(at.tolist()), jnp.asarray(values)
        if self.values.shape[:1] != at.shape:
            raise ValueError(f"Path: values have shape {self.values.shape} for {len(at)} times; give (time, ...)")

    @property
    def only_at(self) -> str:
        """Where alone it has values, so that it has no derivative."""
        return "times"

    @property
    def dim(self) -> int:
        """Number of coordinates, always 1."""
        return 1

    def _nearest(self, x: Float[ArrayLike, "*shape"]) -> tuple[Any, Any]:
        """Number of the time that is nearest to each point, and whether it is that time."""
        library = np if isinstance(x, np.ndarray) else jnp
        times = np.array(self.times)
        numbers = library.searchsorted((times[1:] + times[:-1]) / 2, x)
        good = library.abs(x - library.asarray(times)[numbers]) < TOLERANCE * np.min(np.diff(times))
        if not isinstance(good, Tracer) and not np.all(good):
            bad = np.asarray(x)[~np.asarray(good)].ravel()[0]
            raise ValueError(
                f"Path: {bad:g} is none of its {len(times)} times, from {times[0]:g} to {times[-1]:g}, and it has no "
                f"values between them; the nearest is {times[np.argmin(np.abs(times - bad))]:g}"
            )
        return numbers, good

    def __call__(self, x: Float[ArrayLike, " 1"] | Float[ArrayLike, ""]) -> Shaped[Array, "*component"]:
        """Value of the path at one of its times.

        Args:
            x: The time, shape (1,) or a scalar.

        Returns:
            φ(x), a scalar or shape (*components); NaN where a traced point is none of the times.

        Raises:
            ValueError: If `x` is not one point, or none of the times.
        """
        x = x if isinstance(x, np.ndarray) else jnp.asarray(x)
        if x.shape not in {(1,), ()}:
            raise ValueError(f"Path: x has shape {x.shape}; give one time of shape (1,), and many through jax.vmap")
        return self.on_grid((x.reshape(1),))[0]

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"]]) -> Shaped[Array, "points *component"]:
        """Values at several of the times.

        Args:
            axes: One array of times in a tuple, shape (points,).

        Returns:
            φ at the times, shape (points, *components).

        Raises:
            ValueError: If there is not exactly one axis, or a point is none of the times.
        """
        if len(axes) != 1:
            raise ValueError(f"Path: {len(axes)} axes; give one axis of times")
        numbers, good = self._nearest(axes[0])
        values = self.values[numbers]
        if isinstance(good, Tracer):
            values = jnp.where(good.reshape(-1, *[1] * (values.ndim - 1)), values, jnp.nan)
        return values
