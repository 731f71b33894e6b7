"""Names under which a run is stored: of sites, plates, terms and fields; what can be stored side by side."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Set
from typing import Any

from nnft_ppl.theory.errors import ModelError

RESERVED = {"chain", "draw"}
"""Dimensions of every stored series: nothing else may have these names."""


def label_of(name: str) -> str:
    """The stored form of a site's name: it matches `[a-z_][a-z0-9_.]*`, which every file format takes.

    Letters of other alphabets are spelt out by their Unicode names; whatever is no letter or digit becomes a dot.

    Args:
        name: NumPyro's name of the site.

    Example:
        >>> label_of("net/layers[0].weight"), label_of("φ_0")
        ('net.layers.0.weight', 'phi_0')
    """
    spelt = "".join(map(_spelt, unicodedata.normalize("NFKD", name.lower())))
    label = re.sub(r"[^a-z0-9_]+", ".", spelt).strip(".")
    return label if re.match(r"[a-z_]", label) else f"_{label}"


def labels_of(what: str, names: Iterable[str]) -> list[str]:
    """The stored forms of several names, each once.

    Args:
        what: What they name, for the complaint.
        names: The names.

    Raises:
        ModelError: If two of them are stored under one name.
    """
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(label_of(name), name)) != name:
            raise ModelError(
                f"two {what} are stored as {label_of(name)!r}, {other!r} and {name!r}: names must differ in lower case"
            )
    return list(seen)


def refuse_reserved(what: str, name: str) -> None:
    """Raise `ModelError` for a name that is one of the dimensions of every stored series.

    Args:
        what: What it names, for the complaint.
        name: NumPyro's name, or its stored form.
    """
    if label_of(name) in RESERVED:
        raise ModelError(
            f"{what} {name!r} is stored as {label_of(name)!r}, the name of a dimension of every result: give it another"
        )


def refuse_shared(sites: Mapping[str, Any], dims: Set[str]) -> None:
    """Raise `ModelError` for a site that is stored under the name of a plate or another dimension.

    Args:
        sites: The sites by their stored names.
        dims: Names of their dimensions.
    """
    if shared := sorted(sites.keys() & dims):
        raise ModelError(
            f"site {shared[0]!r} has the name of a plate (or of a dimension), and a result holds one thing of that "
            "name: rename the site or the plate"
        )


def _spelt(character: str) -> str:
    """A character in the letters of ASCII, if it is a letter; the marks of accents are dropped."""
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    if not character.isalpha():
        return "."
    name = unicodedata.name(character, f"u{ord(character):x}").lower()
    # "GREEK SMALL LETTER FINAL SIGMA" -> final_sigma
    name = re.sub(r"[^a-z0-9]+", "_", name.rpartition(" letter ")[2] or name)
    return "lambda" if name == "lamda" else name  # Unicode's own spelling
