"""Weak coupling: cumulants of neurons and networks, the action that they make, Feynman rules, Edgeworth densities."""

from nnft_ppl.expansion.action import Action, reconstructed_action
from nnft_ppl.expansion.conditional import BatchEstimate, conditional_cumulant
from nnft_ppl.expansion.diagrams import attach, full_function, join, on_field, symmetrised, tadpole, wick_ordered
from nnft_ppl.expansion.edgeworth import edgeworth_density
from nnft_ppl.expansion.generating import generating_functional
from nnft_ppl.expansion.scaling import Scaling, scaling_exponent
from nnft_ppl.expansion.vertices import fit_vertices, quartic_response
from nnft_ppl.observables import neuron_cumulant, partitions

__all__ = [
    "Action",
    "BatchEstimate",
    "Scaling",
    "attach",
    "conditional_cumulant",
    "edgeworth_density",
    "fit_vertices",
    "full_function",
    "generating_functional",
    "join",
    "neuron_cumulant",
    "on_field",
    "partitions",
    "quartic_response",
    "reconstructed_action",
    "scaling_exponent",
    "symmetrised",
    "tadpole",
    "wick_ordered",
]
