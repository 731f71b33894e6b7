"""Modes of a density: where they are, what they weigh, and what can be proved of them before a search."""

from nnft_ppl.modes.search import Mode, ModeSearch, flat
from nnft_ppl.modes.shape import Shape, shape

__all__ = ["Mode", "ModeSearch", "Shape", "flat", "shape"]
