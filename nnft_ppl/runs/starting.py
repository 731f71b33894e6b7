"""The state that a sampler draws from: that on disk, or one after its warm-up, which process 0 makes for all chains."""

from dataclasses import replace
from functools import partial
from typing import Any

import xarray as xr

from nnft_ppl.display import Stage
from nnft_ppl.results import Exchange, SharedFolder
from nnft_ppl.runs.states import state_dataset, state_from, stored_state
from nnft_ppl.samplers import MakeSampler, Sampler, SamplerError, Settings
from nnft_ppl.target import Target


def begun(sampler: Sampler, last: xr.Dataset | None) -> Any:
    """The state that was stored, or else that after warm-up.

    Args:
        sampler: Of all chains.
        last: What was stored; None for nothing.
    """
    state = None if last is None else stored_state(last)
    if state is None:
        state = sampler.start()
        state = state if last is None else state_from(last, state)
    return state


def begun_together(
    folder: SharedFolder,
    sampler: Sampler,
    make: MakeSampler,
    target: Target,
    settings: Settings,
    last: xr.Dataset | None,
) -> Any:
    """The same of the chains of one process; it is on disk before any process draws.

    Warm-up looks at all chains together. Process 0 makes it, so that it is that of a run by one process.

    Args:
        folder: Of the run.
        sampler: Of this process's chains.
        make: Makes it.
        target: What is sampled.
        settings: Of this process's chains.
        last: What was stored, by all processes; None where one has nothing.

    Raises:
        SamplerError: If process 0's warm-up fails, or the sampler's chains cannot be shared.
    """
    if last is not None:
        return begun(sampler, last)
    exchange, complaint = folder.exchange, ""
    waiting = Stage("waiting for the warm-up by process 0")
    settings.progress(Stage("warm-up") if exchange.processes.leads else waiting)
    if exchange.processes.leads:
        try:
            whole = make(target, replace(settings, num_chains=settings.shared.total, share=None))
            folder.write_start(state_dataset(whole.start()))
        except SamplerError as error:
            complaint = str(error)
    if complaint := exchange.first("warm-up", complaint, partial(settings.progress, waiting)):
        raise SamplerError(complaint)
    state = stored_state(folder.read_start())
    if state is None:
        raise SamplerError("the sampler's state cannot be shared: make it of arrays in tuples, lists and dicts")
    shared: Any = sampler  # `refuse_unshared` has seen that it has what this takes
    return shared.part(state)


def refuse_unshared(name: str, sampler: Sampler, exchange: Exchange) -> None:
    """Raise `SamplerError` for a sampler whose chains several processes cannot share.

    Args:
        name: Its name.
        sampler: The sampler.
        exchange: The processes.
    """
    if not exchange.alone and not hasattr(sampler, "part"):
        raise SamplerError(
            f"sampler {name!r} cannot be shared by processes: it has no part(state), the part of the state of all "
            "chains that belongs to settings.share; run it in one process, or many runs of it by nnft sweep"
        )
