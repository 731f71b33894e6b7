"""Functionals of the fields, and quantities computed from their means."""

from nnft_ppl.observables.averages import box_average, mean_squared
from nnft_ppl.observables.connected import Moment, Moments, connected
from nnft_ppl.observables.correlators import Exponential, circle_two_point, n_point, product, two_point, vertex
from nnft_ppl.observables.defaults import default_observables
from nnft_ppl.observables.derived import Derived, effective_mass, ratio
from nnft_ppl.observables.insertion import Insertion, some_points
from nnft_ppl.observables.insertions import at, derivative, mode, smeared
from nnft_ppl.observables.observable import Field, Observable, hidden_names
from nnft_ppl.observables.readings import Readings, aligned, read_off

__all__ = [
    "Derived",
    "Exponential",
    "Field",
    "Insertion",
    "Moment",
    "Moments",
    "Observable",
    "Readings",
    "aligned",
    "at",
    "box_average",
    "circle_two_point",
    "connected",
    "default_observables",
    "derivative",
    "effective_mass",
    "hidden_names",
    "mean_squared",
    "mode",
    "n_point",
    "product",
    "ratio",
    "read_off",
    "smeared",
    "some_points",
    "two_point",
    "vertex",
]
