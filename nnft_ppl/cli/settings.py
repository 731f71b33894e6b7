"""What `--set`, `--scan` and `--grid` say of a model's keywords, and `--times` of a check."""

import argparse
import ast
from collections.abc import Sequence
from typing import Any


def keywords_of(settings: Sequence[str], option: str = "--set", example: str = "coupling=0.5") -> dict[str, Any]:
    """`name=value` words as keywords; a value is a Python literal, or else a string.

    Args:
        settings: The words.
        option: What they stand behind, for messages.
        example: One of them.

    Raises:
        ValueError: For a word without `=`, or a name given twice.

    Example:
        >>> keywords_of(["width=64", "amplitude=pair"])
        {'width': 64, 'amplitude': 'pair'}
    """
    return {name: _literal(text) for name, text in _pairs(option, settings, "name=value", example).items()}


def scans_of(settings: Sequence[str], option: str = "--scan") -> dict[str, list]:
    """`name=v1,v2,...` words as lists of values.

    Args:
        settings: The words.
        option: What they stand behind, for messages.

    Raises:
        ValueError: For a word without `=`, a name given twice, or a value that is missing.

    Example:
        >>> scans_of(["width=4,8,16", "amplitude=pair,gaussian"])
        {'width': [4, 8, 16], 'amplitude': ['pair', 'gaussian']}
    """
    scans = {}
    for name, text in _pairs(option, settings, "name=v1,v2,...", "width=4,8,16").items():
        # Python's own reading first: a list in brackets holds what it holds.
        whole = _literal(text)
        parts = list(whole) if isinstance(whole, list | tuple) else [_literal(part.strip()) for part in text.split(",")]
        if "" in parts:
            raise ValueError(f"{option} {name}={text}: a value is missing; for instance {option} width=4,8,16")
        scans[name] = parts
    return scans


def until_of(settings: Sequence[str]) -> dict[str, str] | None:
    """`NAME=ERROR` words behind `--until`, an entry of the quantity perhaps in brackets behind its name.

    Args:
        settings: The words; None is returned where there are none.

    Raises:
        ValueError: For a word without `=`, or a name given twice.

    Example:
        >>> until_of(["two_point[separation=1]=1%", "phi_squared=0.002"])
        {'two_point[separation=1]': '1%', 'phi_squared': '0.002'}
    """
    found: dict[str, str] = {}
    for word in settings:
        name, equals, amount = word.rpartition("=")
        if not equals or not name or "]" in amount:
            raise ValueError(f"--until takes NAME=ERROR, not {word!r}: for instance --until two_point=1%")
        if name in found:
            raise ValueError(f"--until gives {name!r} twice: leave one of them out")
        found[name] = amount
    return found or None


def _pairs(option: str, settings: Sequence[str], form: str, example: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in settings:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"{option} takes {form}, not {word!r}: for instance {option} {example}")
        if name in pairs:
            raise ValueError(f"{option} gives {name!r} twice: leave one of them out")
        pairs[name] = text
    return pairs


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return float(text) if text in ("inf", "nan") else text


def times_of(text: str) -> list[float]:
    """The argument of `--times`, numbers with commas between them.

    Args:
        text: As it was written.

    Raises:
        argparse.ArgumentTypeError: For anything else.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes times such as 0.25,0.5, not {text!r}") from None
