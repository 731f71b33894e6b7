"""Which of several processes this is, as whatever started them says."""

import os
from collections.abc import Mapping

from nnft_ppl.results import Processes

TOLD_BY = {
    "JAX": ("JAX_PROCESS_ID", "JAX_NUM_PROCESSES"),
    "Slurm": ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    "Open MPI": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    "MPI": ("PMI_RANK", "PMI_SIZE"),
}
"""Who starts processes -> the variables in which each finds its number, and how many there are."""


def processes_of(environment: Mapping[str, str] = os.environ) -> Processes:
    """The processes that an environment speaks of.

    Args:
        environment: Variables by name.

    Raises:
        ValueError: If it speaks of none, or not in whole numbers.
    """
    for names in TOLD_BY.values():
        if all(name in environment for name in names):
            number, count = (environment[name] for name in names)
            if not (number.isdecimal() and count.isdecimal()):
                told = ", ".join(f"{name}={environment[name]}" for name in names)
                raise ValueError(f"--distributed: {told} are no whole numbers")
            return Processes(int(number), int(count))
    raise ValueError(
        "--distributed: nothing says which process this is; start it by srun or mpirun, or set JAX_NUM_PROCESSES and "
        "JAX_PROCESS_ID=0, 1, ... for each"
    )
