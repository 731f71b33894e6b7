"""Processes that make one run together tell each other, through the run's folder, how far they are.

Nothing else connects them, no port and no coordinator: they need only see the same files.

    DIR/processes/K/lock        held by process K as long as it lives
    DIR/processes/K/hello.json  a number drawn when it started, and those of the others that it has seen
    DIR/processes/K/told.json   the last two things that it told the others
"""

import contextlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnft_ppl.display import Progress, Stage
from nnft_ppl.results.lock import Lock, LockedError, is_locked
from nnft_ppl.results.storage import PROCESSES, ResultError, complaining

PAUSE = 0.005, 0.2
"""Seconds between two looks at what another process tells, at first and at last."""
PATIENCE = 300.0
"""Seconds within which all processes of a run have to start."""


@dataclass(frozen=True)
class Processes:
    """How many processes make a run, and which of them this one is."""

    number: int = 0
    """Of this process, from 0."""
    count: int = 1
    """Of all."""

    @property
    def leads(self) -> bool:
        """Whether this is process 0, which settles what is settled for all."""
        return self.number == 0

    def folder_in(self, folder: Path) -> Path:
        """The folder of this process, in that of the run.

        Args:
            folder: Of the run.
        """
        return folder / PROCESSES / str(self.number)

    def checked(self, num_chains: int) -> "Processes":
        """These, if they can share so many chains.

        Args:
            num_chains: Chains of all of them.

        Raises:
            ValueError: If there is no such process, or they cannot share the chains evenly.
        """
        if not 0 <= self.number < self.count:
            raise ValueError(f"process {self.number} of {self.count}: processes are numbered from 0")
        if num_chains % self.count:
            words = f"{num_chains} chains cannot be shared evenly by {self.count} processes"
            raise ValueError(f"{words}: ask for a multiple of {self.count} (--chains)")
        return self


ALONE = Processes()


class LostProcessError(RuntimeError):
    """Another process of the run has ended before its end."""


class Exchange:
    """What the processes of one run tell each other, from now on until it is released.

    Args:
        folder: The run's folder; None where there is one process alone.
        processes: How many there are.
        progress: Told who is waited for, as long as they have not all started.

    Raises:
        ResultError: If another process has this one's number, or some do not come.
        OSError: If nothing can be written there.
    """

    def __init__(
        self,
        folder: Path | None = None,
        processes: Processes = ALONE,
        progress: Progress = lambda stage: None,
    ) -> None:
        self.processes, self._lock = processes, None
        self._told: list[dict[str, Any]] = []
        self._number = 0
        if folder is None:
            return
        self._folders = [Processes(one, processes.count).folder_in(folder) for one in range(processes.count)]
        self.own = processes.folder_in(folder)
        self.own.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = Lock(self.own)
        except LockedError as error:
            raise ResultError(f"cannot write to {str(self.own)!r}: {error}; is the run started twice?") from error
        try:
            self._sessions = self._meet(progress)
        except BaseException:
            self.release()
            raise

    @property
    def numbers(self) -> range:
        """Of all processes."""
        return range(self.processes.count)

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.processes.count == 1

    def gather(self, label: str, value: Any, waiting: Callable[[], object] = lambda: None) -> list[Any]:
        """What all processes tell at this point, by their number; it waits until all have.

        Args:
            label: What it is about, the same for all.
            value: What this one tells, as JSON values.
            waiting: Called again and again as long as it waits; an error that it raises ends the waiting.

        Raises:
            LostProcessError: If another process has ended.
            ResultError: If another process is somewhere else.
        """
        if self._lock is None:
            return [value]
        mine = {"session": self._sessions[self.processes.number], "number": self._number, "label": label}
        # One that waits may not yet have read what was told before.
        self._told = [*self._told[-1:], mine | {"value": value}]
        self._write("told.json", self._told)
        found = []
        for number, session in enumerate(self._sessions):
            told = self._wait_for(number, session, waiting) if number != self.processes.number else self._told[-1]
            if told["label"] != label:
                words = f"process {number} is at {told['label']!r} where this one is at {label!r}"
                raise ResultError(f"{words}: start all with the same command, on machines of one kind")
            found.append(told["value"])
        self._number += 1
        return found

    def first(self, label: str, value: Any, waiting: Callable[[], object] = lambda: None) -> Any:
        """What process 0 tells at this point.

        Args:
            label: What it is about.
            value: Of process 0; others' are not looked at.
            waiting: As of `gather`.
        """
        return self.gather(label, value, waiting)[0]

    def release(self) -> None:
        """This process has ended, as the others see it."""
        if self._lock is not None:
            self._lock.release()

    def _wait_for(self, number: int, session: str, waiting: Callable[[], object]) -> dict[str, Any]:
        pause, _ = PAUSE
        while True:
            # Asked first: it may have told its last word and ended. Or it has ended and was started again.
            now = self._read(number, "hello.json", {}).get("session", session)
            alive = now == session and is_locked(self._folders[number])
            for told in self._read(number, "told.json", []):
                if told["session"] == session and told["number"] == self._number:
                    return told
            if not alive:
                raise LostProcessError(
                    f"process {number} of {self.processes.count} has ended before the run was done (see what it "
                    "said); what all have drawn is kept: start all with the same command, and they go on from there"
                )
            waiting()
            pause = _rest(pause)

    def _meet(self, progress: Progress) -> list[str]:
        """The numbers that all drew when they started, once each has seen all others'."""
        count, me = self.processes.count, self.processes.number
        mine, pause, started = uuid.uuid4().hex, PAUSE[0], time.monotonic()
        seen: dict[str, str] = {str(me): mine}
        self._write("hello.json", {"session": mine, "seen": seen})
        while True:
            hellos = [self._read(one, "hello.json", {}) if one != me else None for one in range(count)]
            now = {str(one): hello["session"] for one, hello in enumerate(hellos) if hello} | {str(me): mine}
            if now != seen:
                seen = now
                self._write("hello.json", {"session": mine, "seen": seen})
            # Whoever has seen the number that was drawn just now has started as well, and its own is of today.
            come = [hello is None or hello.get("seen", {}).get(str(me)) == mine for hello in hellos]
            if all(come):
                return [seen[str(one)] for one in range(count)]
            late = ", ".join(str(one) for one, here in enumerate(come) if not here)
            if time.monotonic() - started > PATIENCE:
                raise ResultError(
                    f"process {late} of {count} has not started within {PATIENCE:.0f} s: see what it said; processes "
                    "are numbered from 0, and all need to see the same folder"
                )
            progress(Stage(f"waiting for process {late} of {count} to start, {PATIENCE:.0f} s at most"))
            pause = _rest(pause)

    def _write(self, name: str, value: Any) -> None:
        # In place: a network file system shows a file that is opened as it is, but may not show another of its name.
        with complaining(self.own / name):
            (self.own / name).write_text(json.dumps(value), encoding="utf-8")

    def _read(self, number: int, name: str, otherwise: Any) -> Any:
        with contextlib.suppress(OSError, ValueError):  # not there yet, or half written
            return json.loads((self._folders[number] / name).read_text(encoding="utf-8"))
        return otherwise


def _rest(pause: float) -> float:
    """Sleep, and say how long next time."""
    time.sleep(pause)
    return min(2 * pause, PAUSE[1])
