"""What improved estimators give, beside what a target measures."""

from dataclasses import replace
from typing import Any

from nnft_ppl.identities.frame import Frame
from nnft_ppl.identities.improved import Improvement
from nnft_ppl.target import Position, Proposal, Target


def measure_improved(target: Target, improvement: Improvement, *, controls: bool = False) -> Target:
    """The target, which measures improved observables beside the raw ones: `{..., "improved": improvement(z)}`.

    Args:
        target: What is sampled.
        improvement: Which observables are improved; with none, the target comes back as it is.
        controls: Whether `control` is measured, too: for independent draws, whose features have the prior's law.
    """
    if not improvement.names:
        return target

    def improved(position: Position, frame: Frame | None = None) -> dict[str, Any]:
        return improvement.with_controls(position, frame) if controls else {"improved": improvement(position, frame)}

    def measure(position: Position) -> dict[str, Any]:
        return target.measure(position) | improved(position)

    def measure_proposal(proposal: Proposal) -> dict[str, Any]:
        return target.measure(proposal.position) | improved(proposal.position, proposal.frame)

    return replace(target, measure=measure, measure_proposal=measure_proposal)
