"""What combinations of vector fields do on many draws: null directions, mean squares, eigenvalues, with errors."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.statistics import estimate
from nnft_ppl.symmetries.basis_currents import Looked
from nnft_ppl.symmetries.null_directions import in_words, independent_columns, null_within, singular

PARTS = ("score", "jacobian", "action")
Number = dict[str, float]
"""`value` and `error`."""


class Combinations:
    """Combinations of the independent fields among those that were looked at.

    Args:
        seen: What every field did, draws first.
        names: Of the fields.
        points: Number of points at which the field was looked at.
        shape: Chains and draws.
        log_weights: Log weights of the draws, of that shape, if they have any.
        independent: Whether the draws are known to be independent.
        tolerance: The share of its terms that is rounding.
    """

    def __init__(
        self,
        seen: Looked,
        names: list[str],
        points: int,
        shape: tuple[int, int],
        log_weights: Float[ndarray, "chain draw"] | None,
        *,
        independent: bool,
        tolerance: float,
    ) -> None:
        self.shape, self.log_weights, self.independent, self.tolerance = shape, log_weights, independent, tolerance
        projected = seen.projected.reshape(-1, len(names))
        self.kept = independent_columns(projected, tolerance)
        self.names = [names[one] for one in self.kept]
        self.removed = self._removed(projected, names)
        own = Looked(*(one[..., self.kept] for one in seen))
        self.parts = {part: getattr(own, part) for part in PARTS}
        self.breaking = own.score + own.jacobian + own.action
        self.change = own.change / np.sqrt(points)
        self._sizes = np.sqrt(np.mean(own.breaking_size**2, axis=0))
        self._change_sizes = np.sqrt(np.mean(own.change_size**2, axis=(0, 1)) / points)
        weights = np.ones(shape) if log_weights is None else np.exp(log_weights - np.max(log_weights))
        self._root = np.sqrt(weights.reshape(-1) / weights.sum())

    def conserved(self, within: Float[ndarray, "field direction"]) -> Float[ndarray, "field null"]:
        """Directions within a subspace in which B = 0 in every draw."""
        return null_within(self.breaking, self._sizes, within, self.tolerance)

    def redundant(self, within: Float[ndarray, "field direction"]) -> Float[ndarray, "field null"]:
        """Directions within a subspace in which Vφ = 0 in every draw, at every point."""
        rows = self.change.reshape(-1, self.change.shape[-1])
        return null_within(rows, self._change_sizes, within, self.tolerance)

    @property
    def sizes(self) -> Float[ndarray, "field"]:
        """What each field is worth: the terms of its B, or how it moves the field where it has none."""
        return np.where(self._sizes > 0, self._sizes, self._change_sizes)

    @property
    def grams(self) -> tuple[Float[ndarray, "field field"], Float[ndarray, "field field"]]:
        """G and H."""
        breaking, change = self._weighted()
        return breaking.T @ breaking, change.T @ change

    def breaking_spectrum(self, zeros: int) -> tuple[Number, ...]:
        """Eigenvalues of G alone, ascending.

        Args:
            zeros: How many are known to vanish.
        """
        right = singular(self._weighted()[0])[1][::-1].T
        return self._ratios(right, np.ones((len(self.breaking), right.shape[1])), zeros)

    def spectrum(self, vertical: Float[ndarray, "field direction"], zeros: int) -> tuple[Number, ...]:
        """Eigenvalues of G against H, modulo redundancies, ascending.

        G is the least that it can be made by redundancies; where that is nothing, the direction is a symmetry.

        Args:
            vertical: Redundancies with B ≠ 0, modulo those with B = 0.
            zeros: How many are known to vanish.
        """
        breaking, change = self._weighted()
        scale = np.where(self._change_sizes > 0, self._change_sizes, 1.0)
        sizes, right = singular(change / scale)
        moving = sizes > self.tolerance
        if not moving.any():
            return ()
        normal = (right[: len(sizes)][moving] / sizes[moving, None]).T / scale[:, None]
        vertical = vertical / np.linalg.norm(breaking @ vertical, axis=0)
        absorbed = np.linalg.lstsq(breaking @ vertical, breaking @ normal, rcond=None)[0]
        directions = normal - vertical @ absorbed
        turn = singular(breaking @ directions)[1][::-1].T
        directions = directions @ turn
        return self._ratios(directions, np.sum((self.change @ directions) ** 2, axis=1), zeros)

    def breaks(
        self, direction: Float[ndarray, "field"], *, conserved: bool
    ) -> tuple[Number, Number | None, tuple[str, ...]]:
        """E[B²], E[B²]/E[(Vφ)²], and the parts of B that do not vanish; the second None where nothing moves.

        Args:
            direction: Coefficients of the fields.
            conserved: Whether B is known to vanish.
        """
        bound = self.tolerance * float(self._sizes @ np.abs(direction))
        parts = {part: float(np.sqrt(np.mean((one @ direction) ** 2))) for part, one in self.parts.items()}
        change = np.sum((self.change @ direction) ** 2, axis=1)
        whole = self._ratios(direction[:, None], np.ones((len(change), 1)), int(conserved))[0]
        moves = np.sqrt(np.mean(change)) > self.tolerance * float(self._change_sizes @ np.abs(direction))
        ratio = self._ratios(direction[:, None], change[:, None], int(conserved))[0] if moves else None
        return whole, ratio, () if conserved else tuple(part for part in PARTS if parts[part] > bound)

    def _ratios(self, directions: ndarray, under: ndarray, zeros: int) -> tuple[Number, ...]:
        """E[B²] over the mean of something, for every direction; the first of them known to be zero."""
        if not directions.shape[1]:
            return ()
        squares = (self.breaking @ directions) ** 2
        mean_under = self._root**2 @ under
        ratio = (self._root**2 @ squares) / mean_under
        series = (squares - ratio * under) / mean_under
        found = estimate(
            {"ratio": series.reshape(*self.shape, -1)}, None, self.log_weights, independent=self.independent
        )["ratio"]
        return tuple(
            {"value": 0.0, "error": 0.0} if at < zeros else {"value": float(ratio[at]), "error": float(error)}
            for at, error in enumerate(found.error)
        )

    def _weighted(self) -> tuple[ndarray, ndarray]:
        """B and Vφ of which the plain sums of products are G and H."""
        change = self.change * self._root[:, None, None]
        return self.breaking * self._root[:, None], change.reshape(-1, change.shape[-1])

    def _removed(self, projected: ndarray, names: list[str]) -> dict[str, str]:
        """Every field that is left out, as a combination of those that are kept."""
        found = {}
        for at, name in enumerate(names):
            if at not in self.kept:
                before = [one for one in self.kept if one < at]
                coefficients = np.linalg.lstsq(projected[:, before], projected[:, at], rcond=None)[0]
                size = np.max(np.abs(coefficients), initial=0.0)
                tidy = np.where(np.abs(coefficients) > 1e-9 * size, coefficients, 0.0)
                found[name] = in_words(tidy, [names[one] for one in before])
        return found
