"""What checks measure, on draws as they come: every so often one, in batches of one size."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.axioms import TimesError
from nnft_ppl.checks.check import Check, Measurement, reason_of
from nnft_ppl.devices import over_chains
from nnft_ppl.symmetries import SymmetryError
from nnft_ppl.theory import Theory

BATCH, LARGE_BATCH = 50, 250
"""Draws per chain in one call: for what looks at a few hundred of them, and for what looks at many."""
AT_ONCE, AT_ONCE_ON_CPU = 2**18, 2**14
"""Draws are vectorised in groups of about this many reference coordinates: what a core's cache holds is twice as fast
there (256 plane waves in a plane: 1.8 ms a draw, and 3.2 of groups four times as large)."""
MOST_WAITING = 2**24
"""Reference coordinates that wait for a program to be compiled, at most; then the run waits for it."""


class MeasureProgram:
    """All that checks measure, for so many chains: traced here, compiled in the background.

    Measurements that want equally many draws are one program.

    Args:
        theory: What is sampled.
        checks: Those that may measure something; the others are passed over.
        num_chains: Number of chains.

    Attributes:
        measurements: By the checks' names; empty where nothing is measured.
        lost: Name -> reason of the checks whose measurement cannot be traced.
        parts: The programs, those of fewer draws first.
    """

    def __init__(self, theory: Theory, checks: list[Check], num_chains: int) -> None:
        self.measurements: dict[str, Measurement] = {}
        self.lost: dict[str, str] = {}
        self.parts: list[_Part] = []
        found: dict[str, Measurement] = {}
        for check in checks:
            with self._losing([check.name]):
                if (measurement := check.measurement(theory)) is not None:
                    found[check.name] = measurement
        for draws in sorted({one.draws for one in found.values()}):
            own = {name: one for name, one in found.items() if one.draws == draws}
            for name, one in list(own.items()) if len(own) > 1 else []:  # alone it is traced but once
                with self._losing([name]):
                    jax.eval_shape(partial(_measure, one), jnp.zeros(theory.dimension))
                own = {name: one for name, one in own.items() if name not in self.lost}
            with self._losing(own):  # what can be traced for one draw need not be for many
                if own:
                    self.parts.append(_Part(own, draws, theory.dimension, num_chains))
                    self.measurements |= own

    @contextmanager
    def _losing(self, names: Iterable[str]) -> Iterator[None]:
        """Whatever a check is made of: the run goes on without it."""
        try:
            yield
        except (SymmetryError, TimesError):  # a mistake of the user's, and nothing is computed yet
            raise
        except Exception as error:
            self.lost |= dict.fromkeys(names, reason_of(error))

    def begin(self) -> None:
        """Begin to compile; the first draws come sooner if that does not compete with them."""
        for part in self.parts:
            part.begin()


class _Part:
    """The program of measurements that want equally many draws of each chain."""

    def __init__(self, measurements: dict[str, Measurement], draws: int, dimension: int, num_chains: int) -> None:
        self.measurements, self.draws = measurements, draws
        self.batch = BATCH if draws <= Measurement.draws else LARGE_BATCH
        at_once = AT_ONCE_ON_CPU if jax.default_backend() == "cpu" else AT_ONCE
        group = max(1, min(self.batch, at_once // max(dimension, 1)))
        group = max(size for size in range(1, group + 1) if self.batch % size == 0)

        def on_batch(draws: jax.Array) -> Any:
            """As `jax.lax.map` with a batch size, which cannot do with arrays that have no entry."""
            groups = draws.reshape(self.batch // group, group, dimension)
            found = jax.lax.map(jax.vmap(self._one), groups)
            return jax.tree.map(lambda array: array.reshape(self.batch, *array.shape[2:]), found)

        evaluate = over_chains(on_batch, num_chains)
        self._compile = evaluate.traced(np.zeros((num_chains, self.batch, dimension), jnp.zeros(()).dtype))
        self._compiled: Future[Callable] | None = None

    def _one(self, position: jax.Array) -> dict[str, dict[str, jax.Array]]:
        return {name: _measure(one, position) for name, one in self.measurements.items()}

    def begin(self) -> Future[Callable]:
        if self._compiled is None:
            self._compiled = self._compile()
        return self._compiled

    @property
    def ready(self) -> bool:
        """Whether a call would not have to wait for the compiler."""
        return self._compiled is not None and self._compiled.done()

    def __call__(self, positions: Float[ndarray, "chain batch dimension"]) -> Any:
        """{check: {name: array of shape (chain, batch, ...)}} of positions of shape (chain, batch, dimension)."""
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
        every: Every so many draws one is looked at; a number for each of its parts, or one for all.

    Attributes:
        lost: Name -> reason of the checks whose measurements failed.
    """

    def __init__(self, program: MeasureProgram, every: int | Sequence[int] = 1) -> None:
        self.lost = dict(program.lost)
        steps = [every] * len(program.parts) if isinstance(every, int) else every
        self._series = [_Series(part, step, self.lost) for part, step in zip(program.parts, steps, strict=True)]

    @classmethod
    def every_so_often(cls, program: MeasureProgram, num_draws: int, keep_every: int) -> "MeasureStream":
        """A stream that looks at about as many draws as each check wants, of those that are kept if some are.

        Args:
            program: The program of all checks.
            num_draws: Draws per chain that are expected.
            keep_every: Every so many draws one is kept; 0 for none.
        """
        step, found = max(1, keep_every), []
        for part in program.parts[::-1]:  # each looks at some of what the one before does
            step *= max(1, math.ceil(num_draws / part.draws / step))
            found.append(step)
        return cls(program, found[::-1])

    @property
    def every(self) -> int:
        """Every so many draws one is looked at."""
        return min(one.every for one in self._series)

    def add(self, positions: Float[ndarray, "chain draw dimension"], first: int, thinning: int) -> None:
        """Take what is wanted of a block's positions.

        Args:
            positions: Every `thinning`-th position of the block, those with numbers that it divides.
            first: Number of the block's first draw.
            thinning: The thinning.
        """
        numbers = thinning * (-(-first // thinning) + np.arange(positions.shape[1]))
        for one in self._series:
            one.add(positions, numbers)

    def finish(self) -> dict[str, xr.Dataset]:
        """All that was measured, by the checks' names: dimensions (chain, draw, ...); empty without draws."""
        return {name: dataset for one in self._series for name, dataset in one.finish().items()}


class _Series:
    """What one program has measured so far; where it fails, nothing is measured any more, and the run goes on."""

    def __init__(self, part: _Part, every: int, lost: dict[str, str]) -> None:
        self.part, self.every, self._lost = part, every, lost
        self._waiting: list[ndarray] = []
        self._measured: list[Any] = []
        self._numbers: list[ndarray] = []

    @property
    def _gave_up(self) -> bool:
        return self._lost.keys() >= self.part.measurements.keys()

    def add(self, positions: Float[ndarray, "chain draw dimension"], numbers: ndarray) -> None:
        if self._gave_up:
            return
        wanted = numbers % self.every == 0
        self._numbers.append(numbers[wanted])
        self._waiting.append(positions[:, wanted])
        self.part.begin()
        if self.part.ready or sum(one.size for one in self._waiting) > MOST_WAITING:
            self._measure_batches()

    def _measure(self, positions: Float[ndarray, "chain batch dimension"]) -> None:
        if self._gave_up:
            return
        try:
            self._measured.append(self.part(positions))
        except Exception as error:  # whatever a measurement is made of
            self._lost |= dict.fromkeys(self.part.measurements, reason_of(error))

    def _measure_batches(self) -> Float[ndarray, "chain draw dimension"]:
        """The program on all full batches that wait, and what goes on waiting."""
        batch = self.part.batch
        together = np.concatenate(self._waiting, axis=1) if self._waiting else np.zeros((1, 0, 1))
        whole = together.shape[1] - together.shape[1] % batch
        for start in range(0, whole, batch):
            self._measure(together[:, start : start + batch])
        self._waiting = [together[:, whole:]]
        return self._waiting[0]

    def finish(self) -> dict[str, xr.Dataset]:
        left = self._measure_batches()
        if left.shape[1]:
            # The same compiled program serves a shorter rest, filled up with its last draw.
            filled = np.concatenate([left, np.repeat(left[:, -1:], self.part.batch - left.shape[1], axis=1)], axis=1)
            self._measure(filled)
            self._waiting = []
        if not self._measured or self._gave_up:
            return {}
        numbers = np.concatenate(self._numbers)
        together = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, : len(numbers)], *self._measured)
        datasets = {}
        for name, arrays in together.items():
            try:
                datasets[name] = _label(self.part.measurements[name], arrays, numbers)
            except ValueError as error:  # dims or coords that do not fit
                self._lost[name] = reason_of(error)
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
