"""Processors and accelerators: cores as devices, one function over all chains, compiled programs."""

from nnft_ppl.devices.compiled_programs import keep_programs, kept_programs
from nnft_ppl.devices.cores import spread_over_cores
from nnft_ppl.devices.over_chains import OverChains, over_chains

__all__ = [
    "OverChains",
    "keep_programs",
    "kept_programs",
    "over_chains",
    "spread_over_cores",
]
