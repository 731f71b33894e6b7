"""The axioms of Osterwalder and Schrader, tested on draws."""

from nnft_ppl.axioms.cluster import ClusterDecomposition
from nnft_ppl.axioms.invariance import EuclideanInvariance
from nnft_ppl.axioms.motions import Motion, mirror, motions_of, rotation, translation
from nnft_ppl.axioms.permutation import PermutationSymmetry
from nnft_ppl.axioms.schwinger_axioms import SchwingerAxioms

__all__ = [
    "ClusterDecomposition",
    "EuclideanInvariance",
    "Motion",
    "PermutationSymmetry",
    "SchwingerAxioms",
    "mirror",
    "motions_of",
    "rotation",
    "translation",
]
