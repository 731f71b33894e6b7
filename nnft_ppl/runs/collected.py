"""What becomes of the blocks of one sampler, drawn now or read from disk: recorded, looked at, and written."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.checks import MeasureProgram, MeasureStream
from nnft_ppl.results import ANEW, Exchange, ResultError, RunFolder
from nnft_ppl.runs.long_series import averaged_over
from nnft_ppl.runs.precision import refuse_imprecise
from nnft_ppl.runs.recorder import Recorder, refuse_nan
from nnft_ppl.runs.snapshots import Snapshots
from nnft_ppl.runs.states import state_dataset
from nnft_ppl.runs.stored_blocks import block_from, complete, joined, part_tree
from nnft_ppl.samplers import Block, SamplerError
from nnft_ppl.theory import Theory

CHECKPOINT = 5.0
"""Seconds after which the state within a long block is stored."""


class Collected:
    """The blocks so far.

    Args:
        theory: What is sampled.
        program: What checks measure.
        num_draws: Draws per chain that are expected.
        keep_every: Every so many draws the parameters are kept; 0 for none.
        folder: Where blocks are; None keeps them in memory alone.
        keep_all: Whether the parameters of all draws are kept, however many there are.
        whole: Whether the series stay whole, however long they are.
        means: Gives means of controls; see `Recorder`.

    Attributes:
        recorder: The draws.
        stream: What checks measured on some of them; None where nothing is measured.
        snapshots: Some draws, to be looked at.
        returned_every: Positions are wanted of every so many draws; 0 for none.
        leg: Number of the leg that is drawn.
        first: Number of its first block.
        block: Blocks of it so far.
    """

    def __init__(
        self,
        theory: Theory,
        program: MeasureProgram,
        num_draws: int,
        keep_every: int,
        folder: RunFolder | None,
        *,
        keep_all: bool = False,
        whole: bool = False,
        means: Callable[[], Mapping[str, np.ndarray]] = dict,
    ) -> None:
        self.recorder = Recorder(theory, keep_every, keep_all=keep_all, whole=whole, means=means)
        self.snapshots, self._folder = Snapshots(), folder
        measures = bool(program.measurements)
        # Beside averages there is the first draw of each.
        known = math.lcm(max(1, keep_every), averaged_over(num_draws))
        self.stream = MeasureStream.every_so_often(program, num_draws, known) if measures else None
        self.returned_every = keep_every or (self.stream.every if self.stream else 0)
        self.leg = self.first = self.block = 0
        self._stored = time.perf_counter()
        self._exchange = folder.exchange if folder else Exchange()

    def read(self, number: int) -> None:
        """Take a block that is on disk.

        Args:
            number: Its number.

        Raises:
            ResultError: If it is damaged, or checks wanted other positions when it was made.
        """
        assert self._folder
        trees = self._folder.read_parts(number)
        if any(tree.attrs["every"] != self.returned_every for tree in trees):
            raise ResultError(
                f"{str(self._folder.path)!r} holds the same run with other checks, which look at other draws: {ANEW}"
            )
        block, first = joined([block_from(tree) for tree in trees]), self.recorder.draws
        self._look(self.recorder.add(block), block, first)

    def add(self, block: Block, state: Any) -> None:
        """Take a block that was drawn, once it is on disk with the state after it.

        Args:
            block: The block.
            state: The sampler's.

        Raises:
            SamplerError: If that of another process could not go on.
        """
        if self._folder and not self._exchange.alone:
            tree = part_tree(block)
            tree.attrs["every"] = self.returned_every
            self._folder.write_block(self.first + self.block, tree)
            self._write(state, blocks=1, draws=block.length)
            self.join()
            return
        first = self.recorder.draws
        tree = self.recorder.add(block)
        if self._folder:
            tree.attrs["every"] = self.returned_every
            self._folder.write_block(self.first + self.block, complete(tree, block))
        self.block += 1
        if self._folder:
            self._write(state)
        self._look(tree, block, first)

    def join(self, error: str = "") -> None:
        """Take the next block once all processes have written theirs, as this one has.

        Args:
            error: Why this one has none; all raise it then.

        Raises:
            SamplerError: If one has none.
        """
        number = self.first + self.block
        told = self._exchange.gather(f"block {number}", error)
        if error := next(filter(None, told), ""):
            raise SamplerError(error)
        self.block += 1
        self.read(number)

    def give_up(self, error: Exception) -> None:
        """Tell other processes, where there are some, that this one cannot go on."""
        if not self._exchange.alone:
            self.join(str(error))

    def begin(self, state: Any) -> None:
        """Store the state after warm-up, and wait until all processes have stored theirs.

        Args:
            state: The sampler's.
        """
        if self.block == 0:
            self._write(state)
        self._exchange.gather("begun", None)

    def checkpoint(self, state: Callable[[], Any]) -> None:
        """Store the state within a block, if the last one was stored long ago.

        Args:
            state: Makes it.
        """
        if self._folder and time.perf_counter() - self._stored > CHECKPOINT:
            self._write(state())

    def _write(self, state: Any, *, blocks: int = 0, draws: int = 0) -> None:
        """Store the state after what was recorded, and so many blocks and draws more."""
        assert self._folder
        dataset = state_dataset(state)
        last = {"blocks": self.first + self.block + blocks, "draws": self.recorder.draws + draws}
        dataset.attrs |= {"leg": self.leg} | last
        self._folder.write_state(dataset)
        self._stored = time.perf_counter()

    def _look(self, tree: xr.DataTree, block: Block, first: int) -> None:
        """Refuse what cannot be right, and show positions to whoever looks at them."""
        refuse_nan(tree)
        refuse_imprecise(block.kind, tree)
        if block.positions is not None and self.returned_every:
            self.snapshots.add(block.positions, _log_weights(block, first, self.returned_every))
            if self.stream:
                self.stream.add(block.positions, first, self.returned_every)


def _log_weights(block: Block, first: int, every: int) -> np.ndarray:
    """Log weights of the draws whose positions a block has, (chain, kept); zero for those of a Markov chain."""
    stats = block.stats
    logs = stats["log_weight"] if block.kind.weighted else np.zeros(next(iter(stats.values())).shape)
    return logs[:, (-first) % every :: every]
