"""Weak coupling: cumulants of neurons and networks, the action that they make, Feynman rules, Edgeworth densities."""

from nnft_ppl.expansion.action import Action, reconstructed_action
from nnft_ppl.expansion.diagrams import attach, full_function, join, on_field, symmetrised, tadpole, wick_ordered
from nnft_ppl.expansion.edgeworth import edgeworth_density
from nnft_ppl.expansion.partitions import partitions
from nnft_ppl.observables import neuron_cumulant

__all__ = [
    "Action",
    "attach",
    "edgeworth_density",
    "full_function",
    "join",
    "neuron_cumulant",
    "on_field",
    "partitions",
    "reconstructed_action",
    "symmetrised",
    "tadpole",
    "wick_ordered",
]
