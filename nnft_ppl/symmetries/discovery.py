r"""Symmetry discovery: which combinations V = Σ_a c_a V_a of vector fields are symmetries, and which redundancies.

    G_ab = E[B_a B_b],        H_ab = E[V_aφ(x)·V_bφ(x)], averaged over points x

with the breaking functions B_a. Null directions of H move no field: redundancies, whatever their B. Null directions of
G modulo these conserve their current, and are symmetries where no flux leaves through an edge of the parameters. Both
vanish draw by draw, so that rounding, not statistics, tells them from what is merely small. What remains is broken, by
the eigenvalues of G against H, each with its error.

Source: derived in docs/theory/symmetries.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray

from nnft_ppl.identities import VectorFieldError
from nnft_ppl.identities.vector_fields import VectorField
from nnft_ppl.symmetries.bases import BasisError
from nnft_ppl.symmetries.basis_currents import BasisCurrents
from nnft_ppl.symmetries.combinations import Combinations, Number
from nnft_ppl.symmetries.generators import places
from nnft_ppl.symmetries.null_directions import in_words, modulo, null_within, simplest
from nnft_ppl.theory import Theory

POINTS = 8
"""Points at which the field is looked at, unless others are given."""
ROUNDING = 1e4
"""So many rounding units of its terms are zero."""
PER_FIELD = 4
"""At least so many different draws for every field: in fewer something could vanish by accident."""
FLUX_DRAWS = 16
"""Draws in which the flux of a conserved current is looked at."""
FLUX_ROUNDING = 1e-8
"""A flux below this share of what could leave through the edges is none."""


@dataclass(frozen=True)
class DiscoveredGenerator:
    """One combination of the basis, and what it is."""

    words: str
    """Such as `w[1]∂w[0] − w[0]∂w[1]`."""
    verdict: str
    """`redundancy`, `symmetry`, `anomalous`, or `undecided` where its flux cannot be computed."""
    coefficients: dict[str, float]
    """Of the fields, zeros left out."""
    breaking: Number
    """E[B²]."""
    ratio: Number | None
    """E[B²]/E[(Vφ)²]; None for redundancies."""
    broken_by: tuple[str, ...]
    """The parts of B that do not vanish, or `flux`; empty where B = 0."""


@dataclass(frozen=True, eq=False)
class Discovery:
    """What a basis holds."""

    fields: tuple[str, ...]
    """Names of the independent fields."""
    removed: dict[str, str]
    """Fields that are combinations of those before them: name -> which."""
    generators: tuple[DiscoveredGenerator, ...]
    """Redundancies (those that conserve their current first), symmetries, then fields that stand for what is broken."""
    spectrum: tuple[Number, ...]
    """Eigenvalues of G against H modulo redundancies, ascending."""
    breaking_spectrum: tuple[Number, ...]
    """Eigenvalues of G alone, ascending. They depend on how the fields of the basis are scaled."""
    breaking_gram: Float[ndarray, "field field"]
    """G."""
    field_gram: Float[ndarray, "field field"]
    """H."""
    draws: int
    """Draws that were looked at."""
    points: int
    """Points at which the field was looked at."""
    unknown_flux: str = ""
    """Why the flux of conserved currents is not known, if it is not."""

    def of(self, verdict: str) -> list[DiscoveredGenerator]:
        """The generators of one verdict.

        Args:
            verdict: See `DiscoveredGenerator.verdict`.
        """
        return [one for one in self.generators if one.verdict == verdict]

    @property
    def symmetries(self) -> list[str]:
        """The symmetries in words."""
        return [one.words for one in self.of("symmetry")]

    @property
    def redundancies(self) -> list[str]:
        """The redundancies in words."""
        return [one.words for one in self.of("redundancy")]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fields": list(self.fields),
            "removed": self.removed,
            "generators": [
                {
                    "words": one.words,
                    "verdict": one.verdict,
                    "coefficients": one.coefficients,
                    "breaking": one.breaking,
                    "ratio": one.ratio,
                    "broken_by": list(one.broken_by),
                }
                for one in self.generators
            ],
            "spectrum": list(self.spectrum),
            "breaking_spectrum": list(self.breaking_spectrum),
            "draws": self.draws,
            "points": self.points,
            "unknown_flux": self.unknown_flux,
        }


class SymmetrySearch:
    """A search among the combinations of a basis, which can be made on several sets of draws.

    Args:
        theory: The theory.
        basis: Vector fields, such as `linear_maps` gives.
        points: Where the field is looked at, shape (point, dim); None for some points of the model's region.

    Raises:
        BasisError: If the basis does not fit.
        VectorFieldError: If a vector field does not fit the theory.
        SymmetryError: If points are not of the theory's dimension.
    """

    def __init__(
        self, theory: Theory, basis: Sequence[VectorField], points: Float[ArrayLike, "point dim"] | None = None
    ) -> None:
        if points is None:
            points = np.asarray(theory.region.random_points(np.random.default_rng(0), POINTS))
        self.theory, self.currents = theory, BasisCurrents(theory, basis, places(theory, points))

    def __call__(
        self,
        positions: Float[ArrayLike, "*chain draw dimension"],
        *,
        log_weights: Float[ArrayLike, "*chain draw"] | None = None,
        independent: bool = False,
    ) -> Discovery:
        """What the basis holds.

        Args:
            positions: Draws z, shape (draw, dimension) or (chain, draw, dimension).
            log_weights: Natural logarithms of their weights, shape (draw,) or (chain, draw).
            independent: Whether they are known to be independent.

        Raises:
            BasisError: If there are too few different draws, or something is not finite in one.
        """
        draws, basis, dimension = jnp.asarray(positions), self.currents.basis, self.theory.dimension
        draws = draws[None] if draws.ndim == 2 else draws
        if draws.ndim != 3 or draws.shape[2] != dimension:
            raise BasisError(f"positions have shape {jnp.shape(positions)}; give (draw, {dimension})")
        flat = draws.reshape(-1, dimension)
        different, needed = len(np.unique(np.asarray(flat), axis=0)), PER_FIELD * len(basis)
        if different < needed:
            raise BasisError(
                f"{different} different draws are too few for {len(basis)} vector fields: {needed} are needed"
            )
        seen = self.currents.on(flat)
        if not all(np.isfinite(one).all() for one in seen):
            raise BasisError("a field of the basis, or the density along it, is not finite in some draw")
        combinations = Combinations(
            seen,
            [one.name for one in basis],
            len(self.currents.points),
            (draws.shape[0], draws.shape[1]),
            None if log_weights is None else np.asarray(log_weights, float).reshape(draws.shape[:2]),
            independent=independent,
            tolerance=ROUNDING * float(jnp.finfo(flat.dtype).eps),
        )
        return _conclude(combinations, self.currents, flat[:FLUX_DRAWS])


def discover(
    theory: Theory,
    basis: Sequence[VectorField],
    positions: Float[ArrayLike, "*chain draw dimension"],
    points: Float[ArrayLike, "point dim"] | None = None,
    *,
    log_weights: Float[ArrayLike, "*chain draw"] | None = None,
    independent: bool = False,
) -> Discovery:
    """The symmetries and redundancies among the combinations of a basis.

    Args:
        theory: The theory.
        basis: Vector fields, such as `linear_maps` gives.
        positions: Draws z, shape (draw, dimension) or (chain, draw, dimension). What vanishes does so under any law of
            them; the sizes of what does not are averages over that law.
        points: Where the field is looked at; None for some points of the model's region.
        log_weights: Natural logarithms of the draws' weights, shape (draw,) or (chain, draw).
        independent: Whether the draws are known to be independent.

    Raises:
        BasisError: If the basis does not fit, or there are too few different draws for it.
        VectorFieldError: If a vector field does not fit the theory.
        SymmetryError: If points are not of the theory's dimension.

    Example:
        >>> import jax
        >>> from nnft_ppl import load
        >>> from nnft_ppl.symmetries import linear_maps
        >>> theory = load("deformed_rotation", rows=1, columns=2)
        >>> z = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), 64))
        >>> discover(theory, linear_maps(theory, "column"), z, independent=True).symmetries
        ['weight[:,1]∂weight[:,0] − weight[:,0]∂weight[:,1]']
    """
    return SymmetrySearch(theory, basis, points)(positions, log_weights=log_weights, independent=independent)


def _conclude(combinations: Combinations, currents: BasisCurrents, positions: Any) -> Discovery:
    whole, size = np.eye(len(combinations.names)), combinations.sizes
    redundant, conserved = combinations.redundant(whole), combinations.conserved(whole)
    harmless = combinations.conserved(redundant)
    vertical, candidates = modulo(redundant, harmless, size), modulo(conserved, harmless, size)
    closed, reason = _without_flux(candidates, combinations, currents, positions)
    lost = "undecided" if reason else "flux"
    found = [(one, "redundancy", True) for one in harmless.T] + [(one, "redundancy", False) for one in vertical.T]
    found += [(one, "symmetry", True) for one in closed.T]
    found += [(one, lost, True) for one in modulo(candidates, closed, size).T]
    broken = modulo(whole, np.column_stack([redundant, candidates]), size)
    found += [(one, "anomalous", False) for one in broken.T]
    breaking_gram, field_gram = combinations.grams
    return Discovery(
        tuple(combinations.names),
        combinations.removed,
        tuple(_generator(simplest(one), verdict, combinations, conserved=zero) for one, verdict, zero in found),
        combinations.spectrum(vertical, candidates.shape[1]),
        combinations.breaking_spectrum(conserved.shape[1]),
        breaking_gram,
        field_gram,
        len(combinations.breaking),
        len(currents.points),
        reason,
    )


def _generator(direction: ndarray, verdict: str, combinations: Combinations, *, conserved: bool) -> DiscoveredGenerator:
    breaking, ratio, by = combinations.breaks(direction, conserved=conserved)
    coefficients = {name: float(one) for name, one in zip(combinations.names, direction, strict=True) if one}
    words = in_words(direction, combinations.names)
    if verdict == "flux":
        return DiscoveredGenerator(words, "anomalous", coefficients, breaking, ratio, ("flux",))
    return DiscoveredGenerator(words, verdict, coefficients, breaking, None if verdict == "redundancy" else ratio, by)


def _without_flux(
    candidates: ndarray, combinations: Combinations, currents: BasisCurrents, positions: Any
) -> tuple[ndarray, str]:
    """Those of some conserved currents that carry nothing through an edge, and why others are not known to."""
    if not candidates.shape[1] or not currents.edges:
        return candidates, ""
    whole = np.zeros((len(currents.basis), candidates.shape[1]))
    whole[combinations.kept] = candidates
    try:
        shares, sizes = currents.through_edges(whole, positions)
    except (VectorFieldError, BasisError) as error:
        return candidates[:, :0], str(error)
    none = null_within(shares.reshape(len(sizes), -1).T, sizes, np.eye(len(sizes)), FLUX_ROUNDING)
    return candidates @ none, ""
