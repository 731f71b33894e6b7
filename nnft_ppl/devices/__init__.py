"""Processors and accelerators: cores as devices, one function over all chains, compiled programs."""

from nnft_ppl.devices.compiled_programs import keep_programs, kept_programs
from nnft_ppl.devices.cores import spread_over_cores
from nnft_ppl.devices.over_chains import OverChains, over_chains
from nnft_ppl.devices.starting import jax_runs, refuse_settings, refuse_unknown_flags, require_jax

__all__ = [
    "OverChains",
    "jax_runs",
    "keep_programs",
    "kept_programs",
    "over_chains",
    "refuse_settings",
    "refuse_unknown_flags",
    "require_jax",
    "spread_over_cores",
]
