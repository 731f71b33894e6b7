"""Runs that go on until an error is as small as was asked: what that does to values and errors, and what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from calibration.rows import Row, seeds, within_one_error
from nnft_ppl import Ensemble, Theory, load, sample

WANTED = 0.01
"""The relative error that is asked for of every entry of the two-point function."""
LONG = 20_000
"""Draws per chain of the run that stands for the exact answer, where there is none: ten times the usual number."""


@dataclass
class Stopped:
    """Runs by `reweight` that end at the same error."""

    theory: Theory
    values: list[np.ndarray] = field(default_factory=list)
    errors: list[np.ndarray] = field(default_factory=list)
    overshoot: list[float] = field(default_factory=list)
    """Draws made by draws that would have sufficed, for errors fall with their root."""

    def run(self, seed: int) -> None:
        """One more."""
        until = {"two_point": f"{100 * WANTED:g}%"}
        told = sample(self.theory, "reweight", until=until, seed=seed, keep="none", checks=False)
        one = told.estimates()["two_point"]
        self.values.append(one.value)
        self.errors.append(one.error)
        self.overshoot.append(float((WANTED / np.max(one.error / np.abs(one.value))) ** 2))

    def pulls(self, exact: np.ndarray, off: np.ndarray | float = 0.0) -> np.ndarray:
        """(value − exact)/error, (run, entry), of an answer that may itself be off by so much."""
        return (np.array(self.values) - exact) / np.hypot(np.array(self.errors), off)

    def cost(self, claim: str) -> Row:
        """The mean of the overshoot; it has no bound where the first look, at 2000 draws, finds all there."""
        return Row(f"{claim}: draws made by draws that sufficed", float(np.mean(self.overshoot)), 1.0, np.inf)


def rows(fraction: float) -> Iterator[Row]:
    circle = Stopped(load("phi4_circle"))
    for seed in seeds(200, fraction):
        circle.run(seed)
    exact, claim = circle.theory.exact["two_point"], f"phi4_circle until two_point={100 * WANTED:g}%"
    off = np.sqrt(np.mean((np.array(circle.values) / exact - 1) ** 2, axis=0))
    worst = int(np.argmax(off))
    yield Row(f"{claim}: rms true error of the worst entry by its value", float(off[worst]), 0.0, 1.1 * WANTED)
    pulls = circle.pulls(exact)
    for entry in range(pulls.shape[1]):
        yield within_one_error(f"{claim}, entry {entry}", pulls[:, entry])
    mean, allowed = float(np.mean(pulls[:, worst])), 3.3 / np.sqrt(len(pulls))
    yield Row(f"{claim}: mean pull of the worst entry", mean, -allowed, allowed)
    yield circle.cost(claim)

    phi4 = Stopped(load("phi4", coupling=1.0))
    long = _long_run(phi4.theory).estimates()["two_point"]
    for seed in seeds(20, fraction):
        phi4.run(seed)
    claim, pulls = f"phi4 λ=1 until two_point={100 * WANTED:g}%", phi4.pulls(long.value, long.error)
    number = f"{pulls.size} pulls from a run of {LONG} draws per chain"
    yield Row(f"{claim}: rms of {number}", float(np.sqrt(np.mean(pulls**2))), 0.85, 1.15)
    yield phi4.cost(claim)


def _long_run(theory: Theory) -> Ensemble:
    """With a seed that no other run has."""
    return sample(theory, "reweight", num_draws=LONG, seed=2**31, keep="none", checks=False)
