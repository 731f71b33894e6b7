r"""Whether the draws have been in every mode of the density: the check that looks where no draw went.

A mode is a minimum of −ln(density) found from free draws scaled by up to 32 (`nnft_ppl.modes`); its weight is that of
its Gaussian approximation. Where draws went is found from them (`nnft_ppl.checks.visits`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.visits import MAX_UNVISITED, Seen, look_for_visits
from nnft_ppl.display import ROUNDING, Progress, Stage
from nnft_ppl.draws import Kind
from nnft_ppl.modes import LEAST_WEIGHT, Mode, ModeSearch, Shape, shape
from nnft_ppl.samplers import Modes
from nnft_ppl.statistics import Verdict, log_mean_weight
from nnft_ppl.theory import Theory

EXPECTED = 5.0
"""Draws that should have been in a mode before it counts that none was."""
NAMED = 3
"""Unvisited modes that are described, the heaviest."""
FEWEST = 50
"""Effective draws that free draws must be worth in a mode for its weight to be told by them."""
ADVICE = "the draws miss part of the density; use --sampler hmc or nuts, which jump between modes, or auto"
MET_ONCE = 0.1
"""Share of descents in copies of a mode met once, above which there are copies that were not met."""
SURE = 3.0
"""Of n draws, or random directions, none falls into a region of probability SURE/n with probability 5 %."""


class ModeCoverage(Check):
    """Whether every mode of weight above 10⁻³ was visited."""

    name = "modes"
    title = "modes of the density"
    threshold = MAX_UNVISITED
    cheap = False
    needs_positions = True

    def __init__(self) -> None:
        self._known: _Known | None = None
        self.seed = 0
        """Of the search: another one looks in other directions."""

    def places(self, theory: Theory, progress: Progress) -> Modes | None:
        """The modes between which chains should jump; None where there is one, or a proof that there is one.

        Args:
            theory: What is sampled.
            progress: Told what is being done.
        """
        try:
            if not theory.action_terms or theory.discrete or self.proved(theory).convex:
                return None
            return self._searched(theory, progress).places
        except Exception:  # whatever the model is made of; the verdict will say so
            return None

    def judge(self, draws: FinishedDraws) -> Outcome:
        """By proof where there is one, by the search and the draws otherwise.

        Raises:
            ValueError: If the search found no minimum, or some coordinates are discrete.
        """
        theory = draws.theory
        if not theory.action_terms and draws.kind is Kind.FREE:
            return self._proof("free", "there is no action and draws are exact: no mode can be missed")
        proved = self.proved(theory)
        if proved.convex:
            return self._proof("convex", "one mode: −ln(density) is convex, by its formula")
        exact = all(site.exact for site in theory.sites)  # else the bound is not that of the action alone
        if draws.kind is Kind.FREE and exact and (missed := _most_missed(draws, proved.lower)) < MAX_UNVISITED:
            text = f"the action is bounded below, by its formula: what no draw saw weighs less than {missed:.1g}"
            return self._proof("bounded", text)
        if theory.discrete:
            raise ValueError("minima are not looked for among discrete values; `sector_mixing` looks at what moves")
        search = self._searched(theory, draws.progress)
        if not search.modes:
            raise ValueError("no minimum of −ln(density) was found")
        return self._found(search, look_for_visits(search, draws), draws)

    def proved(self, theory: Theory) -> Shape:
        """What is proved of the potential, from its formula.

        Args:
            theory: What is sampled.
        """
        known = self._of(theory)
        if known.shape is None:
            try:
                known.shape = shape(theory.target().potential, theory.dimension)
            except Exception:  # whatever the model is made of: then nothing is proved
                known.shape = Shape(-np.inf, np.inf, "unknown")
        return known.shape

    def _searched(self, theory: Theory, progress: Progress) -> ModeSearch:
        known = self._of(theory)
        if known.search is None:
            progress(Stage("searching modes"))
            known.search = ModeSearch(theory.target(), jax.random.key(self.seed), progress)
        return known.search

    def _of(self, theory: Theory) -> "_Known":
        """What is known of this theory: one check may see several, and several runs of one."""
        if self._known is None or self._known.theory is not theory or self._known.seed != self.seed:
            self._known = _Known(theory, self.seed)
        return self._known

    def _proof(self, argument: str, text: str) -> Outcome:
        verdict = Verdict(self.name, "good", 0.0, MAX_UNVISITED, text)
        return Outcome(verdict, {"verdict": "good", "argument": argument, "found": []})

    def _found(self, search: ModeSearch, visits: Seen, draws: FinishedDraws) -> Outcome:
        visited, count, expected = visits.visited, visits.count, visits.expected
        families: dict[int, list[Mode]] = {}
        for mode in search.modes:
            families.setdefault(mode.family, []).append(mode)
        modes = [_together(family) for family in families.values()]
        # Half of a mode is in its neighbourhood.
        light = {family for family, number in expected.items() if 2 * number < MAX_UNVISITED * count}
        heavy = (mode for mode in modes if mode.weight > MAX_UNVISITED and mode.family not in light)
        modes = sorted(heavy, key=lambda mode: -mode.weight)
        told = ("weight", "hits", "energy", "free_worth")
        found = [
            {name: getattr(mode, name) for name in told}
            | {"visited": mode.family in visited, "copies": len(families[mode.family])}
            for mode in modes
        ]
        more = sum(mode.weight > LEAST_WEIGHT for mode in search.modes) > Modes.most(draws.theory.dimension)
        copied = len(modes) > 1 and (more or any(_not_all(families[mode.family]) for mode in modes))
        missed = [mode for mode in modes if mode.family not in visited]
        worst = max((mode.weight for mode in missed), default=0.0)
        rare = rare_draws(found, draws.number) if draws.kind is Kind.FREE else ""
        if missed:
            text = "not visited: " + ", ".join(_describe(search, mode) for mode in missed[:NAMED])
            text += f", and {len(missed) - NAMED} more" if len(missed) > NAMED else ""
            # The more modes there are, the more are left out by chance.
            few = EXPECTED + np.log(len(modes))
            if worst * count < EXPECTED or all(expected.get(mode.family, np.inf) < few for mode in missed):
                text += f"; with {count:.0f} kept draws that may be chance"
                verdict = Verdict(self.name, "warning", worst, MAX_UNVISITED, text)
            else:
                verdict = Verdict.of(self.name, worst, MAX_UNVISITED, text, good=False, advice=ADVICE)
        else:
            many = f"{len(modes)} modes, of weights {', '.join(f'{mode.weight:.2g}' for mode in modes[:6])}, all"
            seen = (
                f"{'one mode,' if len(modes) == 1 else many} visited by the draws; {_unseen(modes, search.directions)}"
            )
            text = rare or seen
            verdict = Verdict.of(self.name, worst, MAX_UNVISITED, text, good=not rare, advice=ADVICE)
            if copied and not rare:
                text += (
                    "; symmetry (exchanged neurons, signs) makes copies of them that are not all known and jumped to: "
                    "their shares may be wrong; compare with --sampler tempered"
                )
                verdict = Verdict(self.name, "warning", worst, MAX_UNVISITED, text)
        searched = {"directions": search.directions, "alone": _alone(modes)}
        return Outcome(verdict, {"verdict": verdict.status, "argument": "search", "found": found} | searched)


@dataclass
class _Known:
    """What was found out about one theory."""

    theory: Theory
    seed: int
    shape: Shape | None = None
    search: ModeSearch | None = None


def _together(family: list[Mode]) -> Mode:
    """Copies of one mode as one: weights, hits and what free draws are worth add up."""
    sums = {name: sum(getattr(one, name) for one in family) for name in ("weight", "hits", "free_worth")}
    return replace(family[0], **sums, directions=frozenset[int]().union(*(one.directions for one in family)))


def _not_all(family: list[Mode]) -> bool:
    """Whether there should be copies that no descent ended in: many were found once only (Good and Turing)."""
    once = sum(one.hits <= 1 for one in family)
    return len(family) > 1 and once > MET_ONCE * sum(one.hits for one in family)


def _alone(modes: Sequence[Mode]) -> int:
    """Directions that led to a mode to which no other led."""
    return sum(len(mode.directions) == 1 for mode in modes)


def _unseen(modes: Sequence[Mode], directions: int) -> str:
    """What a search may have missed, in words.

    A mode to which the share p of all directions leads is missed by n of them with probability (1 − p)ⁿ: 5 % at
    p = 3/n. The share that leads to modes not found yet is about that of those found along one direction only (Good
    and Turing).
    """
    if alone := _alone(modes):
        share = f"about 1 in {directions / alone:.0f} further ones would find another"
        return f"of {directions} random directions searched {alone} led where no other did: {share}"
    if directions <= 2 * SURE:
        return f"searched along {directions} random directions only"
    least = f"1 in {directions / SURE:.0f} lead to (95 %)"
    return f"searched along {directions} random directions, which find a mode that {least}"


def rare_draws(found: Sequence[Mapping[str, Any]], number: int) -> str:
    """Words for a mode in which free draws are worth too few to tell its weight; empty where they are enough in all.

    Args:
        found: Findings of the check, one entry for each mode.
        number: Free draws.
    """
    known = [one for one in found if np.isfinite(one["free_worth"])]
    few = min(known, key=lambda one: one["free_worth"], default=None)
    if few is None or len(found) < 2 or few["free_worth"] * number >= FEWEST:
        return ""
    worth, weight = few["free_worth"] * number, few["weight"]
    return (
        f"{number} free draws make {worth:.2g} effective draws in a mode of weight {weight:.2g}, which takes {FEWEST}"
    )


def _describe(search: ModeSearch, mode: Mode) -> str:
    """A mode in words: its weight, and where it is."""
    first = ((name, np.ravel(value)) for name, value in list(search.observables_at(mode).items())[:3])
    where = ", ".join(f"{name} = {_short(values[0])}" for name, values in first if values.size)
    return f"a mode of weight {mode.weight:.2g} (Laplace) at {where}"


def _short(value: complex) -> str:
    """A number in three digits; what is rounding is 0."""
    real, imaginary = (0.0 if abs(part) < ROUNDING else part for part in (np.real(value), np.imag(value)))
    return f"{real:.3g}{imaginary:+.3g}i" if imaginary else f"{real:.3g}"


def _most_missed(draws: FinishedDraws, lower: float) -> float:
    """The most that regions without a draw can weigh, at 95 %: P(A) ≤ P_free(A) e^{−S_min} Z_free/Z."""
    log_weight = draws.stats["log_weight"]
    log_z, error = log_mean_weight(log_weight)
    with np.errstate(over="ignore"):
        return float(SURE / draws.number * np.exp(-lower - log_z + 2 * error))
