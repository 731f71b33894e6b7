"""Functionals of draws, quantities computed from their means, and statements about every draw."""

from nnft_ppl.observables.averages import box_average, mean_squared
from nnft_ppl.observables.correlators import circle_two_point, n_point, two_point
from nnft_ppl.observables.defaults import default_observables
from nnft_ppl.observables.derived import Derived, effective_mass, ratio
from nnft_ppl.observables.held_out import HeldOut
from nnft_ppl.observables.invariant import Invariant
from nnft_ppl.observables.labels import Labelled, name_dimensions
from nnft_ppl.observables.levels import correlator_matrix, levels
from nnft_ppl.observables.observable import Field, Observable, evaluate, reads_parameters

__all__ = [
    "Derived",
    "Field",
    "HeldOut",
    "Invariant",
    "Labelled",
    "Observable",
    "box_average",
    "circle_two_point",
    "correlator_matrix",
    "default_observables",
    "effective_mass",
    "evaluate",
    "levels",
    "mean_squared",
    "n_point",
    "name_dimensions",
    "ratio",
    "reads_parameters",
    "two_point",
]
