"""Functionals of draws, quantities computed from their means, and statements about every draw."""

from nnft_ppl.observables.averages import PowerAverage, averaged, box_average
from nnft_ppl.observables.connected import Moment, Moments, connected
from nnft_ppl.observables.correlator_matrix import correlator_matrix
from nnft_ppl.observables.correlators import (
    Exponential,
    circle_two_point,
    mean_squared,
    n_point,
    product,
    two_point,
    vertex,
)
from nnft_ppl.observables.defaults import default_observables
from nnft_ppl.observables.derived import Derived, effective_mass, functions_of, ratio
from nnft_ppl.observables.held_out import HeldOut
from nnft_ppl.observables.insertion import Insertion, some_points
from nnft_ppl.observables.insertions import at, derivative, mode, smeared
from nnft_ppl.observables.invariant import Invariant
from nnft_ppl.observables.labels import Labelled, name_dimensions
from nnft_ppl.observables.levels import levels, overlaps
from nnft_ppl.observables.minors import determinant, pfaffian
from nnft_ppl.observables.neurons import Neurons, neuron_cumulant
from nnft_ppl.observables.observable import Field, Observable, evaluate, hidden_names, reads_parameters
from nnft_ppl.observables.partitions import partitions
from nnft_ppl.observables.plateau import PLATEAU, plateau
from nnft_ppl.observables.readings import Readings, aligned, read_off
from nnft_ppl.observables.roughness import commutator, momentum_squared, uncertainty
from nnft_ppl.observables.weak_coupling import WEAK_COUPLING_TERMS, weak_coupling_terms

__all__ = [
    "PLATEAU",
    "WEAK_COUPLING_TERMS",
    "Derived",
    "Exponential",
    "Field",
    "HeldOut",
    "Insertion",
    "Invariant",
    "Labelled",
    "Moment",
    "Moments",
    "Neurons",
    "Observable",
    "PowerAverage",
    "Readings",
    "aligned",
    "at",
    "averaged",
    "box_average",
    "circle_two_point",
    "commutator",
    "connected",
    "correlator_matrix",
    "default_observables",
    "derivative",
    "determinant",
    "effective_mass",
    "evaluate",
    "functions_of",
    "hidden_names",
    "levels",
    "mean_squared",
    "mode",
    "momentum_squared",
    "n_point",
    "name_dimensions",
    "neuron_cumulant",
    "overlaps",
    "partitions",
    "pfaffian",
    "plateau",
    "product",
    "ratio",
    "read_off",
    "reads_parameters",
    "smeared",
    "some_points",
    "two_point",
    "uncertainty",
    "vertex",
    "weak_coupling_terms",
]
