"""Processes of this machine as an executor: one that dies takes its task with it, and no other."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

from nnft_ppl.workers.cores import own_cores

T = TypeVar("T")


class WorkerError(RuntimeError):
    """A worker process that ended before its task was done, or whose task raised."""


class LocalWorkers(Executor):
    """So many processes, each with its share of the cores, started when first needed and again where one died.

    Unlike those of `multiprocessing` they do not import the script that runs, and are not lost all together where one
    is killed. Functions are those of modules, and take and give JSON values.

    Args:
        workers: Number of processes; as many as there are cores unless given.

    Raises:
        ValueError: For what is no integer from 1 on.

    Example:
        >>> import math
        >>> with LocalWorkers(1) as workers:
        ...     workers.submit(math.sqrt, 4).result()
        2.0
    """

    def __init__(self, workers: int | None = None) -> None:
        cores = own_cores()
        workers = len(cores) if workers is None else workers
        if not isinstance(workers, int) or workers < 1:
            raise ValueError(f"LocalWorkers: workers = {workers!r}; give an integer >= 1")
        # A process with more threads than cores of its own would wait for the others.
        shares = [cores[number::workers] or cores for number in range(workers)]
        self._slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for share in shares:
            self._slots.put(_Slot(share))
        self._number = workers
        self._threads = ThreadPoolExecutor(workers, "worker")

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Let a process call a function of a module.

        Args:
            fn: The function.
            args: JSON values.
            kwargs: None.

        Raises:
            TypeError: For keyword arguments.
        """
        if kwargs:
            raise TypeError("LocalWorkers.submit takes positional arguments alone")
        return self._threads.submit(self._call, {"function": f"{fn.__module__}:{fn.__qualname__}", "arguments": args})

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Let the processes end.

        Args:
            wait: Whether to wait for them.
            cancel_futures: Whether tasks that have not begun are left out.
        """
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for _ in range(self._number if wait else 0):
            self._slots.get().end()

    def _call(self, task: dict[str, Any]) -> Any:
        slot = self._slots.get()
        try:
            reply = slot.ask(json.dumps(task))
        finally:
            self._slots.put(slot)
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply["value"]


class _Slot:
    """A process, once there is one, and the cores that it runs on."""

    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self._process: subprocess.Popen[str] | None = None

    def ask(self, task: str) -> dict[str, Any]:
        """The reply to a task."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(task + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        self.end()
        raise WorkerError(f"its process {_ending(process.wait())}")

    def end(self) -> None:
        """Wait for the process to end."""
        if self._process is not None:
            process, self._process = self._process, None
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
            process.wait()

    def _start(self) -> "subprocess.Popen[str]":
        words = ",".join(map(str, self._cores))
        threads = {"OPENBLAS_NUM_THREADS": str(len(self._cores))}
        # In a session of its own: Ctrl-C is for whoever waits for the members, and tells them in words.
        return subprocess.Popen(
            [sys.executable, "-m", "nnft_ppl.workers.process", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            encoding="utf-8", env=threads | os.environ, start_new_session=True,
        )  # fmt: skip


def _ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name
    return f"was ended by {name}" + (" (out of memory, perhaps)" if name == "SIGKILL" else "")
