"""What the samplers of a run are given: one theory, in the coordinates that suit each of them."""

from dataclasses import dataclass

from nnft_ppl.identities import Improvement, measure_improved
from nnft_ppl.reference import Reference, tilted, with_proposal
from nnft_ppl.samplers import SAMPLERS
from nnft_ppl.target import Target
from nnft_ppl.theory import Theory

IN_OWN_COORDINATES = {"tempered", "mixed", "stock-hmc", "stock-nuts"}
"""Samplers that never see a reference: one whose way leads through the couplings from the free theory, one of discrete
sites, and those that are there to be compared with."""


@dataclass(frozen=True)
class Targets:
    """The targets of a theory; all measure the same, raw and improved."""

    improvement: Improvement
    reference: Reference | None
    bare: Target
    """In the theory's own coordinates, with free draws."""
    draws: Target
    """The same, with the best independent draws that are known."""
    chains: Target
    """In the coordinates of the reference, where its map is the same everywhere."""

    @classmethod
    def of(cls, theory: Theory, improvement: Improvement, reference: Reference | None = None) -> "Targets":
        """The targets of a theory.

        Args:
            theory: What is sampled.
            improvement: Its improved estimators.
            reference: None for N(0, I).
        """
        if reference is not None:
            improvement = improvement.with_reference(reference)
        bare = measure_improved(theory.target(), improvement)
        draws = measure_improved(theory.target(), improvement, controls=True) if improvement.controlled else bare
        if reference is None:
            return cls(improvement, None, bare, draws, bare)
        # A root for every force takes more than shorter trajectories save: 12 ms against .7 in a box of side 16.
        chains = tilted(bare, reference) if reference.gaussian.fixed else bare
        return cls(improvement, reference, bare, with_proposal(draws, reference), chains)

    @property
    def constants(self) -> dict[str, float]:
        """The constants of the reference, by field; none without one."""
        if self.reference is None:
            return {}
        return dict(zip(self.reference.gaussian.names, map(float, self.reference.constants), strict=True))

    def of_sampler(self, name: str, *, modes: bool) -> Target:
        """What a sampler is given.

        Args:
            name: Its name.
            modes: Whether it is told modes, which are places in the theory's own coordinates.
        """
        if name == "reweight":
            return self.draws
        return self.bare if modes or name not in SAMPLERS or name in IN_OWN_COORDINATES else self.chains
