"""What the pilot of a run chooses."""

from nnft_ppl.identities import Improvement
from nnft_ppl.runs.auto import Pilot
from nnft_ppl.runs.targets import Targets


def choice_of(theory, settings, *, bare=False):
    """The choice, and the targets that it was made with."""
    return Pilot(theory, Targets.of(theory, Improvement(theory)), settings, bare=bare).choose()


def choice_of_target(target, settings):
    """The choice for a target without a theory, for which no reference is looked for."""
    return Pilot(None, Targets(None, None, target, target, target), settings, bare=True).choose()[0]
