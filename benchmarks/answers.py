"""What contenders answer, as JSON values, and what is read off it: effective draws, rates, pulls."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def estimated(series: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The library's estimates of series (chain, draw, ...) as JSON values."""
    from nnft_ppl.statistics import estimate  # late: a peer's start-up should not pay for it

    return {name: plain(one) for name, one in estimate(series).items()}


def plain(one: Any) -> dict[str, Any]:
    """An `Estimate` as JSON values."""
    # Where the two error estimators differ, the larger one counts: a rate must not profit from a missed correlation.
    larger = np.maximum(one.error, np.nan_to_num(one.second_error))
    ess = one.ess * np.divide(one.error, larger, out=np.ones_like(larger), where=larger > 0) ** 2
    parts = {"value": one.value, "error": larger, "ess": ess}
    return {name: np.asarray(part, float).tolist() for name, part in parts.items()}


def effective_draws(answer: Mapping[str, Any]) -> float:
    """The smallest number of effective draws of all observables; 0 where a contender failed or knows none."""
    if "failed" in answer:
        return 0.0
    least = min(float(np.min(_array(one["ess"]))) for one in answer["estimates"].values())
    return least if math.isfinite(least) else 0.0


def rate(answer: Mapping[str, Any], least: float = 0.0) -> float:
    """Effective draws per second of wall time, of at least `least` draws (for peers: never less than one)."""
    return max(effective_draws(answer), least) / answer["wall"]


def largest_pull(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """Largest |difference| of two answers in joint errors; infinite where one has no estimate."""
    if "failed" in first or "failed" in second:
        return math.inf
    pulls = []
    for name, one in first["estimates"].items():
        two = second["estimates"][name]
        joint = np.hypot(_array(one["error"]), _array(two["error"]))
        pulls.append(np.abs(_array(one["value"]) - _array(two["value"])) / joint)
    return float(np.nan_to_num(max(np.max(pull) for pull in pulls), nan=np.inf))


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a row keeps of an answer."""
    names = ("wall", "draws", "verdict", "findings", "failed", "failed_checks", "bulk_ess")
    kept = {name: answer[name] for name in names if name in answer}
    return kept | {"effective_draws": effective_draws(answer), "estimates": answer.get("estimates", {})}


def _array(value: Any) -> np.ndarray:
    return np.asarray(value, dtype=float)
