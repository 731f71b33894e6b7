"""Spaces to integrate over: a box with Gauss–Legendre points and a circle with uniform points."""

from nnft_ppl.spaces.box import Box
from nnft_ppl.spaces.circle import Circle
from nnft_ppl.spaces.on_axes import on_axes
from nnft_ppl.spaces.space import Space, created_spaces, refined

__all__ = [
    "Box",
    "Circle",
    "Space",
    "created_spaces",
    "on_axes",
    "refined",
]
