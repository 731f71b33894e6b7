"""Samplers: a `Target` and `Settings` in, blocks of draws out; one algorithm a file.

This is the only place that imports BlackJAX. Nothing here knows NumPyro, fields or theories.
"""

from nnft_ppl.samplers.blocks import Block, Curve, Sampler, SamplerError, Settings
from nnft_ppl.samplers.elliptical_slice import elliptical_slice
from nnft_ppl.samplers.hmc import hmc
from nnft_ppl.samplers.nuts import nuts
from nnft_ppl.samplers.pcn import pcn
from nnft_ppl.samplers.replica_exchange import replica_exchange
from nnft_ppl.samplers.reweight import reweight
from nnft_ppl.samplers.stock import mclmc, stock_hmc, stock_nuts
from nnft_ppl.samplers.tempered import tempered

SAMPLERS: dict[str, Sampler] = {
    "elliptical-slice": elliptical_slice,
    "hmc": hmc,
    "mclmc": mclmc,
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
    "SAMPLERS", "Block", "Curve", "Sampler", "SamplerError", "Settings", "elliptical_slice", "hmc", "mclmc", "nuts",
    "pcn", "replica_exchange", "reweight", "stock_hmc", "stock_nuts", "tempered",
]  # fmt: skip
