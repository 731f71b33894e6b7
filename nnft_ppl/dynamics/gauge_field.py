r"""A given U(1) gauge field in time on a lattice, and what a change of phases makes of it."""

from typing import Any, final

import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite, require_positive
from nnft_ppl.dynamics.known import numpy_for
from nnft_ppl.spaces import Lattice


@final
class GaugeField:
    r"""A_0 on the sites and A_j on the links of each step, with $i(\partial_t + iA_0)\psi = H[A]\psi$.

    It is a background, which stays as it is given. Under $\psi\to e^{i\alpha}\psi$ it goes over into

    $$A_{n,j}\to A_{n,j}-\frac{\alpha_{n+\hat\jmath}-\alpha_n}a, \qquad A_0\to A_0-\frac{\alpha(t+dt)-\alpha(t)}{dt}$$

    with the mean of α(t) and α(t + dt) for that of A.

    Of a field that changes in time they are the values at the middle of each step. They may be sampled.

    Args:
        temporal: A_0 during each step, shape (steps, *sites), in units of 1/time; one step stands for any number alike.
        spatial: A during each step on the link from a site to the next along each axis, shape (steps, axis, *sites), in
            units of 1/length.
        spacing: a, that of the lattice.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If a number is not finite, or shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> still = GaugeField(np.zeros((5, 8)), np.full((5, 1, 8), 0.1))  # A_1 = .1 on a ring of 8 sites

    Source: V. Vanchurin, arXiv:2411.08138, in the continuum; on the lattice standard, signs derived in
    docs/theory/dirac.md.
    """

    def __init__(
        self,
        temporal: Float[ArrayLike, "steps *sites"],
        spatial: Float[ArrayLike, "steps axis *sites"],
        spacing: float = 1.0,
    ) -> None:
        self.temporal = numbers("GaugeField", "temporal", temporal)
        self.spatial = numbers("GaugeField", "spatial", spatial)
        self.spacing = require_positive("GaugeField", "spacing", spacing)
        sites = self.temporal.shape[1:]
        if not sites or self.spatial.shape != (len(self.temporal), len(sites), *sites):
            raise ValueError(
                f"GaugeField: temporal has shape {self.temporal.shape} and spatial {self.spatial.shape}; give "
                "(steps, *sites) and (steps, axis, *sites)"
            )

    def require(self, steps: int, lattice: Lattice) -> None:
        """Refuse a field of other steps or sites.

        Args:
            steps: How many there should be.
            lattice: The sites that there should be.

        Raises:
            ValueError: If they are others.
        """
        if self.temporal.shape not in ((steps, *lattice.sites), (1, *lattice.sites)):
            raise ValueError(
                f"GaugeField: temporal has shape {self.temporal.shape}; for {steps} steps on {lattice.sites} sites "
                f"give {(steps, *lattice.sites)}"
            )
        if self.spacing != lattice.spacing:
            raise ValueError(
                f"GaugeField: spacing = {self.spacing:g} on a lattice of spacing {lattice.spacing:g}; give "
                f"GaugeField(temporal, spatial, spacing={lattice.spacing:g})"
            )

    def turned(self, phase: Float[ArrayLike, "time *sites"], time_step: float) -> "GaugeField":
        """The field that goes with ψ e^{iα}: in each step A turns with the mean of α at its ends.

        Args:
            phase: α at the beginning of each step and at the end of the last, shape (steps + 1, *sites).
            time_step: Duration dt of a step.

        Raises:
            TypeError, ValueError: If an argument is out of range, or the shape is another.
        """
        alpha = numbers("GaugeField.turned", "phase", phase)
        dt = require_positive("GaugeField.turned", "time_step", time_step)
        steps, *sites = self.temporal.shape
        if alpha.shape != (steps + 1, *sites):
            raise ValueError(f"GaugeField.turned: phase has shape {alpha.shape}; give {(steps + 1, *sites)}")
        own, middle = numpy_for(alpha), (alpha[:-1] + alpha[1:]) / 2
        slopes = [(own.roll(middle, -1, axis + 1) - middle) / self.spacing for axis in range(len(sites))]
        change = (alpha[1:] - alpha[:-1]) / dt
        return GaugeField(self.temporal - change, self.spatial - own.stack(slopes, axis=1), self.spacing)


def numbers(owner: str, name: str, values: Any) -> Any:
    """Real numbers: NumPy's where they are known, and finite then.

    Args:
        owner: Who asks.
        name: What the argument is called.
        values: The argument.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If one that is known is not finite.
    """
    if not isinstance(values, Tracer):
        return require_finite(owner, name, values)
    if jnp.iscomplexobj(values):
        raise TypeError(f"{owner}: {name} has dtype {values.dtype}; give real numbers")
    return values
