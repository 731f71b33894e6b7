"""Processes of this machine as an executor: what they are asked, what kills them, what is refused."""

import os
from pathlib import Path

import pytest

from nnft_ppl.workers import LocalWorkers, WorkerError, own_cores


def test_a_process_does_one_task_after_the_other_and_is_started_again():
    with LocalWorkers(1) as workers:
        first, cores, wrong = (
            workers.submit(os.getpid),
            workers.submit(own_cores),
            workers.submit(os.listdir, "/no/such"),
        )
        assert first.result() != os.getpid()
        assert cores.result() == own_cores()
        with pytest.raises(WorkerError, match=r"FileNotFoundError: .*No such file"):
            wrong.result()
        assert workers.submit(os.getpid).result() == first.result()
        with pytest.raises(WorkerError, match="its process ended with status 3"):
            workers.submit(os._exit, 3).result()
        assert workers.submit(os.getpid).result() not in (first.result(), os.getpid())


def test_processes_run_side_by_side_each_on_its_share_of_the_cores(tmp_path: Path):
    """The two ends of a pipe, each of which waits for the other."""
    os.mkfifo(tmp_path / "pipe")
    with LocalWorkers(2) as workers:
        ends = [workers.submit(os.open, str(tmp_path / "pipe"), flag) for flag in (os.O_RDONLY, os.O_WRONLY)]
        assert all(end.result(timeout=60) > 2 for end in ends)
        assert set(workers.submit(own_cores).result()) in ({*own_cores()[::2]}, {*own_cores()[1::2]})


def test_refused():
    with pytest.raises(ValueError, match="LocalWorkers: workers = 0; give an integer >= 1"):
        LocalWorkers(0)
    with LocalWorkers(1) as workers, pytest.raises(TypeError, match="positional arguments alone"):
        workers.submit(print, end="")
