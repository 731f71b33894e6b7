"""Levels of discrete sites that weigh, or that observables feel, and that no draw has."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import looked_at, weights_at
from nnft_ppl.complex_parts import in_parts
from nnft_ppl.draws import Kind
from nnft_ppl.observables import hidden_names
from nnft_ppl.samplers import Entry, along_entry, entries_of, log_shares
from nnft_ppl.statistics import UNSEEN, Estimate, Verdict, gamma_method, kish, relative_weights
from nnft_ppl.theory import Theory

EXPECTED = 25.0
"""Effective draws that neighbouring levels should have, if none is to be no chance: e⁻²⁵ for one range."""
MAYBE = 4.0
"""Draws that a level should have in all, below which none of those looked at having it is taken for none of all."""
NEVER = 0.01
"""Draws that unseen levels should have in all, from which an observable that they alone move has an error."""
MOST_VALUES = 2**14
"""Values of observables, at all levels of a draw; where there are more, only the weights of levels are looked at."""


class UnseenLevels(Check):
    r"""What levels that no draw has weigh, by the law of one entry with the rest of every draw as it is.

    With p_k = P(n = k | the rest) the weight of a level is E p_k, and what it adds to an average E p_k (O_k − ⟨O⟩):
    both are averages over draws that need not have it. It fails where neighbouring levels that no draw has would have
    had 25 effective ones of those looked at, or where unseen levels would move an average by two of its errors.

    Of a site of several numbers two entries are looked at.

    Source: the conditional average (Rao and Blackwell); derived in docs/theory/discrete.md.
    """

    name = "unseen_levels"
    title = "unseen levels"
    threshold = UNSEEN
    cheap = False
    stores = False

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def measurement(self, theory: Theory) -> Measurement | None:
        """Ln p_k, that of the prior, and observables, at the levels of some entries; None without discrete sites.

        Args:
            theory: What is sampled.
        """
        target = theory.target()
        if (discrete := target.discrete) is None:
            return None
        self._entries = entries = entries_of(target, jax.random.key(0))
        shown = [name for name in theory.observables if name not in hidden_names(theory.observables)]
        size = sum(int(np.prod(theory.shapes[name])) for name in shown) * sum(len(one.levels) for one in entries)
        shown = shown if size <= MOST_VALUES and not theory.phase_terms else []

        def measure(position: Array) -> dict[str, Array]:
            point = discrete.point(position)

            def at(y: Array) -> tuple[Array, Array, dict[str, Array]]:
                measured, potential = discrete.measure(y), discrete.potential(y)
                action = sum(jnp.real(term) for term in measured["action"].values())
                return potential, potential - action, {name: measured["observables"][name] for name in shown}

            found = {}
            for number, entry in enumerate(entries):
                potential, prior, observed = along_entry(entry, point, at)
                found[f"level.{number}"] = point[entry.place]
                found[f"share.{number}"], found[f"prior.{number}"] = log_shares(potential), log_shares(prior)
                found |= {f"of.{number}.{name}": value for name, value in observed.items()}
            return found

        return Measurement(measure)

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there are discrete sites."""
        return super().applies(draws) and bool(draws.theory and draws.theory.discrete)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The heaviest range of levels that no draw has, and what they would move most.

        Raises:
            ValueError: If too few draws were looked at.
        """
        measured = looked_at(draws)
        log_weights = weights_at(draws, measured)
        shape = (measured.sizes["chain"], measured.sizes["draw"])
        weights = np.ones(shape) if log_weights is None else relative_weights(log_weights)
        rows = []
        for number, entry in enumerate(self._entries):
            own = {name: measured[f"{name}.{number}"].values for name in ("level", "share", "prior")}
            made = _effective(own["level"], log_weights, draws.kind)
            row = _row(entry, own["level"], own["share"], own["prior"], weights, made)
            rows.append(row | _moved(number, entry, measured, row, weights, draws))
        heaviest = max(rows, key=lambda row: row["expected"])
        movers = [row for row in rows if row["mover"]]
        findings = {"entries": rows}
        if heaviest["expected"] >= EXPECTED:
            levels, share = _levels_in_words(heaviest["range"]), heaviest["range_share"]
            text = (
                f"{self.title}: {heaviest['site']} = {levels} weighs {share:.2g} with all else as it is in the draws, "
                f"and none of {shape[0] * shape[1]} draws has it"
            )
            advice = "use --sampler mixed, or bring `moves` that go there"
            return Outcome(
                Verdict.of(self.name, heaviest["expected"], EXPECTED, text, good=False, advice=advice), findings
            )
        if movers:
            worst = max(movers, key=lambda row: row["moves"])
            size = f"by {worst['moves']:.3g} of its errors" if np.isfinite(worst["moves"]) else "quoted without error,"
            text = (
                f"{self.title}: levels of {worst['site']} that no draw has, such as {worst['mover_level']} of weight "
                f"{worst['mover_share']:.2g}, would move {worst['mover']} {size} ({worst['change']:+.3g})"
            )
            advice = "sum over them with sectors(...), or draw from a law in which they are not so rare"
            return Outcome(Verdict.of(self.name, worst["moves"], UNSEEN, text, good=False, advice=advice), findings)
        most = max(rows, key=lambda row: row["unseen"])
        text = f"{self.title}: those of {most['site']} weigh {most['unseen']:.1g} together"
        return Outcome(Verdict(self.name, "good", None, UNSEEN, text), findings)


def rare_levels(findings: Mapping[str, Any], number: int) -> str:
    """Why free draws cannot stand beside chains: levels that weigh, and that they seldom have; empty where they can.

    Args:
        findings: Of `UnseenLevels`.
        number: Free draws.
    """
    for row in findings.get("entries", ()):
        share, prior = np.array(row["share"]), np.array(row["prior"])
        rare = prior * number < EXPECTED
        if np.sum(share[rare]) * number >= EXPECTED and np.any(rare):
            level = row["levels"][int(np.argmax(np.where(rare, share, 0.0)))]
            weight = np.sum(share[rare])
            return f"levels of {row['site']} that weigh {weight:.2g} together, such as {level}, are rare in free draws"
    return ""


def _effective(levels: np.ndarray, log_weights: np.ndarray | None, kind: Kind) -> float:
    """Effective draws by which a level is judged."""
    if kind.independent:
        return kish(log_weights) if log_weights is not None else float(levels.size)
    if np.ptp(levels) == 0:
        return float(levels.size)
    return float(min(gamma_method(levels[..., None] - np.mean(levels)).ess[0], levels.size))


def _row(
    entry: Entry, drawn: np.ndarray, shares: np.ndarray, priors: np.ndarray, weights: np.ndarray, made: float
) -> dict[str, Any]:
    """Weights of the levels of one entry, and the heaviest range of those that no draw has."""
    levels = entry.levels
    share, prior = (_average(np.exp(np.nan_to_num(one, nan=-np.inf)), weights) for one in (shares, priors))
    edges = (levels[1:] + levels[:-1]) / 2
    seen = np.zeros(len(levels), bool)
    seen[np.searchsorted(edges, drawn[weights > 0])] = True
    runs = np.split(np.arange(len(levels)), np.flatnonzero(np.diff(seen)) + 1)
    unseen = [run for run in runs if not seen[run[0]]]
    heaviest = max(unseen, key=lambda run: np.sum(share[run]), default=np.zeros(0, int))
    return {
        "site": entry.site,
        "place": entry.place,
        "levels": levels.tolist(),
        "share": share.tolist(),
        "prior": prior.tolist(),
        "seen": seen.tolist(),
        "unseen": float(np.sum(share[~seen])),
        "range": levels[heaviest[share[heaviest] > 0.01 * np.max(share[heaviest], initial=0.0)]].tolist(),
        "range_share": float(np.sum(share[heaviest])),
        "expected": float(np.sum(share[heaviest])) * made,
    }


def _moved(
    number: int, entry: Entry, measured: xr.Dataset, row: Mapping[str, Any], weights: np.ndarray, draws: FinishedDraws
) -> dict[str, Any]:
    """Which observable the unseen levels of one entry would move most, in its errors."""
    nothing = {"mover": "", "moves": 0.0, "change": 0.0}
    share, seen = np.array(row["share"]), np.array(row["seen"])
    unseen = ~seen & (share * draws.number < MAYBE) & (share > 0)
    if not unseen.any():
        return nothing
    chance = np.exp(np.nan_to_num(measured[f"share.{number}"].values, nan=-np.inf))[..., unseen]
    worst = nothing
    for name, quoted in draws.estimates.items():
        if f"of.{number}.{name}" not in measured:
            continue
        values = measured[f"of.{number}.{name}"].values[:, :, unseen]
        change = _change(values, chance, weights, quoted)
        error = np.broadcast_to(quoted.in_parts.error, change.shape[1:])
        total = np.abs(np.sum(change, axis=0))
        weighs = np.sum(share[unseen]) * draws.number >= NEVER
        size = np.divide(total, error, out=np.where((total > 0) & weighs, np.inf, 0.0), where=error > 0)
        if np.max(size, initial=0.0) > max(UNSEEN, worst["moves"]):
            at = np.unravel_index(int(np.argmax(size)), size.shape)
            level = int(np.argmax(np.abs(change[(..., *at)])))
            worst = {
                "mover": name,
                "moves": float(size[at]),
                "change": float(np.sum(change[(..., *at)])),
                "mover_level": int(entry.levels[unseen][level]),
                "mover_share": float(share[unseen][level]),
            }
    return worst


def _change(values: np.ndarray, chance: np.ndarray, weights: np.ndarray, quoted: Estimate) -> np.ndarray:
    """E p_k (O_k − ⟨O⟩) of every level, real and imaginary parts along a last axis; shape (level, *shape)."""
    parts = in_parts(values) if np.iscomplexobj(values) or np.iscomplexobj(quoted.value) else values
    away = parts - quoted.in_parts.value
    wide = chance.reshape(*chance.shape, *(1,) * (away.ndim - 3))
    return _average(np.where(wide > 0, wide * np.nan_to_num(away), 0.0), weights)


def _average(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Over chains and draws."""
    return np.tensordot(weights, values, axes=2) / np.sum(weights)


def _levels_in_words(levels: list[int]) -> str:
    return str(levels[0]) if len(levels) == 1 else f"{levels[0]}…{levels[-1]}"
