"""Modes of a density: where they are, what they weigh, and what can be proved of them before a search."""

from nnft_ppl.modes.search import LEAST_WEIGHT, Mode, ModeSearch, flat
from nnft_ppl.modes.shape import Shape, shape

__all__ = ["LEAST_WEIGHT", "Mode", "ModeSearch", "Shape", "flat", "shape"]
