"""What models of the Weyl anomaly compute of their traces, and what is known of it."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from nnft_ppl.exact import critical_dimension, string_towers, weyl_breaking
from nnft_ppl.observables import Derived, Observable

DAMPED = 6.0
"""e^{−ελ} at the largest eigenvalue λ must be so far down that modes beyond it are nothing to the finite parts."""


def refuse_cut_off(owner: str, name: str, epsilon: float, largest: float) -> None:
    """Refuse traces whose regulator is not at work yet where the modes end: they would be numbers of modes.

    Args:
        owner: The model.
        name: The keyword that says how many modes there are.
        epsilon: ε.
        largest: Their largest eigenvalue, about.

    Raises:
        ValueError: If the modes end where e^{−ελ} is not small.
    """
    if epsilon * largest < DAMPED:
        raise ValueError(
            f"{owner}: at epsilon = {epsilon:g} the modes end where the regulator is still "
            f"{np.exp(-epsilon * largest):.1g}; give more {name}, or epsilon >= {DAMPED / largest:.3g}"
        )


def weyl_observables(traces: Callable, dimensions: int) -> dict[str, Observable | Derived]:
    """Finite parts of the traces by `tower`, and what follows from them for D bosons with ghosts.

    `traces`; `breaking`, minus the finite divergence of the Weyl flow; and the `critical_dimension` where it vanishes.

    Args:
        traces: (what the model returns, parameters) -> forms of the noise whose averages they are, shape (tower,).
        dimensions: D.
    """
    names = tuple(tower.name for tower in string_towers())
    return {
        "traces": Observable(traces, ("tower",), {"tower": names}).in_units("1"),
        "breaking": Derived(lambda means: jnp.asarray(weyl_breaking(means["traces"], dimensions))).in_units("1"),
        "critical_dimension": Derived(lambda means: jnp.asarray(critical_dimension(means["traces"]))).in_units("1"),
    }


def weyl_answers(traces: Float[np.ndarray, " tower"], dimensions: int) -> dict[str, np.ndarray]:
    """The same of known traces, with them.

    Args:
        traces: Finite parts, shape (tower,).
        dimensions: D.
    """
    known = {"breaking": weyl_breaking(traces, dimensions), "critical_dimension": critical_dimension(traces)}
    return {"traces": traces} | {name: np.asarray(value) for name, value in known.items()}
