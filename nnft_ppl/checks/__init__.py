"""Checks: all that judges a run, each the same way; a few of them a file."""

from nnft_ppl.checks.chains import MAX_DIVERGENT, MAX_R_HAT, MIN_BFMI, Divergences, EnergyFraction, RHat
from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome, reason_of
from nnft_ppl.checks.errors import MIN_ESS, EffectiveDraws, ErrorEstimators
from nnft_ppl.checks.identities import MIN_P_VALUE, BankFindings, Identity, IdentityBank
from nnft_ppl.checks.improved import ImprovedAgainstRaw
from nnft_ppl.checks.measuring import MeasureProgram, MeasureStream
from nnft_ppl.checks.second_route import SecondRoute
from nnft_ppl.checks.slow import SlowModes
from nnft_ppl.checks.tails import ObservableTails
from nnft_ppl.checks.usual import USUAL, check_of, checks_of
from nnft_ppl.checks.weights import MAX_K_HAT, PartitionSpread, WeightsTail

__all__ = [
    "MAX_DIVERGENT", "MAX_K_HAT", "MAX_R_HAT", "MIN_BFMI", "MIN_ESS", "MIN_P_VALUE", "USUAL", "BankFindings", "Check",
    "Divergences", "EffectiveDraws", "EnergyFraction", "ErrorEstimators", "FinishedDraws", "Identity", "IdentityBank",
    "ImprovedAgainstRaw", "MeasureProgram", "MeasureStream", "Measurement", "ObservableTails", "Outcome",
    "PartitionSpread", "RHat", "SecondRoute", "SlowModes", "WeightsTail", "check_of", "checks_of", "reason_of",
]  # fmt: skip
