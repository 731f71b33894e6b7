"""What a run settles on its way, on disk before it matters: what goes on after a break must not settle it otherwise.

The lengths of blocks follow from the number of draws with which the run began; the choice of a sampler, and of the
reference that it starts from, is written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import xarray as xr

from nnft_ppl.results import ANEW, ResultError, RunFolder
from nnft_ppl.runs.auto import Choice


@dataclass(frozen=True)
class Leg:
    """The draws of one sampler; `auto` may have several make some, one after the other."""

    choice: Choice
    """The sampler."""
    growing: bool
    """Whether its blocks are short at first."""
    first: int
    """Number of its first block."""
    blocks: int | None = None
    """How many it has; None where there may be more to come."""
    error: str = ""
    """Why it could not go on; empty where it could."""

    def to_json(self) -> dict[str, Any]:
        """The leg as plain JSON."""
        own = {name: getattr(self, name) for name in ("growing", "first", "blocks", "error")}
        return own | {"choice": self.choice._asdict()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Leg":
        """From what `to_json` gave; lists were tuples."""
        told: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in stored["choice"].items()
        }
        own: dict[str, Any] = {name: stored[name] for name in ("growing", "first", "blocks", "error")}
        return cls(Choice(**told), **own)


@dataclass
class Plan:
    """What is settled; kept in memory alone where the run has no folder."""

    folder: RunFolder | None
    draws: int
    """Draws per chain, as many as were asked for when the run began, or are usual."""
    most: int
    """The most that could become of them then."""
    limited: bool
    """Whether its time was limited then."""
    modes: bool
    """Whether modes are searched, to which samplers jump."""
    legs: list[Leg]
    ended: tuple[int | None, Sequence[str]] | None = None
    """With how many draws asked for, and which checks, the result was made that is there; None where one is to come."""
    state: xr.Dataset | None = None
    """The sampler's state that was stored last."""

    @classmethod
    def of(
        cls, folder: RunFolder | None, draws: int, most: int, *, limited: bool, modes: bool, end: int | None = None
    ) -> "Plan":
        """The plan in a folder, or a new one; blocks that no plan speaks of are removed.

        Args:
            folder: Of the run.
            draws: As above, of this call; so the others.
            most: The most.
            limited: Whether time is.
            modes: Whether they are searched.
            end: Draws per chain at most of this call, where that is another number: with errors asked for, blocks are
                as long as without them.

        Raises:
            ResultError: If it cannot be read, was made with other checks, or there are more draws than asked for.
        """
        new = cls(folder, draws, most, limited, modes, [])
        if folder is None:
            return new
        stored = folder.plan
        if stored is None:
            folder.drop_draws()
            return new
        where = f"{str(folder.path)!r} holds"
        try:
            legs = [Leg.from_json(one) for one in stored["legs"]]
            ended = stored["ended"] and (stored["ended"][0], tuple(stored["ended"][1]))
            told = {name: stored[name] for name in ("draws", "most", "limited", "modes")}
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ResultError(f"{where} a plan.json that is damaged ({type(error).__name__}): {ANEW}") from error
        if told["modes"] != modes:
            words = "with a search for modes there and without here" if told["modes"] else "without a search for modes"
            raise ResultError(f"{where} the same run with other checks ({words}): {ANEW}")
        state = folder.read_state()
        end = most if end is None else end
        if state is not None and state.attrs["draws"] > end:
            raise ResultError(
                f"{where} {state.attrs['draws']} draws per chain, and {end} are asked for: ask for as many or more, "
                f"or {ANEW}"
            )
        folder.update_manifest()
        return replace(new, **told, legs=legs, ended=ended, state=state)

    def leg(self, number: int) -> Leg | None:
        """The leg of this number; None where it is yet to begin."""
        return self.legs[number] if number < len(self.legs) else None

    def begin(self, choice: Choice, *, growing: bool) -> Leg:
        """Another leg, behind those that are there.

        Args:
            choice: Its sampler.
            growing: Whether its blocks are short at first.
        """
        first = sum(one.blocks or 0 for one in self.legs)
        self.legs.append(Leg(choice, growing, first))
        self._write()
        return self.legs[-1]

    def close(self, number: int, blocks: int, error: str = "") -> None:
        """No more is drawn in a leg: another one follows.

        Args:
            number: Of the leg.
            blocks: How many it has.
            error: Why it could not go on, if so.
        """
        if number == len(self.legs) - 1:
            closed = replace(self.legs[number], blocks=blocks, error=error)
            if closed != self.legs[number]:
                self.legs[number] = closed
                self._write()
                if self.folder:
                    self.folder.drop_blocks(closed.first + blocks)

    def end(self, asked: int | None, checks: Sequence[str]) -> None:
        """The result is there.

        Args:
            asked: Draws per chain that were asked for.
            checks: What was checked, by name.
        """
        if self.ended != (asked, tuple(checks)):
            self.ended = asked, tuple(checks)
            self._write()

    def stored(self, number: int) -> tuple[int, int, xr.Dataset | None]:
        """How many blocks of a leg all processes have, how many this one, and its state after them.

        What lies behind is removed, and everything where a process has no state.

        Args:
            number: Of the leg.
        """
        leg = self.legs[number]
        if leg.blocks is not None:
            return leg.blocks, leg.blocks, None
        assert self.folder
        state = self.state if self.state is not None and self.state.attrs["leg"] == number else None
        last = leg.first if state is None else int(state.attrs["blocks"])
        told = self.folder.exchange.gather(f"blocks of leg {number}", [last, state is not None])
        if not all(there for _, there in told):
            last, state = leg.first, None
        self.folder.drop_blocks(last)
        return min(blocks for blocks, _ in told) - leg.first, last - leg.first, state

    def _write(self) -> None:
        if self.folder:
            own = {name: getattr(self, name) for name in ("draws", "most", "limited", "modes", "ended")}
            self.folder.write_plan(own | {"legs": [one.to_json() for one in self.legs]})
