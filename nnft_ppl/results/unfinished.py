"""What a result says that was cut short: how far it got, and what goes on with it."""

from nnft_ppl.results.provenance import Provenance

LEFT_OUT = ": not available, interrupted"
"""End of the verdict on a check that an interruption left out, behind its name."""


def unfinished_words(about: Provenance, usual: int) -> str:
    """How far a run got that did not do all that was asked for, in words; empty for one that did.

    Args:
        about: What its result says of itself.
        usual: Draws per chain where no number was asked for.
    """
    if about.whole and not about.interrupted:
        return ""
    made, wanted = about.sampler.draws, about.sampler.draws_asked or usual
    why = "interrupted" if about.interrupted else "time was up"
    if about.sampler.until:
        errors = ", ".join(f"{name}={error}" for name, error in about.sampler.until.items())
        return f"{why}: errors were asked for, {errors}, and {made} draws per chain are made; the same command goes on"
    if made < wanted:
        return f"{why}: {wanted} draws per chain were asked for, {made} are made; the same command goes on from there"
    left = [one.text.removesuffix(LEFT_OUT) for one in about.verdicts if one.text.endswith(LEFT_OUT)]
    if left:
        return f"{why}: the draws are complete, but not made: {', '.join(left)}; the same command makes up for it"
    return f"{why}: more than {made} draws per chain, or a stronger sampler, were to come; the same command goes on"
