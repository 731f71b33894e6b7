"""Processors and accelerators: cores as devices, one function over all chains, compiled programs."""

from nnft_ppl.devices.compiled_programs import keep_programs, kept_programs
from nnft_ppl.devices.cores import spread_over_cores
from nnft_ppl.devices.over_chains import OverChains, over_chains
from nnft_ppl.devices.processes import jax_runs, refuse_forked

__all__ = [
    "OverChains",
    "jax_runs",
    "keep_programs",
    "kept_programs",
    "over_chains",
    "refuse_forked",
    "spread_over_cores",
]
