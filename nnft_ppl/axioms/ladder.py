r"""Times at which reflection positivity is looked at: ladders of a few, from the shortest spacing to the longest.

A rung has the times s, 2s, 3s behind the mirror, so that s is its spacing and its distance from the mirror. Spacings go
from 1/(2Λ) of a network with the cut-off Λ, or else the step of the grid, up to the correlation length 1/m where a mass
is known, and to where the rung fits between the mirrors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nnft_ppl.axioms.reflection import Reflection, TimesError, reflections
from nnft_ppl.spaces import Region, Space
from nnft_ppl.theory import Theory

PER_RUNG = 3
MOST_RUNGS = 4
RATIO = 4.0
"""Neighbouring rungs are about so far apart."""
FINEST = 1 / 64
"""The shortest spacing of a space without a grid, in units of its half."""


@dataclass(frozen=True)
class Rung:
    """Some times behind a mirror.

    Attributes:
        reflection: The mirror.
        times: In increasing order, in units of length.
    """

    reflection: Reflection
    times: tuple[float, ...]

    @property
    def spacing(self) -> float:
        """The shortest distance between two of the times; of one time that from the mirror."""
        return float(np.min(np.diff(self.times), initial=np.inf)) if len(self.times) > 1 else self.mirror_distance

    @property
    def mirror_distance(self) -> float:
        """The distance of the nearest one from the mirror."""
        return self.times[0]


def rungs(theory: Theory, times: Sequence[float] | None = None) -> tuple[Rung, ...]:
    """The times of a theory: those that are given, or a ladder of them.

    Args:
        theory: The theory.
        times: Times behind the mirror; None for a ladder.

    Raises:
        TimesError: If the times are not behind the mirror, not there, or twice.
        AxiomError: If there is no time axis.
    """
    found = reflections(theory.region)
    if times is None:
        return tuple(rung for one in found for rung in _ladder(one, theory))
    complaints, given = [], []
    for one in found:
        try:
            given.append(Rung(one, tuple(one.check(times).tolist())))
        except TimesError as error:  # of two mirrors one may do
            complaints.append(error)
    if not given:
        raise complaints[0]
    return tuple(given)


def cutoff_of(theory: Theory) -> float | None:
    """The highest momentum Λ of a network along the time axis, in units of inverse length; None where none is known.

    It is 2πK/T on a circle or torus with modes up to K, by the space or a keyword `modes`, and else what a keyword
    `cutoff` says.

    Args:
        theory: The theory.
    """
    modes, period = getattr(theory.space, "modes", None) or theory.keywords.get("modes"), theory.region.periods[0]
    if isinstance(modes, int) and modes > 0 and period:
        return 2 * math.pi * modes / period
    given = theory.keywords.get("cutoff")
    return float(given) if isinstance(given, int | float) and 0 < given < math.inf else None


def _ladder(reflection: Reflection, theory: Theory) -> list[Rung]:
    if reflection.times is not None:
        return _of_sites(reflection)
    longest = reflection.half / (PER_RUNG + 1)
    mass = theory.keywords.get("mass")
    high = min(1 / mass, longest) if isinstance(mass, int | float) and 0 < mass < math.inf else longest
    cutoff = cutoff_of(theory)
    low = 1 / (2 * cutoff) if cutoff else _grid_step(theory.region, reflection)
    high = max(low, high) if low <= longest else longest
    low = min(low, high)
    number = min(MOST_RUNGS, 1 + math.ceil(math.log(high / low) / math.log(RATIO)))
    spacings = np.geomspace(high, low, number) if number > 1 else np.array([high])
    return [Rung(reflection, tuple((spacing * np.arange(1, PER_RUNG + 1)).tolist())) for spacing in spacings]


def _of_sites(reflection: Reflection) -> list[Rung]:
    """Rungs of sites, or given times, with ever smaller steps between them."""
    known = np.array(reflection.times)
    number = min(PER_RUNG, len(known))
    longest = max(1, (len(known) - 1) // (2 * max(number - 1, 1)))
    strides = sorted({max(1, round(longest / RATIO**power)) for power in range(MOST_RUNGS - 1)}, reverse=True)
    return [Rung(reflection, tuple(known[stride * np.arange(number)].tolist())) for stride in strides]


def _grid_step(region: Region, reflection: Reflection) -> float:
    """The typical step of the grid along the time axis."""
    steps: Float[np.ndarray, " step"] = np.diff(region.axes[0]) if isinstance(region, Space) else np.zeros(0)
    step = float(np.median(steps)) if len(steps) else 0.0
    return step if step > 0 else FINEST * reflection.half
