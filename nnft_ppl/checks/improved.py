"""Raw against improved correlators: their difference is zero on average, by an identity of the density."""

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.statistics import MAX_PULL, Estimate, Verdict, estimate

COARSE = 10.0
"""Where the difference is known only to so many quoted errors, the verdict says so."""
ROUNDING = 1e-9
"""Differences below this share of the value are rounding."""


class ImprovedAgainstRaw(Check):
    """Whether raw and improved correlators agree, draw by draw, and how well that is known."""

    name = "improved"
    title = "raw and improved correlators"
    threshold = MAX_PULL

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there are improved observables."""
        return bool(draws.improved)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest difference in its errors; without an error any difference is infinitely many of them."""
        series = {name: draws.observables[name] - values for name, values in draws.improved.items()}
        found = estimate(series, None, draws.log_weights, independent=draws.kind.independent)
        found = {name: one.in_parts for name, one in found.items()}
        pulls = {name: _largest_pull(one, draws.estimates.get(name)) for name, one in found.items()}
        worst = max(pulls, key=lambda name: pulls[name])
        text = f"raw and improved correlators differ by at most {pulls[worst]:.1f} errors ({worst})"
        text += _resolution(
            {name: (one, draws.estimates[name].in_parts) for name, one in found.items() if name in draws.estimates}
        )
        advice = (
            "the draws do not follow the density, or the action is not differentiable; try another sampler, and "
            "`nnft diagnose` to see where"
        )
        good = pulls[worst] < MAX_PULL
        return Outcome(Verdict.of(self.name, pulls[worst], MAX_PULL, text, good=good, advice=advice))


def _largest_pull(difference: Estimate, quoted: Estimate | None) -> float:
    """The largest difference of the components in its errors."""
    size = np.abs(difference.value)
    known = 0.0 if quoted is None else ROUNDING * np.max(np.abs(quoted.value), initial=0.0)
    without = np.where(size > known, np.inf, 0.0)
    return float(np.max(np.divide(size, difference.error, out=without, where=difference.error > 0), initial=0.0))


def _resolution(pairs: dict[str, tuple[Estimate, Estimate]]) -> str:
    """How far the quoted values are confirmed, where that is far less than their errors claim."""
    coarsest, ratio = "", COARSE
    for name, (difference, quoted) in pairs.items():
        error, claimed = np.ravel(difference.in_parts.error), np.ravel(quoted.in_parts.error)
        shares = np.divide(error, claimed, out=np.where(error > 0, np.inf, 0.0), where=claimed > 0)
        if shares.size and np.max(shares) > ratio:
            at = int(np.argmax(shares))
            ratio = float(shares[at])
            claim = f"{ratio:.0f} times its quoted error" if np.isfinite(ratio) else "while it is quoted without error"
            coarsest = f"; the comparison has an error of {error[at]:.2g} for {name}, {claim}"
    return coarsest
