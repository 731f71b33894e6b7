"""A Gaussian reference that knows the action: free draws, chains and improved estimators start from it."""

from nnft_ppl.reference.gaussian import Frame, Gaussian, Reference
from nnft_ppl.reference.search import ENOUGH, Sought, find_reference
from nnft_ppl.reference.tilted import tilted, with_proposal

__all__ = ["ENOUGH", "Frame", "Gaussian", "Reference", "Sought", "find_reference", "tilted", "with_proposal"]
