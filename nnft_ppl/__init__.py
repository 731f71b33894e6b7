"""Probabilistic programming for Neural Network Field Theory.

A theory is a plain NumPyro model that returns its field. `load` or `Theory` reads it, `sample` draws from it, `read`
opens a stored result:

    theory = load("phi4_circle", coupling=24.0)
    ensemble = sample(theory, "hmc", num_draws=4000)
    print(ensemble.estimates()["two_point"])

Model files import what they need from the rooms: `nnft_ppl.fields`, `.spaces`, `.densities`, `.observables`, `.exact`.
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnft_ppl.observables import Derived, Observable, effective_mass, ratio
    from nnft_ppl.results import Ensemble, read
    from nnft_ppl.runs import sample
    from nnft_ppl.statistics import Estimate
    from nnft_ppl.target import Target
    from nnft_ppl.theory import ModelFile, Theory, load

_HOMES = {
    "Derived": "observables",
    "Ensemble": "results",
    "Estimate": "statistics",
    "ModelFile": "theory",
    "Observable": "observables",
    "Target": "target",
    "Theory": "theory",
    "effective_mass": "observables",
    "load": "theory",
    "ratio": "observables",
    "read": "results",
    "sample": "runs",
}

__all__ = [
    "Derived", "Ensemble", "Estimate", "ModelFile", "Observable", "Target", "Theory", "effective_mass", "load", "ratio",
    "read", "sample",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name on first use: `import nnft_ppl` stays quick, and starts no device."""
    if name == "__version__":
        return importlib.metadata.version("nnft-ppl")
    if name not in _HOMES:
        raise AttributeError(f"module 'nnft_ppl' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nnft_ppl.{_HOMES[name]}"), name)
