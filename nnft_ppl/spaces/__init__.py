"""Spaces to integrate over, each with a quadrature rule and places to look at fields.

A box with Gauss–Legendre points, a circle and a torus with uniform ones, a sphere, a disc, a line of given times, the
sites of a lattice, and those at given times.
"""

from nnft_ppl.spaces.box import Box
from nnft_ppl.spaces.circle import Circle
from nnft_ppl.spaces.disk import Disk
from nnft_ppl.spaces.lattice import Lattice, sites_in
from nnft_ppl.spaces.line import Line
from nnft_ppl.spaces.on_axes import on_axes
from nnft_ppl.spaces.region import Pairs, Region, Unbounded
from nnft_ppl.spaces.space import Space, refined, used_spaces
from nnft_ppl.spaces.spacetime import Spacetime
from nnft_ppl.spaces.sphere import Sphere
from nnft_ppl.spaces.torus import Torus

__all__ = [
    "Box",
    "Circle",
    "Disk",
    "Lattice",
    "Line",
    "Pairs",
    "Region",
    "Space",
    "Spacetime",
    "Sphere",
    "Torus",
    "Unbounded",
    "on_axes",
    "refined",
    "sites_in",
    "used_spaces",
]
