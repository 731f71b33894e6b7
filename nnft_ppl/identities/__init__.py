"""Identities in parameter space: the Schwinger–Dyson operator, the bank that tests every run, improved correlators."""

from nnft_ppl.identities.bank import Bank, BankError, Row
from nnft_ppl.identities.control_means import control_means
from nnft_ppl.identities.current import Carried, Current
from nnft_ppl.identities.features import derivative_matrix
from nnft_ppl.identities.flux import TooManyEdgesError
from nnft_ppl.identities.improved import Improvement
from nnft_ppl.identities.linear_sites import free_amplitudes, linear_sites
from nnft_ppl.identities.measured_improved import measure_improved
from nnft_ppl.identities.rows import action_jumps
from nnft_ppl.identities.schwinger_dyson import IdentityOutcome, Residual, SchwingerDyson
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.identities.super_divergence import super_divergence
from nnft_ppl.identities.vector_fields import NeuronField, ParameterField, ReferenceField, VectorFieldError
from nnft_ppl.statistics import TSquared, t_squared

__all__ = [
    "Bank",
    "BankError",
    "Carried",
    "Current",
    "IdentityOutcome",
    "Improvement",
    "NeuronField",
    "ParameterField",
    "ReferenceField",
    "Residual",
    "Row",
    "SchwingerDyson",
    "TSquared",
    "TooManyEdgesError",
    "VectorFieldError",
    "action_jumps",
    "control_means",
    "derivative_matrix",
    "free_amplitudes",
    "linear_sites",
    "measure_improved",
    "smoothness",
    "super_divergence",
    "t_squared",
]  # fmt: skip
