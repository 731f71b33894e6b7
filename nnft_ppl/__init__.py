"""Probabilistic programming for Neural Network Field Theory.

A theory is a plain NumPyro model that returns its field. `load` or `Theory` reads it, `sample` draws from it, `read`
opens a stored result:

    theory = load("phi4_circle", coupling=24.0)
    ensemble = sample(theory, "hmc", num_draws=4000)
    print(ensemble.estimates()["two_point"])

Model files import what they need from the rooms: `nnft_ppl.fields`, `.spaces`, `.densities`, `.observables`, `.exact`.
"""

TYPE_CHECKING = False  # as typing has it: nothing is imported before `nnft` listens to Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from nnft_ppl.checks import Check, Measurement, Outcome
    from nnft_ppl.draws import Kind
    from nnft_ppl.families import Family, family
    from nnft_ppl.observables import Derived, HeldOut, Invariant, Observable, effective_mass, levels, ratio
    from nnft_ppl.results import Ensemble, Ensembles, Limit, Processes, extrapolated, limit_of, read, slope
    from nnft_ppl.runs import Duality, KeptDraws, collect, dual, grid_shifts, kept_draws, sample, sweep
    from nnft_ppl.samplers import Block, Chains, Sampler, Settings, one_draw, run_blocks
    from nnft_ppl.statistics import Estimate, Estimates, Verdict
    from nnft_ppl.target import Target
    from nnft_ppl.theory import ModelFile, Theory, load
    from nnft_ppl.workers import LocalWorkers

_HOMES = {
    "checks": ("Check", "Measurement", "Outcome"),
    "draws": ("Kind",),
    "families": ("Family", "family"),
    "observables": ("Derived", "HeldOut", "Invariant", "Observable", "effective_mass", "levels", "ratio"),
    "results": ("Ensemble", "Ensembles", "Limit", "Processes", "extrapolated", "limit_of", "read", "slope"),
    "runs": ("Duality", "KeptDraws", "collect", "dual", "grid_shifts", "kept_draws", "sample", "sweep"),
    "samplers": ("Block", "Chains", "Sampler", "Settings", "one_draw", "run_blocks"),
    "statistics": ("Estimate", "Estimates", "Verdict"),
    "target": ("Target",),
    "theory": ("ModelFile", "Theory", "load"),
    "workers": ("LocalWorkers",),
}

__all__ = [
    "Block", "Chains", "Check", "Derived", "Duality", "Ensemble", "Ensembles", "Estimate", "Estimates", "Family",
    "HeldOut", "Invariant", "KeptDraws", "Kind", "Limit", "LocalWorkers", "Measurement", "ModelFile", "Observable",
    "Outcome", "Processes", "Sampler", "Settings", "Target", "Theory", "Verdict", "collect", "dual", "effective_mass",
    "extrapolated", "family", "grid_shifts", "kept_draws", "levels", "limit_of", "load", "one_draw", "ratio", "read",
    "run_blocks", "sample", "slope", "sweep",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    """Import a public name on first use: `import nnft_ppl` stays quick, and starts no device."""
    if name == "__version__":
        from importlib.metadata import version

        return version("nnft-ppl")
    room = next((room for room, names in _HOMES.items() if name in names), None)
    if room is None:
        raise AttributeError(f"module 'nnft_ppl' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"nnft_ppl.{room}"), name)
