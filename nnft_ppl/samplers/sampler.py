"""What a sampler is: made for a target, it starts, and then makes one block of draws at a time.

    sampler = hmc(target, settings)        a function (Target, Settings) -> Sampler
    state = sampler.start()                warm-up included
    state, block = sampler.step(state)     and again, until there are draws enough

All that the next block depends on is in the state, and the state holds arrays alone, so that it can be stored.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.display import Progress
from nnft_ppl.draws import Kind, check_statistics
from nnft_ppl.samplers.modes import Modes
from nnft_ppl.target import Target

CHECK_DRAWS = 25
"""Draws per chain after which the warm-up looks at the chains; no block is shorter, but for the last."""


class SamplerError(RuntimeError):
    """A sampler that cannot go on; the text says what to change."""


class Share(NamedTuple):
    """Which of a run's chains a process draws, where several processes share them."""

    first: int
    """Number of its first chain."""
    total: int
    """Chains of all processes."""


@dataclass(frozen=True)
class Settings:
    """What every sampler is told."""

    key: Array
    """Key of the whole run."""
    num_chains: int
    """Number of independent chains."""
    num_draws: int
    """Draws kept per chain."""
    num_warmup: int
    """Steps per chain that adapt the sampler and are thrown away."""
    keep_every: int
    """Positions are returned for every `keep_every`-th draw; 0 for none."""
    block_draws: int = 500
    """Draws per chain in one block, at most."""
    population: int = 500
    """Particles in one population of a sampler that tempers, at most."""
    growing: bool = False
    """Whether blocks of chains are short at first: for runs that may end after any of them, when time is up."""
    progress: Progress = lambda stage: None
    """Told what is being done before the first block."""
    modes: Modes | None = None
    """Modes of the density, where more than one is known: chains start in all of them, and `hmc` and `nuts` jump."""
    share: Share | None = None
    """Of which chains these are, where other processes draw the others; None where these are all."""
    checkpoint: Callable[[Callable[[], Any]], object] = lambda state: None
    """Called within a long block with a function that makes the state there, from which `step` ends the same block."""

    @property
    def shared(self) -> Share:
        """Which of all chains these are."""
        return self.share or Share(0, self.num_chains)

    def own_keys(self, key: Array) -> Array:
        """The keys of these chains, shape (chain,), of those that one key gives all chains.

        Args:
            key: A random key, a scalar.
        """
        first, total = self.shared
        return jax.random.split(key, total)[first : first + self.num_chains]


class Curve(NamedTuple):
    """What a tempered sampler finds on its way from the free theory (β = 0) to the full action (β = 1).

    One entry of the leading axis per independent population: their spread is the error.
    """

    beta: np.ndarray
    """Temperatures, shape (level,), rising from 0 to 1."""
    log_z: np.ndarray
    """ln Z(β)/Z(0), shape (population, level)."""
    measured: Any
    """Averages of what `Target.measure` gives at each level, arrays of shape (population, level, ...)."""


class Block(NamedTuple):
    """A run of consecutive draws of all chains; NumPy arrays with leading (chain, draw)."""

    kind: Kind
    """What the draws are."""
    measured: Any
    """What `Target.measure` gives."""
    stats: dict[str, np.ndarray]
    """Per-draw statistics of the sampler, with ArviZ's names (`nnft_ppl.draws.NEEDED`)."""
    positions: np.ndarray | None
    """Every `keep_every`-th position z, shape (chain, kept, dimension)."""
    curve: Curve | None = None
    """The way from the free theory, of samplers that temper."""

    @property
    def length(self) -> int:
        """Draws per chain."""
        return next(iter(self.stats.values())).shape[1]

    def checked(self, name: str, num_chains: int) -> "Block":
        """The block with its kind as a `Kind`, if it is what a block must be.

        Args:
            name: Name of the sampler, for complaints.
            num_chains: Number of chains.

        Raises:
            KindError: If statistics are missing that the kind needs, or too many.
            SamplerError: If shapes are not (num_chains, draws, ...), the same number of draws in all.
        """
        check_statistics(self.kind, self.stats)
        for what, arrays in {"stats": self.stats, "measured": self.measured}.items():
            for array in jax.tree.leaves(arrays):
                if np.shape(array)[:2] != (num_chains, self.length):
                    raise SamplerError(
                        f"sampler {name!r}: an array of {what} has shape {np.shape(array)}; all of a block begin with "
                        f"(chain, draw) = ({num_chains}, {self.length})"
                    )
        return self._replace(kind=Kind(self.kind))


class Sampler(Protocol):
    """A sampler made for a target: see above."""

    def start(self) -> Any:
        """The state before the first block, a PyTree of arrays.

        Raises:
            SamplerError: If the sampler cannot begin.
        """
        ...

    def step(self, state: Any, /) -> tuple[Any, Block]:
        """The next state, and the block of draws on the way to it; an empty one where there are no more.

        Args:
            state: What `start` or the last step gave.

        Raises:
            SamplerError: If the sampler cannot go on.
        """
        ...


MakeSampler = Callable[[Target, Settings], Sampler]
"""What `sample` takes, and what `SAMPLERS` holds by name."""


def run_blocks(make: MakeSampler, target: Target, settings: Settings) -> Iterator[Block]:
    """The blocks of a sampler from its start, until all draws are made.

    Args:
        make: Such as `hmc`.
        target: What is sampled.
        settings: What the sampler is told.

    Raises:
        SamplerError: If it cannot begin, or go on.
    """
    sampler = make(target, settings)
    state, done = sampler.start(), 0
    while done < settings.num_draws:
        state, block = sampler.step(state)
        block = block.checked(getattr(make, "__name__", "custom"), settings.num_chains)
        if not block.length:
            return
        done += block.length
        yield block


def next_length(settings: Settings, done: int, block_draws: int | None = None) -> int:
    """Length of the block after so many draws: all equal, or, where they grow, a tenth of what is there before.

    It follows from how many draws there are, and not from how many are to come: a run can be extended.

    Args:
        settings: What the sampler was told.
        done: Draws per chain so far.
        block_draws: Draws in one block at most, that of the settings by default.

    Example:
        >>> told = Settings(None, 4, 330, 0, 0, growing=True)
        >>> [next_length(told, done) for done in (0, 25, 275, 302)]
        [25, 25, 27, 28]
    """
    left = settings.num_draws - done
    if settings.growing and block_draws is None:
        return min(max(done // 10, CHECK_DRAWS), settings.block_draws, left)
    return min(block_draws or settings.block_draws, left)


def longest_block(num_draws: int, block_draws: int) -> int:
    """Length of blocks as equal as they can be, so that one compiled program serves (nearly) all of them.

    Example:
        >>> longest_block(1000, 400)  # three blocks: 334, 334, 332
        334
    """
    return math.ceil(num_draws / math.ceil(num_draws / block_draws))


def kept_positions(positions: Any, done: int, keep_every: int) -> Any:
    """Of the positions of consecutive draws those that are kept; None where there are none.

    Args:
        positions: Array of shape (chain, draw, dimension), or None.
        done: Draws per chain before them.
        keep_every: Every so many draws one is kept.
    """
    return None if positions is None or not keep_every else positions[:, (-done) % keep_every :: keep_every]
