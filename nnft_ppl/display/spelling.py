"""The nearest known word to one that is not known."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to append to a complaint, or nothing where no known word is near.

    Example:
        >>> did_you_mean("rewieght", ["hmc", "reweight"])
        "; did you mean 'reweight'?"
    """
    lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"; did you mean {lower[near[0]]!r}?" if near else ""
