"""Verdicts: whether a run can be trusted, in words, with what to do where it cannot.

Every check compares one number with a stated threshold. A number that is not available (one chain has no R̂) is reported
as such: it is neither a pass nor a failure of the run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from nnft_ppl.display import MARKS, marked
from nnft_ppl.statistics.estimates import Estimate, weighted_agreement

MAX_R_HAT = 1.02
MIN_ESS = 400.0
MAX_K_HAT = 0.7
MAX_DIVERGENT = 1e-3
MIN_BFMI = 0.3
MAX_PULL = 5.0
MAX_LOG_Z_SPREAD = 1.0


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check."""

    check: str
    """What was checked."""
    status: str
    """`good`, `failed`, or `unavailable`."""
    value: float | None
    """The number found; None where there is none."""
    threshold: float | None
    """What it is compared with."""
    text: str
    """The outcome in words; where it failed, what to do."""

    def _repr_html_(self) -> str:
        return marked([(self.status, self.text)])

    def to_json(self) -> dict:
        """The verdict as plain JSON values."""
        return asdict(self)


class Verdicts(list[Verdict]):
    """Verdicts in the order in which they were made; a notebook shows them as lines with marks."""

    def __str__(self) -> str:
        return "\n".join(f"{MARKS[one.status]} {one.text}" for one in self)

    def _repr_html_(self) -> str:
        return marked((one.status, one.text) for one in self)


def overall(verdicts: list[Verdict]) -> str:
    """`good` unless a check failed, then `failed`."""
    return "failed" if any(verdict.status == "failed" for verdict in verdicts) else "good"


def chain_verdicts(
    observables: Mapping[str, np.ndarray], stats: Mapping[str, np.ndarray], estimates: Mapping[str, Estimate]
) -> list[Verdict]:
    """Checks of a Markov-chain run, on field observables: neurons can be exchanged, so parameters have no R̂.

    Args:
        observables: Series of shape (chain, draw, ...), by name.
        stats: The sampler's statistics of shape (chain, draw), with ArviZ's names.
        estimates: Value and error of each observable and derived quantity.
    """
    verdicts = [
        _r_hat(observables),
        _effective_draws(estimates, "run longer, or try another sampler"),
        _errors(
            estimates, "the chain is too short for its autocorrelation, or chains sit apart: run at least 10 × longer"
        ),
        _divergences(stats["diverging"]),
    ]
    # Samplers without momenta have no energy.
    return [*verdicts, _energy(stats["energy"])] if "energy" in stats else verdicts


def population_verdicts(
    stats: Mapping[str, np.ndarray],
    estimates: Mapping[str, Estimate],
    log_z: np.ndarray,
) -> list[Verdict]:
    """Checks of a tempered run: the populations agree with one another, on observables and on ln Z.

    Args:
        stats: The sampler's statistics of shape (chain, draw).
        estimates: Value and error of each observable and derived quantity.
        log_z: ln Z/Z_free of each independent population.
    """
    return [
        _log_z_spread(log_z),
        _effective_draws(estimates, "run longer, or try another sampler"),
        _errors(estimates, "populations sit apart: run longer"),
        _divergences(stats["diverging"]),
    ]


def reweighting_verdicts(k_hat: float, estimates: Mapping[str, Estimate]) -> list[Verdict]:
    """Checks of a reweighting run: the tail of the weights, and the effective draws that they leave.

    Args:
        k_hat: Shape of the generalised Pareto tail of the weights.
        estimates: Value and error of each observable and derived quantity.
    """
    good = k_hat <= MAX_K_HAT
    text = f"tail of the weights k̂ = {k_hat:.2f}" + ("" if good else ": few draws carry the weight; use --sampler hmc")
    if k_hat == -np.inf:
        text = "all weights are equal"
    return [
        Verdict("k_hat", status_of(good=good), k_hat, MAX_K_HAT, text),
        _effective_draws(estimates, "draw more, or use --sampler hmc"),
        _errors(estimates, "draw more: a few draws dominate the error"),
    ]


def routes_verdict(first: Mapping[str, Estimate], second: Mapping[str, Estimate], k_hat: float) -> Verdict:
    """Whether Markov chains agree with reweighted free draws, the independent second route.

    Args:
        first: Estimates from the chains.
        second: Estimates from reweighted free draws.
        k_hat: Pareto shape of their weights; above 0.7 the second route is not available, which is no failure.
    """
    if not k_hat <= MAX_K_HAT:
        text = f"second route: not available, k̂ = {k_hat:.2f} > {MAX_K_HAT}, the free theory is too far for reweighting"
        return Verdict("second_route", "unavailable", k_hat, MAX_K_HAT, text)
    # A quantity that is NaN in one route only is a disagreement; NaN in both, there is nothing to say.
    both = {name: np.abs(weighted_agreement(first[name], second[name])) for name in second}
    undefined = {name: np.isnan(first[name].value) & np.isnan(second[name].value) for name in second}
    pulls = {
        name: float(np.max(np.where(undefined[name], 0.0, np.nan_to_num(pull, nan=np.inf))))
        for name, pull in both.items()
    }
    worst = max(pulls, key=lambda name: pulls[name])
    good = pulls[worst] < MAX_PULL
    text = f"reweighted free draws differ by at most {pulls[worst]:.1f} errors ({worst})"
    if not good:
        text += ": chains or weights miss part of the theory; trust neither before another sampler agrees with one"
    return Verdict("second_route", status_of(good=good), pulls[worst], MAX_PULL, text)


def _log_z_spread(log_z: np.ndarray) -> Verdict:
    if log_z.size < 2:
        text = "the spread of ln Z is not available with one population; use --chains 4"
        return Verdict("log_z_spread", "unavailable", None, MAX_LOG_Z_SPREAD, text)
    spread = float(np.std(log_z, ddof=1))
    good = spread <= MAX_LOG_Z_SPREAD
    text = f"ln Z of {log_z.size} populations spreads by {spread:.2g}"
    if not good:
        text += ": a few of them carry the weight; make more draws, or use --sampler replica-exchange"
    return Verdict("log_z_spread", status_of(good=good), spread, MAX_LOG_Z_SPREAD, text)


def status_of(*, good: bool) -> str:
    """`good` or `failed`."""
    return "good" if good else "failed"


def _r_hat(observables: Mapping[str, np.ndarray]) -> Verdict:
    from arviz_stats.base.array import array_stats  # late: importing ArviZ takes seconds

    if next(iter(observables.values())).shape[0] < 2:
        return Verdict("r_hat", "unavailable", None, MAX_R_HAT, "R̂ is not available with one chain; use --chains 4")
    values = {
        name: np.nan
        if _constant(series)
        else float(np.max(array_stats.rhat(_components(series), chain_axis=0, draw_axis=1)))
        for name, series in observables.items()
    }
    # NaN (a constant series) must count as failed, so it is sorted above every number.
    worst = max(values, key=lambda name: np.inf if np.isnan(values[name]) else values[name])
    good = values[worst] <= MAX_R_HAT
    text = f"R̂ of observables is at most {values[worst]:.3f} ({worst})"
    if not good:
        text += ": the chains have not mixed; run longer, or use another sampler"
    return Verdict("r_hat", status_of(good=good), values[worst], MAX_R_HAT, text)


def _constant(series: np.ndarray) -> bool:
    """Whether some component never changes: ArviZ would divide by its zero variance."""
    return bool(np.any(np.ptp(series, axis=(0, 1)) == 0))


def _components(series: np.ndarray) -> np.ndarray:
    return np.asarray(series, dtype=float).reshape(*series.shape[:2], -1)


def _effective_draws(estimates: Mapping[str, Estimate], advice: str) -> Verdict:
    ess = {name: float(np.min(estimate.ess)) for name, estimate in estimates.items()}
    worst = min(ess, key=lambda name: -np.inf if np.isnan(ess[name]) else ess[name])
    good = ess[worst] >= MIN_ESS
    text = f"at least {ess[worst]:.0f} effective draws ({worst})"
    if not good:
        text += f": too few for an honest error, {MIN_ESS:.0f} are needed; {advice}"
    return Verdict("ess", status_of(good=good), ess[worst], MIN_ESS, text)


def _errors(estimates: Mapping[str, Estimate], advice: str) -> Verdict:
    apart = [name for name, estimate in estimates.items() if not np.all(estimate.agree)]
    if not apart:
        return Verdict("errors", "good", 0.0, 0.0, "two independent error estimators agree")
    text = f"two independent error estimators disagree for {', '.join(apart)}: {advice}"
    return Verdict("errors", "failed", float(len(apart)), 0.0, text)


def _divergences(diverging: np.ndarray) -> Verdict:
    share = float(np.mean(diverging))
    good = share <= MAX_DIVERGENT
    text = f"{share:.2%} of transitions diverged"
    if not good:
        text += ": the integrator loses the action's steep parts; use more warm-up, or --precision float64"
    return Verdict("divergences", status_of(good=good), share, MAX_DIVERGENT, text)


def _energy(energy: np.ndarray) -> Verdict:
    """E-BFMI, the energy's mean squared change over its variance: below 0.3 momenta refresh the energy too slowly."""
    changes, spread = np.mean(np.diff(energy, axis=1) ** 2, axis=1), np.var(energy, axis=1)
    value = float(np.min(np.divide(changes, spread, out=np.full(spread.shape, np.nan), where=spread > 0)))
    good = value >= MIN_BFMI
    text = f"E-BFMI is at least {value:.2f}"
    if not good:
        text += ": momenta refresh the energy too slowly (heavy tails); reparametrise, or use --sampler reweight"
    return Verdict("bfmi", status_of(good=good), value, MIN_BFMI, text)
