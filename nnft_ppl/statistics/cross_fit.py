"""What is found on one half of the draws, tested on the other: a value whose error means what it says."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from nnft_ppl.statistics.averages import SingleDraws
from nnft_ppl.statistics.estimate import Estimate
from nnft_ppl.statistics.functions_of_means import Function
from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.means import estimate
from nnft_ppl.statistics.phases import turns

VALUE = "held out"
"""Name of the tested quantity among observables: no observable can be called so."""


class CrossFitted(NamedTuple):
    """A number tested on each half of the draws, as it was found on the other."""

    together: Estimate
    """The average over the halves, with the average of their errors."""
    halves: tuple[Estimate, Estimate]
    """Of the draws of each half alone."""
    found: tuple[Any, Any]
    """What was tested on each half."""


def cross_fit(
    series: Mapping[str, ndarray],
    find: Callable[[dict[str, Any]], Any],
    test: Callable[[Any], Function],
    log_weights: ndarray | None = None,
    *,
    independent: bool = False,
    raw: Mapping[str, ndarray] | None = None,
    phase: ndarray | None = None,
    singles: SingleDraws | None = None,
) -> CrossFitted:
    """Find something on one half of the draws, test it on the other, and the other way round.

    The halves are whole chains, which are independent; a single chain is cut in the middle. Each half's value and
    error are those of `estimate`, given what was found. The average has the average of the two errors: the draws that
    one way round tests are those on which the other finds, so that the two may be correlated, by 1 at most.

    Args:
        series: Observables by name, each of shape (chain, draw, *shape).
        find: {name: mean} -> what is tested.
        test: What was found -> function of {name: mean} to a number.
        log_weights: As for `estimate`, shape (chain, draw).
        independent: As for `estimate`.
        raw: As for `estimate`.
        phase: As for `estimate`, shape (chain, draw).
        singles: As for `estimate`, of as many chains and draws.

    Raises:
        ValueError: If a half has fewer than 4 draws, or the test does not give one number.
        Exception: Whatever `find` and `test` raise.
    """
    chains, draws = next(iter(series.values())).shape[:2]
    cut = (chains // 2, slice(None)) if chains > 1 else (slice(None), draws // 2)
    parts = [tuple(slice(None, at) if isinstance(at, int) else at for at in cut)]
    parts.append(tuple(slice(at, None) if isinstance(at, int) else at for at in cut))
    cuts = [
        (
            {name: values[part] for name, values in series.items()},
            None if log_weights is None else log_weights[part],
            None if raw is None else {name: values[part] for name, values in raw.items()},
            None if phase is None else phase[part],
            None if singles is None else _part_of(singles, part),
        )
        for part in parts
    ]
    found = [find(_means(own, logs, own_phase)) for own, logs, _, own_phase, _ in reversed(cuts)]
    halves = []
    for what, (own, logs, own_raw, own_phase, own_singles) in zip(found, cuts, strict=True):
        told: dict[str, Any] = {"independent": independent, "raw": own_raw, "phase": own_phase, "singles": own_singles}
        one = estimate(own, {VALUE: test(what)}, logs, **told)[VALUE]
        if one.value.shape:
            raise ValueError(f"test(found)(means) has shape {one.value.shape}; give one number")
        halves.append(one)
    sizes = np.array([next(iter(own.values())).shape[:2] for own, *_ in cuts]).prod(1)
    return CrossFitted(_average(halves, sizes / sizes.sum()), (halves[0], halves[1]), (found[0], found[1]))


def _part_of(singles: SingleDraws, part: tuple) -> SingleDraws:
    logs = singles.log_weights
    return SingleDraws({name: one[part] for name, one in singles.series.items()}, None if logs is None else logs[part])


def _means(series: Mapping[str, ndarray], log_weights: ndarray | None, phase: ndarray | None) -> dict[str, ndarray]:
    """Weighted means of the observables."""
    length = next(iter(series.values())).shape[:2]
    weights = np.ones(length) if log_weights is None else relative_weights(log_weights)
    weights = weights if phase is None else weights * turns(phase, weights)
    return {name: np.tensordot(weights, values, 2) / weights.sum() for name, values in series.items()}


def _average(halves: list[Estimate], shares: ndarray) -> Estimate:
    """The average of both halves, as if their errors were the same one."""

    def of(part: str) -> ndarray:
        return np.average([np.asarray(getattr(one, part)) for one in halves], axis=0, weights=shares)

    # Var/error² of a half is its effective draws.
    spread = sum(share / np.sqrt(one.ess) for share, one in zip(shares, halves, strict=True))
    doubts = {entry: words for one in halves for entry, words in one.doubts.items()}
    agree = np.all([np.asarray(one.agree) for one in halves], axis=0)
    growth = np.max([np.asarray(one.growth) for one in halves], axis=0)
    ess = np.asarray(spread**-2.0)
    return Estimate(of("value"), of("error"), ess, of("second_error"), agree, growth, doubts=doubts)
