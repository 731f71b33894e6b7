"""Families: the limit of infinite width against an exact curve, and sweeps whose workers are killed half-way.

The limit is that of φ⁴ theory of mass 1 and coupling 6 in one dimension, all momenta, its action in a box of side 4:
outside the field is free, so that exact answers are matrix elements between free vacua.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import psutil

from calibration.rows import Row
from nnft_ppl import Ensembles, LocalWorkers, family, grid_shifts, limit_of, sample, sweep
from nnft_ppl.display import Stage

DRAWS, WIDTHS = 8000, [16, 32, 64, 128]
SIDE, COUPLING = 4.0, 6.0
WITHIN = 0.05
LINE = '''\
"""φ⁴ theory of mass 1 in one dimension with all momenta, its action in a box."""

import math

import numpyro

from nnft_ppl.families import scalar_network
from nnft_ppl.observables import two_point
from nnft_ppl.spaces import Box


def model(width=16, coupling=6.0, points=64):
    phi = scalar_network(width, 1, 1.0, math.inf, 0, "gaussian")
    box = Box(4.0, 1, points)
    numpyro.factor("quartic", -coupling / 24 * box.integrate(box.evaluate(phi) ** 4))
    return phi


def space(points):
    return Box(4.0, 1, points)


def observables():
    return {"two_point": two_point([0.0, 0.5, 1.0, 1.5, 2.0], 1)}
'''


def rows(fraction: float) -> Iterator[Row]:
    jax.config.update("jax_enable_x64", True)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "line.py").write_text(LINE, encoding="utf-8")
        yield from _infinite_width(Path(place) / "line.py", fraction)
        yield from _killed(Path(place) / "local", Path(place) / "line.py")
        yield from _killed(Path(place) / "dask", Path(place) / "line.py", dask=True)


def exact(separation: np.ndarray, states: int = 120) -> np.ndarray:
    """<0|e^{-(L-r)H/2} q e^{-rH} q e^{-(L-r)H/2}|0>/<0|e^{-LH}|0> with the free vacuum |0>."""
    ladder = np.sqrt(np.arange(1, states) / 2)
    position = np.diag(ladder, 1) + np.diag(ladder, -1)
    energy = np.diag(np.arange(states) + 0.5) + COUPLING / 24 * np.linalg.matrix_power(position, 4)
    # The last states lack elements of q⁴.
    energies, vectors = np.linalg.eigh(energy[: states - 8, : states - 8])
    elements, vacuum = vectors.T @ position[: states - 8, : states - 8] @ vectors, vectors[0]
    outside = [vacuum * np.exp(-energies * (SIDE - r) / 2) for r in separation]
    pairs = zip(outside, separation, strict=True)
    inside = np.array([one @ elements @ (np.exp(-energies * r) * (elements @ one)) for one, r in pairs])
    return inside / (vacuum**2 @ np.exp(-energies * SIDE))


def _infinite_width(file: Path, fraction: float) -> Iterator[Row]:
    widths = family(file, width=WIDTHS)
    draws = max(1000, int(DRAWS * fraction))
    found = sample(widths, "reweight", num_draws=draws, checks=False, common=True)
    assert isinstance(found, Ensembles)
    grid = grid_shifts(found.member(width=WIDTHS[-1]), widths.theories[-1])
    limit, narrow = limit_of(found, "two_point", grid=grid), found.member(width=16).estimates()["two_point"]
    separation = limit.coordinates["separation"]
    wanted = exact(separation)
    table = exact(np.zeros(1))[0] - 0.35506776
    yield Row("exact ⟨φ²⟩ at the centre, less that of the table, 0.35506776", table, -5e-9, 5e-9)
    yield Row("N → ∞: largest of 5 pulls", np.max(np.abs(limit.value - wanted) / limit.error), 0, 5)
    alone = np.max(np.abs(narrow.value - wanted) / narrow.error)
    yield Row("N = 16 alone: largest of 5 pulls", alone, 6, np.inf)
    reach = limit.reach(WITHIN).distance
    yield Row(f"distance up to which the total error is below {WITHIN:.0%}", np.nan if reach is None else reach, 0.5, 2)
    near = separation <= (-1 if reach is None else reach)
    yield Row("largest share that the limit is off up to there", _off(limit.value, wanted, near), 0, WITHIN)
    stated = np.max((narrow.error / np.abs(narrow.value))[near], initial=1e-300)
    words = "the same of N = 16, in units of the largest that its own errors state there"
    yield Row(words, _off(narrow.value, wanted, near) / stated, 2, np.inf)


def _off(value: np.ndarray, wanted: np.ndarray, near: np.ndarray) -> float:
    return float(np.max(np.abs(value / wanted - 1)[near], initial=0.0))


def _killed(out: Path, file: Path, *, dask: bool = False) -> Iterator[Row]:
    """Six members on two workers, one worker killed when two are done; then the same again."""
    members = family(file, width=[2, 3, 4], coupling=[1.0, 2.0], points=16)
    settings: dict[str, Any] = {"sampler": "reweight", "num_draws": 100, "checks": False}
    words, killed = ("spawn_main" if dask else "nnft_ppl.workers.process"), []

    def kill(stage: Stage) -> None:
        if stage.done == 2 and not killed:
            workers = [one for one in psutil.Process().children(recursive=True) if words in " ".join(one.cmdline())]
            # Of dask's processes those that have imported JAX are workers.
            killed.append(max(workers, key=lambda one: one.memory_info().rss))
            killed[0].kill()

    what = "dask cluster" if dask else "processes"
    with _engine(dask) as executor:
        found = sweep(members, out=out, executor=executor, progress=kill, **settings)
        yield Row(f"{what}, one of two workers killed: members done of 6", len(found.members), 6 if dask else 5, 6)
        again = sweep(members, out=out, executor=executor, **settings)
    yield Row(f"{what}, run again: members done of 6", len(again.members), 6, 6)
    # Draws depend on the number of devices, which is that of the cores that dask's processes see.
    apart = [
        np.max(np.abs(again.estimates()[name].value - one.value) / (one.error if dask else 1))
        for name, one in sample(members, **settings).estimates().items()
    ]
    unit = " in errors" if dask else ""
    yield Row(f"{what}: largest difference from one process{unit}", max(apart), 0, 7 if dask else 0)


def _engine(dask: bool) -> Any:
    if not dask:
        return LocalWorkers(2)
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    return Client(cluster).get_executor()
