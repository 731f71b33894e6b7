"""What checks measure, on draws as they come: every so often one, in batches of one size."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.checks.check import Check, Measurement, reason_of
from nnft_ppl.devices import over_chains
from nnft_ppl.symmetries import SymmetryError
from nnft_ppl.theory import Theory

DRAWS = 300
"""Draws per chain that checks look at, about: enough for identities to see what estimates could be wrong by."""
BATCH = 50
"""Draws per chain in one call."""
AT_ONCE = 2**18
"""Draws are vectorised in groups of about this many reference coordinates."""
MOST_WAITING = 2**24
"""Reference coordinates that wait for the program to be compiled, at most; then the run waits for it."""


class MeasureProgram:
    """All that checks measure, for so many chains: traced here, compiled in the background.

    Args:
        theory: What is sampled.
        checks: Those that may measure something; the others are passed over.
        num_chains: Number of chains.

    Attributes:
        measurements: By the checks' names; empty where nothing is measured.
        lost: Name -> reason of the checks whose measurement cannot be traced.
    """

    def __init__(self, theory: Theory, checks: list[Check], num_chains: int) -> None:
        self.measurements: dict[str, Measurement] = {}
        self.lost: dict[str, str] = {}
        for check in checks:
            try:
                measurement = check.measurement(theory)
                if measurement is not None:
                    jax.eval_shape(partial(_measure, measurement), jnp.zeros(theory.dimension))
                    self.measurements[check.name] = measurement
            except SymmetryError:  # a mistake in the model file, and nothing is computed yet
                raise
            except Exception as error:  # whatever a check is made of: the run goes on without it
                self.lost[check.name] = reason_of(error)
        self._compiled: Future[Callable] | None = None
        if self.measurements:
            group = max(1, min(BATCH, AT_ONCE // max(theory.dimension, 1)))
            evaluate = over_chains(lambda draws: jax.lax.map(self._one, draws, batch_size=group), num_chains)
            try:
                self._compile = evaluate.traced(np.zeros((num_chains, BATCH, theory.dimension), jnp.zeros(()).dtype))
            except Exception as error:  # what can be traced for one draw need not be for many
                self.lost |= dict.fromkeys(self.measurements, reason_of(error))
                self.measurements = {}

    def _one(self, position: jax.Array) -> dict[str, dict[str, jax.Array]]:
        return {name: _measure(one, position) for name, one in self.measurements.items()}

    def begin(self) -> Future[Callable]:
        """Begin to compile; the first draws come sooner if that does not compete with them."""
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled

    @property
    def ready(self) -> bool:
        """Whether a call would not have to wait for the compiler."""
        return self._compiled is not None and self._compiled.done()

    def __call__(self, positions: Float[ndarray, "chain batch dimension"]) -> Any:
        """What every check measures on `BATCH` draws of each chain.

        Args:
            positions: z of the draws, shape (chain, BATCH, dimension).

        Returns:
            {check: {name: array of shape (chain, BATCH, ...)}}.
        """
        return jax.tree.map(np.asarray, self.begin().result()(positions))


def _measure(measurement: Measurement, position: jax.Array) -> dict[str, jax.Array]:
    measured = measurement.function(position)
    if not isinstance(measured, Mapping):
        raise TypeError(f"a measurement must give a dict of arrays by name, not {type(measured).__name__}")
    return dict(measured)


class MeasureStream:
    """What checks measure, collected while draws arrive.

    Args:
        program: The program of all checks.
        every: Every so many draws one is looked at.

    Attributes:
        lost: Name -> reason of the checks whose measurements failed.
    """

    def __init__(self, program: MeasureProgram, every: int = 1) -> None:
        self.program, self.every = program, every
        self.lost = dict(program.lost)
        self._waiting: list[ndarray] = []
        self._measured: list[Any] = []
        self._numbers: list[ndarray] = []

    @classmethod
    def every_so_often(cls, program: MeasureProgram, num_draws: int, keep_every: int) -> "MeasureStream":
        """A stream that looks at about `DRAWS` of so many draws per chain, of those that are kept if some are.

        Args:
            program: The program of all checks.
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
        if self._gave_up:
            return
        numbers = thinning * (-(-first // thinning) + np.arange(positions.shape[1]))
        wanted = numbers % self.every == 0
        self._numbers.append(numbers[wanted])
        self._waiting.append(positions[:, wanted])
        self.program.begin()
        if self.program.ready or sum(part.size for part in self._waiting) > MOST_WAITING:
            self._measure_batches()

    @property
    def _gave_up(self) -> bool:
        return self.lost.keys() >= self.program.measurements.keys()

    def _measure(self, positions: Float[ndarray, "chain batch dimension"]) -> None:
        """One more batch; where the program fails, nothing is measured any more, and the run goes on."""
        if self._gave_up:
            return
        try:
            self._measured.append(self.program(positions))
        except Exception as error:  # whatever a measurement is made of
            self.lost |= dict.fromkeys(self.program.measurements, reason_of(error))

    def _measure_batches(self) -> Float[ndarray, "chain draw dimension"]:
        """The program on all full batches that wait, and what goes on waiting."""
        together = np.concatenate(self._waiting, axis=1) if self._waiting else np.zeros((1, 0, 1))
        whole = together.shape[1] - together.shape[1] % BATCH
        for start in range(0, whole, BATCH):
            self._measure(together[:, start : start + BATCH])
        self._waiting = [together[:, whole:]]
        return self._waiting[0]

    def finish(self) -> dict[str, xr.Dataset]:
        """All that was measured, by the checks' names: dimensions (chain, draw, ...); empty without draws."""
        left = self._measure_batches()
        if left.shape[1]:
            # The same compiled program serves a shorter rest, filled up with its last draw.
            filled = np.concatenate([left, np.repeat(left[:, -1:], BATCH - left.shape[1], axis=1)], axis=1)
            self._measure(filled)
            self._waiting = []
        if not self._measured or self._gave_up:
            return {}
        numbers = np.concatenate(self._numbers)
        together = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, : len(numbers)], *self._measured)
        datasets = {}
        for name, arrays in together.items():
            try:
                datasets[name] = _label(self.program.measurements[name], arrays, numbers)
            except ValueError as error:  # dims or coords that do not fit
                self.lost[name] = reason_of(error)
        return datasets


def _label(measurement: Measurement, arrays: Mapping[str, ndarray], numbers: ndarray) -> xr.Dataset:
    variables, chains = {}, 0
    for name, array in arrays.items():
        given = measurement.dims.get(name, ())
        own = (*given, *(f"{name}_dim_{axis}" for axis in range(len(given), array.ndim - 2)))
        variables[name] = (("chain", "draw", *own), np.asarray(array, float) if array.dtype.kind == "f" else array)
        chains = len(array)
    coords = {"chain": np.arange(chains), "draw": numbers, **measurement.coords}
    return xr.Dataset(variables, coords=coords)
