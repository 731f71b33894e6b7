"""What `nnft verify` found of models, in sentences: written with the gallery, read by `nnft list --long`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

RECORD = "verified.json"
"""Name of the file that holds it, beside the pictures of a gallery."""


class Verified(NamedTuple):
    """One theory."""

    source_sha256: str
    """Of the model file that was verified."""
    sentences: list[str]
    """How it agreed, and what was rejected."""


def write_record(folder: Path, found: Mapping[str, Verified]) -> None:
    """Write what was found of some models, by name.

    Args:
        folder: Where.
        found: By name of the model.
    """
    text = json.dumps({name: one._asdict() for name, one in found.items()}, ensure_ascii=False, indent=1)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")


def shipped_record() -> dict[str, Verified]:
    """What was found of the models that come with the package, by name; empty where nothing was written down."""
    package = Path(__file__).parents[1]
    # Inside the installed package, or with the gallery of a checkout.
    places = (package / RECORD, package.parent / "docs/gallery" / RECORD)
    path = next((place for place in places if place.is_file()), None)
    read = json.loads(path.read_text(encoding="utf-8")) if path else {}
    return {name: Verified(**one) for name, one in read.items()}
