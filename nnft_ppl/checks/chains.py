"""Markov chains: whether they mix, follow their trajectories, and refresh their energy."""

from collections.abc import Mapping

import numpy as np
from numpy import ndarray

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.complex_parts import in_parts, place_name, without_noise_part
from nnft_ppl.display import ROUNDING
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Verdict

MAX_R_HAT = 1.02
MAX_DIVERGENT = 1e-3
MIN_BFMI = 0.3


class RHat(Check):
    """R̂ of field observables: neurons can be exchanged, so that parameters have no R̂."""

    name = "r_hat"
    title = "R̂"
    threshold = MAX_R_HAT
    kinds = (Kind.CHAINS,)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest R̂."""
        if next(iter(draws.observables.values())).shape[0] < 2:
            text = "R̂ is not available with one chain; use --chains 4"
            return Outcome(Verdict(self.name, "unavailable", None, MAX_R_HAT, text))
        turned = {} if draws.phase is None else {"phase": np.exp(1j * draws.phase)}
        values, constant = _r_hats(dict(draws.single.observables) | turned)
        if not values:
            text = f"R̂ is not available: nothing that is measured ever changes ({', '.join(constant)})"
            return Outcome(Verdict(self.name, "unavailable", None, MAX_R_HAT, text))
        # NaN must count as failed, so it is sorted above every number.
        worst = max(values, key=lambda name: np.inf if np.isnan(values[name]) else values[name])
        text = f"R̂ of observables is at most {values[worst]:.3f} ({worst})"
        text += f"; constant, and so without one: {', '.join(constant)}" if constant else ""
        advice = "the chains have not mixed; run longer, or use another sampler"
        good = values[worst] <= MAX_R_HAT
        return Outcome(Verdict.of(self.name, values[worst], MAX_R_HAT, text, good=good, advice=advice))


class Divergences(Check):
    """The share of transitions that lost their energy."""

    name = "divergences"
    threshold = MAX_DIVERGENT
    kinds = (Kind.CHAINS, Kind.POPULATIONS)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The share of all transitions."""
        share = float(np.mean(draws.stats["diverging"]))
        advice = "the steps are too long where the action is steep; use more warm-up, or --precision float64"
        text, good = f"{share:.2%} of transitions diverged", share <= MAX_DIVERGENT
        return Outcome(Verdict.of(self.name, share, MAX_DIVERGENT, text, good=good, advice=advice))


class EnergyFraction(Check):
    """E-BFMI, the energy's mean squared change over its variance: small where momenta refresh the energy too slowly."""

    name = "bfmi"
    title = "E-BFMI"
    threshold = MIN_BFMI
    kinds = (Kind.CHAINS,)

    def applies(self, draws: FinishedDraws) -> bool:
        """Samplers without momenta have no energy."""
        return super().applies(draws) and "energy" in draws.stats

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The smallest of all chains."""
        energy = draws.single.stats["energy"]
        squared = draws.stats["energy_change"] if draws.singles else np.diff(energy, axis=1) ** 2
        changes, spread = np.mean(squared, axis=1), np.var(energy, axis=1)
        value = float(np.min(np.divide(changes, spread, out=np.full(spread.shape, np.nan), where=spread > 0)))
        advice = "fresh momenta change the energy too little (heavy tails); reparametrise, or use --sampler reweight"
        text, good = f"E-BFMI is at least {value:.2f}", value >= MIN_BFMI
        return Outcome(Verdict.of(self.name, value, MIN_BFMI, text, good=good, advice=advice))


def _r_hats(observables: Mapping[str, ndarray]) -> tuple[dict[str, float], list[str]]:
    """The largest R̂ of each observable's components, and the components that never change, which have none."""
    from arviz_stats.base.array import array_stats  # late: importing ArviZ takes seconds

    values, constant = {}, []
    for name, series in observables.items():
        parts = np.asarray(in_parts(without_noise_part(series)), dtype=float)
        columns = parts.reshape(*parts.shape[:2], -1)
        size = np.max(np.abs(columns), axis=(0, 1), initial=0.0)
        still = np.ptp(columns, axis=(0, 1)) <= ROUNDING * size
        places = [place_name(name, at, complex_=np.iscomplexobj(series)) for at in np.ndindex(parts.shape[2:])]
        constant += [place for place, one in zip(places, still, strict=True) if one]
        if not still.all():
            with np.errstate(divide="ignore", invalid="ignore"):  # chains that stand still, each in its own place
                values[name] = float(np.max(array_stats.rhat(columns[..., ~still], chain_axis=0, draw_axis=1)))
    return values, constant
