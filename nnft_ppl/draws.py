"""The three kinds of draws that a sampler can make, and the statistics that each must bring."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the draws of a sampler are; its blocks say so, and everything after them goes by that word."""

    CHAINS = "chains"
    """Markov chains, each draw of the density itself: neighbours are correlated."""
    FREE = "free"
    """Independent draws of the free theory, each with the weight e^{−S}, or of another proposal, with its weight."""
    POPULATIONS = "populations"
    """Weighted populations, one per chain and block: draws of one population share its weight, and may be related."""

    @property
    def independent(self) -> bool:
        """Whether every draw, with its weight, is independent of all others."""
        return self is Kind.FREE

    @property
    def weighted(self) -> bool:
        """Whether averages need the statistic `log_weight`."""
        return self is not Kind.CHAINS


NEEDED = {
    Kind.CHAINS: {"diverging": "whether a transition diverged; False where none can"},
    Kind.FREE: {"log_weight": "−S of a free draw"},
    Kind.POPULATIONS: {
        "log_weight": "ln Z/Z_free of the draw's population",
        "population": "the number of the draw's population in its chain",
        "diverging": "whether a transition diverged; False where none can",
    },
}
"""Statistics that every draw of a kind must have, with ArviZ's names."""


class KindError(ValueError):
    """Draws that are not what they are said to be; the text says what is missing, or too much."""


def check_statistics(kind: Any, stats: Mapping[str, Any]) -> None:
    """Refuse draws that have not the statistics that their kind needs.

    Args:
        kind: What a block says of its draws.
        stats: Its statistics, arrays of shape (chain, draw), by name.

    Raises:
        KindError: If one is missing, or too much.
    """
    if kind not in tuple(Kind):
        raise KindError(f"a block's kind is one of {', '.join(Kind)}, not {kind!r}")
    kind = Kind(kind)
    for name, meaning in NEEDED[kind].items():
        if name not in stats:
            there = ", ".join(sorted(stats)) or "none"
            raise KindError(f"draws of kind {kind.value!r} need the statistic {name!r} ({meaning}); there are {there}")
    if not kind.weighted and "log_weight" in stats:
        raise KindError(
            f"draws of kind {kind.value!r} carry no weights, but there is the statistic 'log_weight': say kind "
            f"{Kind.FREE.value!r} or {Kind.POPULATIONS.value!r}, or leave it out"
        )


def refuse_controls(kind: Kind) -> None:
    """Refuse control variates whose mean is that of the prior of the features, where draws have another law.

    Args:
        kind: What the draws are.

    Raises:
        KindError: If they are not independent draws.
    """
    if kind is not Kind.FREE:
        raise KindError(
            f"draws of kind {str(kind)!r} have control variates whose mean is known for independent draws only: a "
            "sampler of other draws measures what its own target measures"
        )
