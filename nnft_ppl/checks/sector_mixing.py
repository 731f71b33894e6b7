"""Whether chains move between the sectors that a discrete site labels."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import looked_at
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Verdict
from nnft_ppl.theory import Theory

ROUND_TRIPS = 10
"""Of all chains together, below which the shares of the sectors are not known."""
RARE = 0.01
"""A side of the mean with a smaller share of the draws is seldom visited because it is light."""
DRAWS = 1000
"""Draws per chain that are looked at, at most."""


class SectorMixing(Check):
    """Round trips of each discrete site's sum of values between below and above its mean, in all chains.

    R̂ says little here: of chains that all began in one sector and stayed there it is 1, and of rare sectors it is 1 as
    long as no chain is in one.
    """

    name = "sector_mixing"
    title = "mixing of sectors"
    threshold = ROUND_TRIPS
    cheap = False

    def measurement(self, theory: Theory) -> Measurement | None:
        """The sum of every discrete site's levels, and of their squares; None without discrete sites.

        Args:
            theory: What is sampled.
        """
        if (discrete := theory.target().discrete) is None:
            return None

        def labels(position: Array) -> dict[str, Array]:
            point = discrete.point(position)
            levels = [point[theory.groups[name]] for name in discrete.sites]
            return {"label": jnp.stack([jnp.stack([jnp.sum(one), jnp.sum(one**2)]) for one in levels])}

        return Measurement(labels, {"label": ("site", "power")}, {"site": list(discrete.sites)}, draws=DRAWS)

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there are discrete sites; of free draws where their levels may weigh more than the prior says."""
        acts = draws.kind is Kind.CHAINS or bool(draws.theory and draws.theory.action_terms)
        return super().applies(draws) and acts and bool(draws.theory and draws.theory.discrete)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The fewest round trips.

        Raises:
            ValueError: If too few draws were looked at.
        """
        measured = looked_at(draws)
        sums, names = measured["label"].values, [str(name) for name in measured["site"].values]
        # A sum that every draw shares may be one that all moves keep, such as the charge of a neutral gas.
        labels = np.where(np.ptp(sums[..., 0], axis=(0, 1)) > 0, sums[..., 0], sums[..., 1])
        trips = dict(zip(names, map(int, round_trips(labels)), strict=True))
        above = np.mean(labels > np.mean(labels, axis=(0, 1)), axis=(0, 1))
        share = dict(zip(names, map(float, np.minimum(above, 1 - above)), strict=True))
        still = [name for name in names if np.ptp(labels[..., names.index(name)]) == 0]
        found = {"round_trips": trips, "rarer_side": share}
        moving = {name: count for name, count in trips.items() if name not in still}
        quiet = f"{', '.join(still)} never changed: other sectors are light, or were not reached" if still else ""
        if draws.kind is not Kind.CHAINS:
            if quiet:
                text = f"{self.title}: in all free draws {quiet}, whatever they weigh; use --sampler mixed"
                return Outcome(Verdict(self.name, "warning", 0.0, ROUND_TRIPS, text), found)
            text = f"{self.title}: every discrete site changes from draw to draw"
            return Outcome(Verdict(self.name, "good", None, ROUND_TRIPS, text), found)
        if not moving:
            return Outcome(Verdict(self.name, "warning", 0.0, ROUND_TRIPS, f"{self.title}: {quiet}"), found)
        worst = min(moving, key=lambda name: (moving[name], share[name]))
        text = f"{self.title}: at least {moving[worst]} round trips between sectors ({worst})"
        text += f"; {quiet}" if quiet else ""
        good = moving[worst] >= ROUND_TRIPS
        if quiet or (not good and share[worst] <= RARE):
            return Outcome(Verdict(self.name, "warning", moving[worst], ROUND_TRIPS, text), found)
        advice = "the shares of the sectors are not known; run longer, or let moves change the sector alone"
        return Outcome(Verdict.of(self.name, moving[worst], ROUND_TRIPS, text, good=good, advice=advice), found)


def round_trips(labels: np.ndarray) -> np.ndarray:
    """Round trips of each label between below and above its mean, all chains together, shape (site,).

    Args:
        labels: Shape (chain, draw, site).

    Example:
        >>> round_trips(np.array([[[0], [1], [0], [1], [1], [0]]]))
        array([2])
    """
    above = labels > np.mean(labels, axis=(0, 1))
    return np.sum(np.sum(above[:, 1:] != above[:, :-1], axis=1) // 2, axis=0)
