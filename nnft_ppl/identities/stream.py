"""The bank on draws as they come: every so often one, in batches of one size.

Source: the identities are those of `nnft_ppl.identities.bank`, derived in docs/theory/identities.md.
"""

import math
from collections.abc import Callable
from concurrent.futures import Future

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.devices import over_chains
from nnft_ppl.identities.bank import Bank

DRAWS = 300
"""Draws per chain that a run is tested on, about: enough to see what its estimates could be wrong by."""
BATCH = 50
"""Draws per chain in one call."""
AT_ONCE = 2**18
"""Draws are vectorised in groups of about this many reference coordinates."""
MOST_WAITING = 2**24
"""Reference coordinates that wait for the program to be compiled, at most; then the run waits for it."""


class BankProgram:
    """A bank for so many chains, traced here and compiled in the background: second derivatives take their time.

    No formula of its own.

    Args:
        bank: The identities.
        num_chains: Number of chains.
    """

    def __init__(self, bank: Bank, num_chains: int) -> None:
        self.bank = bank
        dimension = bank.target.dimension
        group = max(1, min(BATCH, AT_ONCE // max(dimension, 1)))
        evaluate = over_chains(lambda draws: jax.lax.map(bank, draws, batch_size=group), num_chains)
        like = np.zeros((num_chains, BATCH, dimension), jnp.zeros(()).dtype)
        self._compile = evaluate.traced(like)
        self._compiled: Future[Callable] | None = None

    def begin(self) -> Future[Callable]:
        """Begin to compile; the first draws come sooner if that does not compete with them."""
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled

    @property
    def ready(self) -> bool:
        """Whether a call would not have to wait for the compiler."""
        return self._compiled is not None and self._compiled.done()

    def __call__(self, positions: Float[ndarray, "chain batch dimension"]) -> tuple[ndarray, ndarray]:
        """Residuals and potentials of `BATCH` draws of each chain.

        Args:
            positions: z of the draws, shape (chain, BATCH, dimension).

        Returns:
            Residuals of shape (chain, BATCH, identity) and potentials of shape (chain, BATCH).
        """
        residuals, potentials = self.begin().result()(positions)
        return np.asarray(residuals, float), np.asarray(potentials, float)


class BankStream:
    """Residuals of a bank, collected while draws arrive.

    No formula of its own.

    Args:
        program: The compiled bank.
        every: Every so many draws one is taken.
    """

    def __init__(self, program: BankProgram, every: int = 1) -> None:
        self.program, self.every = program, every
        self._waiting: list[ndarray] = []
        self._found: list[tuple[ndarray, ndarray]] = []
        self._numbers: list[ndarray] = []

    @classmethod
    def every_so_often(cls, program: BankProgram, num_draws: int, keep_every: int) -> "BankStream":
        """A stream that takes about `DRAWS` of so many draws per chain, of those that are kept if some are.

        Args:
            program: The compiled bank.
            num_draws: Draws per chain that are expected.
            keep_every: Every so many draws one is kept; 0 for none.
        """
        step = max(1, keep_every)
        return cls(program, step * max(1, math.ceil(num_draws / DRAWS / step)))

    def add(self, positions: Float[ndarray, "chain draw dimension"], first: int, thinning: int) -> None:
        """Take what is wanted of a block's positions.

        Args:
            positions: Every `thinning`-th position of the block, those with numbers that it divides.
            first: Number of the block's first draw.
            thinning: The thinning.
        """
        numbers = thinning * (-(-first // thinning) + np.arange(positions.shape[1]))
        wanted = numbers % self.every == 0
        self._numbers.append(numbers[wanted])
        self._waiting.append(positions[:, wanted])
        self.program.begin()
        if self.program.ready or sum(part.size for part in self._waiting) > MOST_WAITING:
            self._evaluate_batches()

    def _evaluate_batches(self) -> Float[ndarray, "chain draw dimension"]:
        """The program on all full batches that wait, and what goes on waiting."""
        together = np.concatenate(self._waiting, axis=1) if self._waiting else np.zeros((1, 0, 1))
        whole = together.shape[1] - together.shape[1] % BATCH
        self._found += [self.program(together[:, start : start + BATCH]) for start in range(0, whole, BATCH)]
        self._waiting = [together[:, whole:]]
        return self._waiting[0]

    def finish(self) -> xr.Dataset | None:
        """All residuals: `residual` (chain, draw, identity) and `potential` (chain, draw); None without draws."""
        left = self._evaluate_batches()
        if left.shape[1]:
            # The same compiled program serves a shorter rest, filled up with its last draw.
            filled = np.concatenate([left, np.repeat(left[:, -1:], BATCH - left.shape[1], axis=1)], axis=1)
            self._found.append(self.program(filled))
            self._waiting = []
        if not self._found:
            return None
        numbers = np.concatenate(self._numbers)
        residuals, potentials = (
            np.concatenate(parts, axis=1)[:, : len(numbers)] for parts in zip(*self._found, strict=True)
        )
        fields, observables = zip(*self.program.bank.rows, strict=True)
        return xr.Dataset(
            {
                "residual": (("chain", "draw", "identity"), residuals),
                "potential": (("chain", "draw"), potentials),
            },
            coords={
                "chain": np.arange(len(residuals)),
                "draw": numbers,
                "vector_field": ("identity", list(fields)),
                "observable": ("identity", list(observables)),
            },
        )
