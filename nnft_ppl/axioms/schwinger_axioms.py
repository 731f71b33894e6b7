r"""The axioms on Schwinger functions beside reflection positivity: invariance, clustering, permutations.

Source: Osterwalder and Schrader, Commun. Math. Phys. 31 (1973) 83; 42 (1975) 281.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Shaped
from numpy import ndarray

from nnft_ppl.axioms.cluster import ClusterDecomposition
from nnft_ppl.axioms.field_values import FieldValues, Legs
from nnft_ppl.axioms.invariance import EuclideanInvariance
from nnft_ppl.axioms.judged_draws import ROUNDING, TOLERANCE, JudgedDraws
from nnft_ppl.axioms.permutation import PermutationSymmetry
from nnft_ppl.theory import Theory

BETWEEN = ":"
"""Between an axiom's name and that of what it measures."""


class SchwingerAxioms:
    """What these axioms need of a draw, and what many draws say of them.

    Args:
        theory: The theory.
        distance: How far apart clusters are, in units of length; None for as far as the region goes.
        invariance: Other points and motions than those of the theory's region; None for these.

    Raises:
        ValueError: If the distance lies outside the region.
    """

    def __init__(
        self, theory: Theory, *, distance: float | None = None, invariance: EuclideanInvariance | None = None
    ) -> None:
        region, acts = theory.region, bool(theory.action_terms)
        self.invariance = EuclideanInvariance(region) if invariance is None else invariance
        self.cluster: ClusterDecomposition | None = None
        self.no_cluster = ""
        try:
            self.cluster = ClusterDecomposition(region, distance, acts=acts)
        except ValueError as error:
            if distance is not None:
                raise
            self.no_cluster = str(error).partition(": ")[2]
        own = [self.invariance.points, *([self.cluster.points] if self.cluster else [])]
        flat = [one.reshape(-1, region.dim) for one in own]
        self._values = FieldValues(theory, np.concatenate(flat))
        self._ends = np.cumsum([0, *map(len, flat)])
        self.permutation = PermutationSymmetry(theory, self.invariance.points[0])

    def __call__(self, position: Float[Array, "dimension"]) -> dict[str, Array]:
        """All that is needed of one draw, by `AXIOM:NAME`.

        Args:
            position: z, shape (dimension,).
        """
        fields, permutation = self._values(position, self.permutation.read)
        found = {"euclidean": self.invariance.read(self._part(fields, 0, self.invariance.points))}
        if self.cluster:
            found["cluster"] = self.cluster.read(self._part(fields, 1, self.cluster.points))
        found["permutation"] = permutation
        return {f"{axiom}{BETWEEN}{name}": one for axiom, own in found.items() for name, one in own.items()}

    def conclude(
        self,
        series: Mapping[str, Shaped[ndarray, "chain draw ..."]],
        log_weights: Float[ndarray, "chain draw"] | None = None,
        *,
        independent: bool,
        phase: Float[ndarray, "chain draw"] | None = None,
        tolerance: float = TOLERANCE,
    ) -> dict[str, dict[str, Any]]:
        """The findings on `euclidean`, `cluster` and `permutation`, plain values.

        Args:
            series: What was measured on every draw, by name, shapes (chain, draw, ...).
            log_weights: Log weights of the draws, shape (chain, draw), if they have any.
            independent: Whether the draws are known to be independent.
            phase: Phase of every draw in radians, shape (chain, draw), of a complex action.
            tolerance: What is known to be below this share of its size is nothing.
        """
        first = next(iter(series.values()))
        eps = max(float(np.finfo(one.dtype).eps) for one in map(np.asarray, series.values()))
        draws = JudgedDraws(first.shape[:2], log_weights, independent, phase, ROUNDING * eps)

        def of(axiom: str) -> dict[str, ndarray]:
            own = f"{axiom}{BETWEEN}"
            return {key.removeprefix(own): np.asarray(one) for key, one in series.items() if key.startswith(own)}

        nothing = {"verdict": "undecided", "text": self.no_cluster, "where": "", "draws_needed": None, "rows": []}
        return {
            "euclidean": self.invariance.conclude(of("euclidean"), draws, tolerance=tolerance),
            "cluster": self.cluster.conclude(of("cluster"), draws, tolerance=tolerance) if self.cluster else nothing,
            "permutation": self.permutation.conclude(of("permutation"), draws),
        }

    def _part(self, fields: Mapping[str, Legs], which: int, points: ndarray) -> dict[str, Legs]:
        own = slice(self._ends[which], self._ends[which + 1])
        return {name: legs.at(own).shaped(points.shape[:-1]) for name, legs in fields.items()}
