"""Terms of the action that are no number on free draws: which they are, and where the model adds them."""

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.theory.theory import Theory

DRAWS = 64
"""Free draws that are looked at."""


def undefined_terms(theory: Theory) -> str:
    """Terms of the action that are NaN or −∞ on some free draws, or +∞ on all of them, in words; empty without any.

    A term that is +∞ on some draws is a wall, which is allowed.

    Args:
        theory: Any theory.

    Example:
        >>> undefined_terms(load("bad.py"))  # doctest: +SKIP
        "the action term 'well' (bad.py:10) is NaN on 64 of 64 free draws"
    """
    lines: dict[str, str] = {}

    def terms(key: Array) -> dict[str, Array]:
        reading = theory.at(theory.free_draw(key))
        lines.update(reading.lines)
        return reading.action_terms

    values = jax.jit(lambda keys: jax.lax.map(terms, keys))(jax.random.split(jax.random.key(0), DRAWS))
    found = [_words(term_with_line(name, lines), np.asarray(value)) for name, value in values.items()]
    return "; ".join(words for words in found if words)


def term_with_line(name: str, lines: dict[str, str]) -> str:
    """A term of the action with its place in the model, `'well' (bad.py:10)`.

    Args:
        name: Its name.
        lines: `FILE:LINE` by name; empty where it is not known.
    """
    return f"{name!r} ({lines[name]})" if lines.get(name) else repr(name)


def _words(term: str, values: np.ndarray) -> str:
    for kind, bad in (("NaN", np.isnan(values)), ("−∞", np.isneginf(values))):
        if bad.any():
            return f"the action term {term} is {kind} on {bad.sum()} of {DRAWS} free draws"
    return f"the action term {term} is infinite on all of {DRAWS} free draws" if np.isposinf(values).all() else ""
