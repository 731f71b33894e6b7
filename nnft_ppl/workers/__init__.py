"""Processes of this machine that do what they are told; they start without JAX, and know nothing of physics."""

from nnft_ppl.workers.cores import own_cores
from nnft_ppl.workers.local import LocalWorkers, WorkerError

__all__ = ["LocalWorkers", "WorkerError", "own_cores"]
