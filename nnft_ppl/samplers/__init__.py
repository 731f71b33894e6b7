"""Samplers: made for a `Target` and `Settings`, they start and then make blocks of draws; one algorithm a file.

This is the only place that imports BlackJAX. Nothing here knows NumPyro, fields or theories.
"""

import nnft_ppl.samplers.blackjax_first  # noqa: F401  before anything else imports BlackJAX
from nnft_ppl.samplers.chains import Chains, one_draw
from nnft_ppl.samplers.elliptical_slice import elliptical_slice
from nnft_ppl.samplers.energy_conserving import energy_conserving
from nnft_ppl.samplers.hmc import hmc
from nnft_ppl.samplers.hoisting import operations
from nnft_ppl.samplers.level_scan import Entry, along_entry, entries_of, log_shares
from nnft_ppl.samplers.mixed import mixed
from nnft_ppl.samplers.modes import LEAST_CURVATURE, Modes
from nnft_ppl.samplers.nuts import nuts
from nnft_ppl.samplers.pcn import pcn
from nnft_ppl.samplers.replica_exchange import replica_exchange
from nnft_ppl.samplers.reweight import reweight
from nnft_ppl.samplers.sampler import (
    Block,
    Curve,
    MakeSampler,
    Sampler,
    SamplerError,
    Settings,
    Share,
    run_blocks,
)
from nnft_ppl.samplers.starts import start_positions
from nnft_ppl.samplers.stock import mclmc, stock_hmc, stock_nuts
from nnft_ppl.samplers.tempered import tempered

SAMPLERS: dict[str, MakeSampler] = {
    "elliptical-slice": elliptical_slice,
    "energy-conserving": energy_conserving,
    "hmc": hmc,
    "mclmc": mclmc,
    "mixed": mixed,
    "nuts": nuts,
    "pcn": pcn,
    "replica-exchange": replica_exchange,
    "reweight": reweight,
    "stock-hmc": stock_hmc,
    "stock-nuts": stock_nuts,
    "tempered": tempered,
}
"""The names that the command line knows."""

__all__ = [
    "LEAST_CURVATURE", "SAMPLERS", "Block", "Chains", "Curve", "Entry", "MakeSampler", "Modes", "Sampler",
    "SamplerError", "Settings", "Share", "along_entry", "elliptical_slice", "energy_conserving", "entries_of", "hmc",
    "log_shares", "mclmc", "mixed", "nuts", "one_draw", "operations", "pcn", "replica_exchange", "reweight",
    "run_blocks", "start_positions", "stock_hmc", "stock_nuts", "tempered",
]  # fmt: skip
