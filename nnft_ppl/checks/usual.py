"""The checks of every run, in the order in which they are reported; and what is asked for beside them."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nnft_ppl.checks.axioms import Axioms
from nnft_ppl.checks.chains import Divergences, EnergyFraction, RHat
from nnft_ppl.checks.check import Check, reason_of
from nnft_ppl.checks.derived import DerivedQuantities
from nnft_ppl.checks.earlier import EarlierSamplers
from nnft_ppl.checks.errors import EffectiveDraws, ErrorEstimators
from nnft_ppl.checks.exact import ExactAnswers
from nnft_ppl.checks.identities import Identity, IdentityBank
from nnft_ppl.checks.improved import ImprovedAgainstRaw
from nnft_ppl.checks.invariants import Invariants
from nnft_ppl.checks.modes import ModeCoverage
from nnft_ppl.checks.odd_moments import OddMoments
from nnft_ppl.checks.phase import PhaseOfWeights
from nnft_ppl.checks.second_route import SecondRoute
from nnft_ppl.checks.sector_mixing import SectorMixing
from nnft_ppl.checks.slow import SlowModes
from nnft_ppl.checks.symmetries import DeclaredSymmetries
from nnft_ppl.checks.tails import ObservableTails
from nnft_ppl.checks.unseen_levels import UnseenLevels
from nnft_ppl.checks.weights import PartitionSpread, WeightsTail
from nnft_ppl.display import did_you_mean
from nnft_ppl.identities.vector_fields import VectorField

USUAL: tuple[type[Check], ...] = (
    RHat,
    WeightsTail,
    PartitionSpread,
    PhaseOfWeights,
    ObservableTails,
    EffectiveDraws,
    ErrorEstimators,
    DerivedQuantities,
    SlowModes,
    Divergences,
    EnergyFraction,
    ModeCoverage,
    SectorMixing,
    UnseenLevels,
    ImprovedAgainstRaw,
    ExactAnswers,
    Invariants,
    OddMoments,
    IdentityBank,
    DeclaredSymmetries,
    Axioms,
    SecondRoute,
    EarlierSamplers,
)
"""Made by every run, as far as they apply to its draws."""
FURTHER: tuple[type[Check], ...] = ()
"""Made where they are asked for by name."""


TAKEN = {
    "action", "curves", "diagnostics", "estimates", "exact", "fields", "held_out", "improved_estimates", "keywords",
    "log_z", "model", "observables", "posterior", "prior", "raw_estimates", "reference", "sample_stats", "sampler",
    "tempering", "until",
}  # fmt: skip
"""Groups of a result and entries of its JSON object, which no check may be called."""


def checks_of(asked: Any) -> list[Check]:
    """The checks of a run.

    Args:
        asked: True for the usual ones; False for those alone that judge what is there anyway; or further ones beside
            the usual, each a name, a `Check`, or a vector field, whose identity is tested.

    Raises:
        TypeError, ValueError: For anything else, an unknown name, or one that is taken.
    """
    checks = [check() for check in USUAL]
    if isinstance(asked, bool):
        return checks if asked else [check for check in checks if check.cheap]
    if isinstance(asked, str | Check) or not isinstance(asked, Iterable):
        raise TypeError(f"checks is True, False, or a list of names or Check objects, not {asked!r}")
    for one in asked:
        check = check_of(one)
        names = [known.name for known in checks]
        if check.name in names:
            usual = checks[names.index(check.name)]
            if type(usual) is type(check) and not usual.asked:  # with settings of its own, or by name
                checks[names.index(check.name)] = check
                continue
            raise ValueError(f"two checks are called {check.name!r}: give each a name of its own")
        checks.append(check)
    return checks


def check_of(asked: Any) -> Check:
    """One check, asked for: itself, the one of that name, in a file (`FILE.py:NAME`), or a vector field's identity.

    Args:
        asked: A `Check` or a class of them, a name, or a vector field.

    Raises:
        TypeError, ValueError: For anything else, or a name that is not there.
    """
    check = _found(asked)
    check.asked = True
    return check


def _found(asked: Any) -> Check:
    if isinstance(asked, Check):
        return _check_name(asked)
    if isinstance(asked, type) and issubclass(asked, Check):
        return _check_name(asked())
    if isinstance(asked, VectorField):
        return Identity(asked)
    if not isinstance(asked, str):
        raise TypeError(f"a check is a name, a Check, or a vector field, not {asked!r}")
    if ".py" in asked:
        return _from_file(asked)
    known = {check.name: check for check in (*USUAL, *FURTHER)}
    if asked not in known:
        raise ValueError(f"unknown check {asked!r}: there are {', '.join(known)}{did_you_mean(asked, known)}")
    return known[asked]()


def _check_name(check: Check) -> Check:
    name = getattr(check, "name", None)
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise ValueError(f"{type(check).__name__}: a check's name is lower-case letters, digits and _, not {name!r}")
    if name in TAKEN:
        raise ValueError(f"{type(check).__name__}: {name!r} is the name of something else in a result; choose another")
    return check


def _from_file(asked: str) -> Check:
    """`FILE.py:NAME`: a check, or a class of checks, called NAME in a Python file, which is executed."""
    file, colon, name = asked.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ValueError(f"a check in a file is FILE.py:NAME, not {asked!r}")
    path = Path(file)
    if not path.is_file():
        raise ValueError(f"check file {file!r} does not exist")
    spec = importlib.util.spec_from_file_location(f"nnft_check_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        known = [one for one, value in vars(module).items() if _is_check(value) and value is not Check]
        if name not in known:
            raise ValueError(f"there is no check {name!r}{did_you_mean(name, known)}")
        return check_of(getattr(module, name))
    except Exception as error:  # whatever the file is made of
        raise ValueError(f"{file}: {reason_of(error)}") from error


def _is_check(value: Any) -> bool:
    return isinstance(value, Check | VectorField) or (isinstance(value, type) and issubclass(value, Check))
