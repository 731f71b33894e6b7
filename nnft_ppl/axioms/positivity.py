r"""Reflection positivity on draws: E[(ΘF)* F] ≥ 0 for every functional F of the fields behind a mirror, or a witness.

The draws are cut in halves that are independent. In each family of functionals, at each rung of times, a witness v is
found on one half; on the other v†Mv is an ordinary mean, with an ordinary error; and the other way round. The two tests
depend on each other: that one of them is as low as it is has by chance the probability p = 2 min p_i at most. Families
and rungs share the probability `ALPHA` of a false alarm equally.

Source: derived in docs/theory/reflection.md.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.axioms.functionals import Family, families, real_components, time_words, values_at
from nnft_ppl.axioms.halves import HeldOut, Means, cut, held_out, means_of_products
from nnft_ppl.axioms.ladder import Rung, cutoff_of, rungs
from nnft_ppl.axioms.positivity_findings import TOLERANCE, PositivityFindings, Tested, judged
from nnft_ppl.axioms.reflection import AxiomError
from nnft_ppl.statistics import relative_weights
from nnft_ppl.theory import Theory

FEWEST = 200
"""Draws below which nothing is found, let alone tested."""


class Mirrored(NamedTuple):
    """Values of fields behind a mirror, and at the images in it."""

    rung: Rung
    """The mirror and the times."""
    behind: Float[ndarray, "chain draw time component"]
    """Real components of the fields at the times."""
    mirrored: Float[ndarray, "chain draw time component"]
    """The same at the images."""


class _Asked(NamedTuple):
    """One family at one rung."""

    rung: Rung
    family: Family
    letters: list[str]
    halves: tuple[HeldOut, HeldOut]


class ReflectionPositivity:
    """What reflection positivity needs of one draw, and what it says of many.

    Args:
        theory: What is sampled.
        times: Times behind the mirror, in units of length; None for a ladder of them.
        tolerance: The largest −ρ that `consistent` leaves open.

    Raises:
        AxiomError: If there is no time axis, the times do not fit, or weights have a phase.
    """

    def __init__(self, theory: Theory, times: Sequence[float] | None = None, tolerance: float = TOLERANCE) -> None:
        if not 0 < tolerance <= 1:
            raise AxiomError(f"tolerance = {tolerance!r}; give a number above 0, and 1 at most")
        if theory.phase_terms:
            raise AxiomError("weights with a phase are no probabilities, and E[(ΘF)* F] is no number to be compared")
        self._theory, self._tolerance = theory, tolerance
        self.rungs, self.cutoff = rungs(theory, times), cutoff_of(theory)
        pairs = [rung.reflection.points(np.array(rung.times)) for rung in self.rungs]
        self._points = np.concatenate([part for pair in pairs for part in pair])
        self._components: list[str] = []

    def measure(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """The fields' components at all times of every rung, and at their images: `values`, shape (point, component).

        Args:
            position: z of one draw.
        """
        fields = self._theory.fields(position)
        self._components = real_components(fields, self._points[0])
        return {"values": values_at(fields, self._points)}

    def conclude(
        self,
        series: Mapping[str, Float[ndarray, "chain draw point component"]],
        weights: Float[ndarray, "chain draw"] | None = None,
        *,
        independent: bool = False,
        rounding: float = 0.0,
    ) -> PositivityFindings:
        """What is found on the draws.

        Args:
            series: What was measured on every draw, `values` of shape (chain, draw, point, component).
            weights: Log weights of the draws, shape (chain, draw), if they have any.
            independent: Whether the draws are known to be independent.
            rounding: Relative rounding error of the values.

        Raises:
            AxiomError: If the fields are not finite somewhere, or there are too few draws.
        """
        values = np.asarray(series["values"], float)
        chains, draws = values.shape[:2]
        if chains * draws < FEWEST:
            raise AxiomError(f"{chains} × {draws} draws are too few to find a functional and test it; give {FEWEST}")
        finite = np.isfinite(values).all((0, 1, 3))
        if not finite.all():
            at = ", ".join(f"{one:g}" for one in self._points[int(np.argmin(finite))])
            raise AxiomError(f"the field is not finite at ({at}), where it is looked at")
        pairs, start = [], 0
        for rung in self.rungs:
            middle, end = start + len(rung.times), start + 2 * len(rung.times)
            pairs.append(Mirrored(rung, values[:, :, start:middle], values[:, :, middle:end]))
            start = end
        told = {"independent": independent, "rounding": rounding, "tolerance": self._tolerance, "cutoff": self.cutoff}
        return positivity_of(pairs, self._components, weights, **told)


def positivity_of(
    pairs: Sequence[Mirrored],
    components: Sequence[str] = ("φ",),
    weights: Float[ndarray, "chain draw"] | None = None,
    *,
    independent: bool = False,
    rounding: float = 0.0,
    tolerance: float = TOLERANCE,
    cutoff: float | None = None,
) -> PositivityFindings:
    """What draws of fields behind mirrors, and at the images in them, say of reflection positivity.

    Args:
        pairs: The values at every rung, of shape (chain, draw, time, component).
        components: Names of the fields' real components.
        weights: Log weights of the draws, if they have any.
        independent: Whether the draws are known to be independent.
        rounding: Relative rounding error of the values.
        tolerance: The largest −ρ that `consistent` leaves open.
        cutoff: The highest momentum of the fields, in units of inverse length, if it is known.
    """
    shares = None if weights is None else relative_weights(weights)
    asked = []
    for rung, behind, mirrored in pairs:
        letters = time_words(components, rung.times)
        one, other = (part.reshape(*part.shape[:2], -1) for part in (behind, mirrored))
        for family in families(len(components), len(rung.times)):
            asked.append(_Asked(rung, family, letters, held_out(family(one), family(other), shares, rounding)))
    found = []
    for half, part in enumerate(cut(*pairs[0].behind.shape[:2])):
        products = np.stack([one.halves[half].products for one in asked], axis=-1)
        logs = None if weights is None else weights[part]
        largest = np.array([one.halves[half].largest for one in asked])
        found.append(means_of_products(products, logs, independent=independent, largest=largest))
    rows = [_row(one, [_at(means, row) for means in found], len(asked), tolerance) for row, one in enumerate(asked)]
    return PositivityFindings.of(rows, cutoff)


def _row(asked: _Asked, means: Sequence[Means], rows: int, tolerance: float) -> Tested:
    worst = int(np.argmin([float(one.p_value) for one in means]))
    return judged(
        family=asked.family.name,
        times=asked.rung.times,
        spacing=asked.rung.spacing,
        mirror_distance=asked.rung.mirror_distance,
        reflection=asked.rung.reflection.kind,
        vector=asked.halves[worst].vector,
        functionals=asked.family.words(asked.letters),
        means=means,
        seconds=[half.second for half in asked.halves],
        rows=rows,
        tolerance=tolerance,
    )


def _at(tests: Means, row: int) -> Means:
    return Means(*(np.asarray(part[row]) for part in tests))
