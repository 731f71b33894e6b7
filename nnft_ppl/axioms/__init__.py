"""The axioms of Osterwalder and Schrader, tested on draws."""

from nnft_ppl.axioms.functionals import Family, families
from nnft_ppl.axioms.halves import held_out, means_of_products, unskewed
from nnft_ppl.axioms.kernel import KernelPositivity, kernel_positivity
from nnft_ppl.axioms.ladder import Rung, cutoff_of, rungs
from nnft_ppl.axioms.positivity import Mirrored, ReflectionPositivity, positivity_of
from nnft_ppl.axioms.positivity_findings import ALPHA, TOLERANCE, PositivityFindings, Tested
from nnft_ppl.axioms.reflection import AxiomError, Reflection, TimesError, reflections
from nnft_ppl.axioms.witness import find_witness

__all__ = [
    "ALPHA",
    "TOLERANCE",
    "AxiomError",
    "Family",
    "KernelPositivity",
    "Mirrored",
    "PositivityFindings",
    "Reflection",
    "ReflectionPositivity",
    "Rung",
    "Tested",
    "TimesError",
    "cutoff_of",
    "families",
    "find_witness",
    "held_out",
    "kernel_positivity",
    "means_of_products",
    "positivity_of",
    "reflections",
    "rungs",
    "unskewed",
]
