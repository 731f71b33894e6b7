"""Checks: all that judges a run, each the same way; a few of them a file."""

from nnft_ppl.checks.axioms import Axioms
from nnft_ppl.checks.chains import MAX_DIVERGENT, MAX_R_HAT, MIN_BFMI, Divergences, EnergyFraction, RHat
from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome, reason_of
from nnft_ppl.checks.derived import DerivedQuantities, untrusted
from nnft_ppl.checks.distance import Distance, distances
from nnft_ppl.checks.earlier import EarlierSamplers, found_only
from nnft_ppl.checks.errors import MIN_ESS, EffectiveDraws, ErrorEstimators, disagreeing, fewest_draws
from nnft_ppl.checks.exact import ExactAnswers
from nnft_ppl.checks.identities import MIN_P_VALUE, BankFindings, Identity, IdentityBank
from nnft_ppl.checks.improved import ImprovedAgainstRaw
from nnft_ppl.checks.invariants import Invariants
from nnft_ppl.checks.measuring import MeasureProgram, MeasureStream
from nnft_ppl.checks.modes import ModeCoverage
from nnft_ppl.checks.odd_moments import OddMoments
from nnft_ppl.checks.phase import PhaseOfWeights
from nnft_ppl.checks.rounding import without_rounding
from nnft_ppl.checks.second_route import SecondRoute
from nnft_ppl.checks.sector_mixing import SectorMixing, round_trips
from nnft_ppl.checks.sector_sums import Sectors, sectors
from nnft_ppl.checks.slow import SlowModes
from nnft_ppl.checks.symmetries import DeclaredSymmetries
from nnft_ppl.checks.tails import ObservableTails
from nnft_ppl.checks.tolerance import Tolerance, of_theory, tolerances_of
from nnft_ppl.checks.unseen_levels import UnseenLevels
from nnft_ppl.checks.until import UntilErrors
from nnft_ppl.checks.usual import USUAL, check_of, checks_of
from nnft_ppl.checks.weights import MAX_K_HAT, PartitionSpread, WeightsTail

__all__ = [
    "MAX_DIVERGENT", "MAX_K_HAT", "MAX_R_HAT", "MIN_BFMI", "MIN_ESS", "MIN_P_VALUE", "USUAL", "Axioms", "BankFindings",
    "Check", "DeclaredSymmetries", "DerivedQuantities", "Distance", "Divergences", "EarlierSamplers", "EffectiveDraws",
    "EnergyFraction", "ErrorEstimators", "ExactAnswers", "FinishedDraws", "Identity", "IdentityBank",
    "ImprovedAgainstRaw", "Invariants", "MeasureProgram", "MeasureStream", "Measurement", "ModeCoverage",
    "ObservableTails", "OddMoments", "Outcome", "PartitionSpread", "PhaseOfWeights", "RHat", "SecondRoute",
    "SectorMixing", "Sectors", "SlowModes", "Tolerance", "UnseenLevels", "UntilErrors", "WeightsTail", "check_of",
    "checks_of", "disagreeing", "distances", "fewest_draws", "found_only", "of_theory", "reason_of", "round_trips",
    "sectors", "tolerances_of", "untrusted", "without_rounding",
]  # fmt: skip
