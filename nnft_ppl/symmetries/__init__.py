"""Symmetries of networks and densities: what a model file declares, lifts, breaking functions, Ward identities."""

from nnft_ppl.identities import free_amplitudes
from nnft_ppl.symmetries.algebras import general_linear, rotations, symplectic, symplectic_form, unitary
from nnft_ppl.symmetries.bases import (
    BasisError,
    BasisField,
    default_basis,
    linear_maps,
    mode_translation,
    shifts,
    translations,
)
from nnft_ppl.symmetries.discovery import DiscoveredGenerator, Discovery, SymmetrySearch, discover
from nnft_ppl.symmetries.discrete import Invariance, conclude_discrete
from nnft_ppl.symmetries.fibre import FibreAverage, FibreRegression
from nnft_ppl.symmetries.findings import SymmetryFindings, conclude
from nnft_ppl.symmetries.functionals import default_functionals
from nnft_ppl.symmetries.generators import Generator, declared, generators
from nnft_ppl.symmetries.lift import ROUNDING, lift_tolerance, row_words
from nnft_ppl.symmetries.soundness import symmetries_fit
from nnft_ppl.symmetries.symmetry import DiscreteSymmetry, MinimalLift, Symmetry, SymmetryError
from nnft_ppl.symmetries.ward import WardIdentities

__all__ = [
    "ROUNDING",
    "BasisError",
    "BasisField",
    "DiscoveredGenerator",
    "Discovery",
    "DiscreteSymmetry",
    "FibreAverage",
    "FibreRegression",
    "Generator",
    "Invariance",
    "MinimalLift",
    "Symmetry",
    "SymmetryError",
    "SymmetryFindings",
    "SymmetrySearch",
    "WardIdentities",
    "conclude",
    "conclude_discrete",
    "declared",
    "default_basis",
    "default_functionals",
    "discover",
    "free_amplitudes",
    "general_linear",
    "generators",
    "lift_tolerance",
    "linear_maps",
    "mode_translation",
    "rotations",
    "row_words",
    "shifts",
    "symmetries_fit",
    "symplectic",
    "symplectic_form",
    "translations",
    "unitary",
]
