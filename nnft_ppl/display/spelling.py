"""Words for people: the nearest known one, an error's, several in a row."""

import difflib
import traceback
from collections.abc import Iterable, Sequence


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to append to a complaint, or nothing where no known word is near.

    Example:
        >>> did_you_mean("rewieght", ["hmc", "reweight"])
        "; did you mean 'reweight'?"
    """
    lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"; did you mean {lower[near[0]]!r}?" if near else ""


def error_words(error: Exception) -> str:
    """An error's type and first line as Python prints them, with the near name that Python knows of.

    Example:
        >>> try:
        ...     (1.0).reel
        ... except AttributeError as error:
        ...     error_words(error)
        "AttributeError: 'float' object has no attribute 'reel'. Did you mean: 'real'?"
    """
    if isinstance(error, NameError | AttributeError | ImportError):
        return next(traceback.TracebackException.from_exception(error).format_exception_only()).splitlines()[0]
    words = str(error).strip().splitlines() or [type(error).__name__]
    return f"{type(error).__name__}: {words[0]}"


def in_a_row(words: Sequence[str]) -> str:
    """Words with commas, and "and" before the last.

    Example:
        >>> in_a_row(["score", "Jacobian", "flux"])
        'score, Jacobian and flux'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
