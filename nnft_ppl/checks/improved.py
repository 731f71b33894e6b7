"""Raw against improved correlators: their difference is zero on average, by an identity of the density."""

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.statistics import MAX_PULL, Verdict, estimate


class ImprovedAgainstRaw(Check):
    """Whether raw and improved correlators agree, draw by draw."""

    name = "improved"
    title = "raw and improved correlators"
    threshold = MAX_PULL

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there are improved observables."""
        return bool(draws.improved)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest difference in its errors."""
        differences = {name: draws.observables[name] - series for name, series in draws.improved.items()}
        pulls = {}
        for name, one in estimate(differences, None, draws.log_weights, independent=draws.kind.independent).items():
            pull = np.divide(np.abs(one.value), one.error, out=np.zeros_like(one.error), where=one.error > 0)
            pulls[name] = float(np.max(pull, initial=0.0))
        worst = max(pulls, key=lambda name: pulls[name])
        text = f"raw and improved correlators differ by at most {pulls[worst]:.1f} errors ({worst})"
        advice = "the draws do not have this density; try another sampler, and `nnft diagnose` to see where"
        good = pulls[worst] < MAX_PULL
        return Outcome(Verdict.of(self.name, pulls[worst], MAX_PULL, text, good=good, advice=advice))
