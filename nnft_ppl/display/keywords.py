"""Keywords of a model in a few words: `phi4(width=64, centres=array(3×2, [0.1, 0.2, …]))`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SHOWN = 4
"""Lists and arrays of so many numbers are written out."""
BEGINNING = 2
"""Of longer ones so many are."""


def model_call(model: str, keywords: Mapping[str, Any]) -> str:
    """A model with its keywords: `name(keyword=value, ...)`.

    Args:
        model: Its name.
        keywords: By name, as they are recorded (`nnft_ppl.theory.record`).
    """
    return f"{model}({', '.join(f'{name}={keyword_words(value)}' for name, value in keywords.items())})"


def keyword_words(recorded: Any) -> str:
    """A keyword in a few words: an array by its shape and first numbers, a function by its name.

    Args:
        recorded: Plain JSON, as keywords are recorded.

    Example:
        >>> keyword_words({"array": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "dtype": "float64"})
        'array(3×2, [0.1, 0.2, …])'
        >>> keyword_words({"array": [1000, 3], "dtype": "float32", "sha256": "5e88"})
        'array(1000×3, float32)'
        >>> keyword_words([1, 2, 3]), keyword_words("pair"), keyword_words({"complex": [1.0, -2.0]})
        ('[1, 2, 3]', 'pair', '1-2j')
    """
    match recorded:
        case {"array": shape, "dtype": dtype, "sha256": _}:
            return f"array({_sides(shape)}, {dtype})"
        case {"array": list(entries), "dtype": _}:
            numbers = list(_flat(entries))
            if len(numbers) <= SHOWN:
                return f"array({_nested(entries)})"
            return f"array({_sides(_shape(entries))}, [{', '.join(map(_nested, numbers[:BEGINNING]))}, …])"
        case {"array": number, "dtype": _}:
            return _nested(number)
        case {"function": name, "sha256": _} | {"object": name, "sha256": _}:
            return str(name)
        case {"complex": [real, imaginary]}:
            return f"{float(real):g}{float(imaginary):+g}j"
        case list():
            if len(recorded) <= 2 * SHOWN:
                return f"[{', '.join(map(keyword_words, recorded))}]"
            return f"[{', '.join(map(keyword_words, recorded[:BEGINNING]))}, …: {len(recorded)} in all]"
        case Mapping():
            return f"{{{', '.join(f'{name}: {keyword_words(value)}' for name, value in recorded.items())}}}"
    return str(recorded)


def _sides(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape))


def _nested(entries: Any) -> str:
    """Entries of an array in brackets, to six digits: those of a float32 have no more."""
    if isinstance(entries, list):
        return f"[{', '.join(map(_nested, entries))}]"
    return str(float(f"{entries:.6g}")) if isinstance(entries, float) else keyword_words(entries)


def _shape(entries: Any) -> list[int]:
    return [len(entries), *_shape(entries[0])] if isinstance(entries, list) and entries else []


def _flat(entries: Any) -> Iterator[Any]:
    if not isinstance(entries, list):
        yield entries
        return
    for entry in entries:
        yield from _flat(entry)
