"""Functionals of the fields, and quantities computed from their means."""

from nnft_ppl.observables.averages import box_average, mean_squared
from nnft_ppl.observables.correlators import circle_two_point, n_point, two_point
from nnft_ppl.observables.defaults import default_observables
from nnft_ppl.observables.derived import Derived, effective_mass, ratio
from nnft_ppl.observables.observable import Field, Observable

__all__ = [
    "Derived",
    "Field",
    "Observable",
    "box_average",
    "circle_two_point",
    "default_observables",
    "effective_mass",
    "mean_squared",
    "n_point",
    "ratio",
    "two_point",
]
