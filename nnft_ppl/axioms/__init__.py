"""The axioms of Osterwalder and Schrader, tested on draws."""

from nnft_ppl.axioms.functionals import Family, families
from nnft_ppl.axioms.halves import held_out, means_of_products
from nnft_ppl.axioms.kernel import KernelPositivity, kernel_positivity
from nnft_ppl.axioms.ladder import Rung, cutoff_of, rungs
from nnft_ppl.axioms.positivity import ReflectionPositivity
from nnft_ppl.axioms.positivity_findings import ALPHA, TOLERANCE, PositivityFindings, Tested
from nnft_ppl.axioms.reflection import AxiomError, Reflection, reflections
from nnft_ppl.axioms.witness import find_witness

__all__ = [
    "ALPHA",
    "TOLERANCE",
    "AxiomError",
    "Family",
    "KernelPositivity",
    "PositivityFindings",
    "Reflection",
    "ReflectionPositivity",
    "Rung",
    "Tested",
    "cutoff_of",
    "families",
    "find_witness",
    "held_out",
    "kernel_positivity",
    "means_of_products",
    "reflections",
    "rungs",
]
