"""The axioms of Osterwalder and Schrader, tested on draws and on kernels."""

from nnft_ppl.axioms.cluster import ClusterDecomposition
from nnft_ppl.axioms.functionals import Family, families
from nnft_ppl.axioms.halves import held_out, means_of_products, unskewed
from nnft_ppl.axioms.invariance import EuclideanInvariance
from nnft_ppl.axioms.kernel import KernelPositivity, kernel_positivity
from nnft_ppl.axioms.ladder import Rung, cutoff_of, rungs
from nnft_ppl.axioms.motions import Motion, mirror, motions_of, rotation, translation
from nnft_ppl.axioms.permutation import PermutationSymmetry
from nnft_ppl.axioms.positivity import Mirrored, ReflectionPositivity, positivity_of
from nnft_ppl.axioms.positivity_findings import ALPHA, TOLERANCE, PositivityFindings, Tested
from nnft_ppl.axioms.reflection import AxiomError, Reflection, TimesError, reflections
from nnft_ppl.axioms.schwinger_axioms import SchwingerAxioms
from nnft_ppl.axioms.witness import find_witness

__all__ = [
    "ALPHA",
    "TOLERANCE",
    "AxiomError",
    "ClusterDecomposition",
    "EuclideanInvariance",
    "Family",
    "KernelPositivity",
    "Mirrored",
    "Motion",
    "PermutationSymmetry",
    "PositivityFindings",
    "Reflection",
    "ReflectionPositivity",
    "Rung",
    "SchwingerAxioms",
    "Tested",
    "TimesError",
    "cutoff_of",
    "families",
    "find_witness",
    "held_out",
    "kernel_positivity",
    "means_of_products",
    "mirror",
    "motions_of",
    "positivity_of",
    "reflections",
    "rotation",
    "rungs",
    "translation",
    "unskewed",
]
