"""Symmetries of networks and densities: what a model file declares, lifts, breaking functions, Ward identities."""

from nnft_ppl.symmetries.amplitudes import free_amplitudes
from nnft_ppl.symmetries.discrete import Invariance
from nnft_ppl.symmetries.findings import SymmetryFindings, conclude, conclude_discrete
from nnft_ppl.symmetries.functionals import default_functionals
from nnft_ppl.symmetries.generators import Generator, declared, generators
from nnft_ppl.symmetries.lift import row_words
from nnft_ppl.symmetries.symmetry import DiscreteSymmetry, MinimalLift, Symmetry, SymmetryError
from nnft_ppl.symmetries.ward import WardIdentities

__all__ = [
    "DiscreteSymmetry",
    "Generator",
    "Invariance",
    "MinimalLift",
    "Symmetry",
    "SymmetryError",
    "SymmetryFindings",
    "WardIdentities",
    "conclude",
    "conclude_discrete",
    "declared",
    "default_functionals",
    "free_amplitudes",
    "generators",
    "row_words",
]
