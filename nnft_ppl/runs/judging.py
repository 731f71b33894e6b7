"""From draws to numbers that can be trusted, or not: estimates, the curve in β, and every check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import xarray as xr

from nnft_ppl.checks import Check, FinishedDraws, Outcome, WeightsTail, reason_of
from nnft_ppl.display import Progress
from nnft_ppl.draws import Kind
from nnft_ppl.observables import hidden_names
from nnft_ppl.results import (
    TRUNCATION,
    PartitionFunction,
    estimates_dataset,
    series_of,
)
from nnft_ppl.runs.quoted import Quoted
from nnft_ppl.runs.tempering import curve_of_free_draws, curve_of_populations
from nnft_ppl.samplers import Curve
from nnft_ppl.statistics import Estimate, Estimates, Verdict, estimate, log_mean_weight
from nnft_ppl.theory import Theory

AVERAGED = {"acceptance_rate": "acceptance", "step_size": "step_size", "swap_rate": "swap_rate"}
"""Statistics whose average over all draws is reported, and under which name."""


@dataclass(frozen=True)
class Judgement:
    """What was found in the draws of a run."""

    data: xr.DataTree
    """The draws, with estimates, exact values, curves and what checks estimated."""
    verdicts: tuple[Verdict, ...]
    findings: dict[str, dict[str, Any]]
    """What each check found, by its name."""
    statistics: dict[str, float]
    """Averages of the sampler's statistics."""
    log_z: PartitionFunction | None
    interrupted: bool
    """Whether an interruption left checks out."""


def judge(
    theory: Theory,
    kind: Kind,
    data: xr.DataTree,
    curves: Sequence[Curve],
    checks: Sequence[Check],
    measured: Mapping[str, xr.Dataset],
    lost: Mapping[str, str],
    key: jax.Array | None,
    progress: Progress,
    earlier: Mapping[str, tuple[Verdict, ...]] | None = None,
    some_positions: np.ndarray | None = None,
) -> Judgement:
    """Estimate all that is measured, and judge it by every check.

    Args:
        theory: What was sampled.
        kind: What the draws are.
        data: The draws.
        curves: What a tempering sampler found on its way, one for every block.
        checks: What is to be checked, in order.
        measured: What checks measured, by their names; stored in groups of those names, where they store it.
        lost: Check -> why it could not measure.
        key: For checks that draw; None where nothing more is to be drawn.
        progress: Told what is being done.
        earlier: Failed verdicts of samplers tried before, by name.
        some_positions: z of a few draws, (draw, dimension), for checks that look at them where none were kept.
    """
    own, stats = Quoted.of(theory, kind, data), series_of(data, "sample_stats")
    weights, hidden = own.log_weights, hidden_names(theory.observables)
    estimates = Estimates({name: one for name, one in own.estimates().items() if name not in hidden})
    if theory.held_out:
        tested, halves = own.held_out()
        estimates |= tested
        data["held_out"] = xr.DataTree(halves)
    for check in checks:
        if check.stores and check.name in measured:
            data[check.name] = xr.DataTree(measured[check.name])
    write = _Writer(theory, data)
    for name, values in {"raw": own.raw, "improved": own.improved}.items():
        if shown := {one: series for one, series in values.items() if one not in hidden}:
            write(f"{name}_estimates", estimate(shown, None, weights, independent=kind.independent))
    write("estimates", estimates)
    if theory.space and (period := theory.space.periods[0]):
        data["estimates"].attrs["period"] = period
    log_z = _temper(theory, kind, data, curves)
    positions, numbers = kept_positions(data)
    if positions is None and some_positions is not None:
        positions = some_positions[None]
    draws = FinishedDraws(
        theory, kind, estimates, own.series, stats, series_of(data, "action"), own.improved, own.quoted, weights, key,
        progress, positions, numbers, earlier or {}, phase=own.phase,
    )  # fmt: skip
    outcomes, interrupted = judge_checks(checks, draws, measured, lost)
    for name, outcome in outcomes.items():
        if outcome.estimates:
            write(f"{name}_estimates" if name in measured else name, outcome.estimates, outcome.dims, outcome.coords)
    write.exact()
    findings = {name: dict(outcome.findings) for name, outcome in outcomes.items() if outcome.findings}
    return Judgement(
        data,
        tuple(outcome.verdict for outcome in outcomes.values()),
        findings,
        {label: float(np.mean(stats[name])) for name, label in AVERAGED.items() if name in stats}
        | findings.get(WeightsTail.name, {}),
        log_z,
        interrupted,
    )


def kept_positions(data: xr.DataTree) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The kept draws z, shape (chain, kept, dimension), and their numbers; None where none were kept."""
    if "reference" not in data:
        return None, None
    kept = data["reference"].dataset["z"]
    return kept.values, kept["draw"].values


def judge_checks(
    checks: Sequence[Check], draws: FinishedDraws, measured: Mapping[str, xr.Dataset], lost: Mapping[str, str]
) -> tuple[dict[str, Outcome], bool]:
    """The outcome of every check that applies, and whether an interruption left some out.

    A check that cannot be computed is unavailable, with its reason; it never loses the run.

    Args:
        checks: In order.
        draws: What is judged.
        measured: What checks measured, by their names.
        lost: Check -> why it could not measure.
    """
    outcomes, interrupted = {}, False
    for check in checks:
        own = measured.get(check.name)
        given = replace(draws, measured=own, before=dict(outcomes))
        if check.name in lost:
            outcomes[check.name] = check.unavailable(lost[check.name])
            continue
        try:
            if check.applies(given):
                stopped = interrupted and not check.cheap and own is None
                outcomes[check.name] = check.unavailable("interrupted") if stopped else check.outcome(given)
            elif check.asked:
                outcomes[check.name] = check.unavailable(f"it has nothing to say about draws of kind {draws.kind}")
        except KeyboardInterrupt:
            interrupted = True
            outcomes[check.name] = check.unavailable("interrupted")
        except Exception as error:  # whatever a check is made of
            outcomes[check.name] = check.unavailable(reason_of(error))
    return outcomes, interrupted


class _Writer:
    """Puts estimates into the data, with the dimensions of the observables."""

    def __init__(self, theory: Theory, data: xr.DataTree) -> None:
        self._theory, self._data = theory, data
        derived = theory.derived
        self._coords = {str(dim): values.values for dim, values in data["observables"].coords.items()}
        self._coords |= {dim: list(values) for one in derived.values() for dim, values in one.coords.items()}
        self._dims = {name: tuple(map(str, one.dims)) for name, one in (theory.observables | derived).items()}
        self._units = {name: one.units for name, one in (derived | theory.held_out).items()}

    def __call__(
        self,
        group: str,
        estimates: Mapping[str, Estimate],
        dims: Mapping[str, tuple[str, ...]] | None = None,
        coords: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a group; some dimensions, and coordinates along them, may be others than the observables'."""
        told = self._dims | dict(dims or {}), self._coords | dict(coords or {})
        self._data[group] = xr.DataTree(estimates_dataset(estimates, *told, self._units))

    def exact(self) -> None:
        """Exact values beside the estimates, and exact curves, `NAME` along `NAME.at`."""
        theory = self._theory
        if theory.exact:
            labels = self._data["estimates"].dataset
            exact = {name: (labels[name].dims, value) for name, value in theory.exact.items()}
            # Most exact values are exact.
            exact |= {
                f"{name}{TRUNCATION}": (labels[name].dims, off) for name, off in theory.truncation.items() if off.any()
            }
            self._data["exact"] = xr.DataTree(xr.Dataset(exact))
        if theory.curves:
            variables = {name: (f"{name}.at", values) for name, (_, values) in theory.curves.items()}
            places = {f"{name}.at": places for name, (places, _) in theory.curves.items()}
            self._data["curves"] = xr.DataTree(xr.Dataset(variables, coords=places))


def _temper(theory: Theory, kind: Kind, data: xr.DataTree, curves: Sequence[Curve]) -> PartitionFunction | None:
    """Ln Z/Z_free, and in the data the way there, where the draws know it."""
    dims = {name: one.dims for name, one in theory.observables.items() if not one.hidden}
    # With a phase Z is complex, and these were the modulus's.
    if kind is Kind.CHAINS or theory.phase_terms:
        return None
    if kind is Kind.FREE:
        stats = series_of(data, "sample_stats")
        ends, measured = stats["log_weight"], {name: series_of(data)[name] for name in dims}
        data["tempering"] = xr.DataTree(curve_of_free_draws(measured, ends, dims, stats.get("log_proposal")))
    elif curves:
        ends = np.concatenate([curve.log_z[:, -1] for curve in curves])
        data["tempering"] = xr.DataTree(curve_of_populations(curves, dims))
    else:
        return None
    return PartitionFunction(*log_mean_weight(ends))
