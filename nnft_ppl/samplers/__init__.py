"""Samplers: a `Target` and `Settings` in, blocks of draws out; one algorithm a file.

This is the only place that imports BlackJAX. Nothing here knows NumPyro, fields or theories.
"""

from nnft_ppl.samplers.blocks import Block, Sampler, SamplerError, Settings
from nnft_ppl.samplers.gaussian_flow import hmc, nuts
from nnft_ppl.samplers.reweight import reweight
from nnft_ppl.samplers.stock import stock_hmc, stock_nuts
from nnft_ppl.samplers.target import Target

SAMPLERS: dict[str, Sampler] = {
    "hmc": hmc,
    "nuts": nuts,
    "reweight": reweight,
    "stock-hmc": stock_hmc,
    "stock-nuts": stock_nuts,
}
"""The names that the command line knows."""

__all__ = [
    "SAMPLERS", "Block", "Sampler", "SamplerError", "Settings", "Target",
    "hmc", "nuts", "reweight", "stock_hmc", "stock_nuts",
]  # fmt: skip
