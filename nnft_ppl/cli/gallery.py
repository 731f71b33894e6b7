"""The gallery that `nnft verify` writes: of every theory its formula, pictures, pulls, and the fate of its control."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from nnft_ppl.cli.against import IDENTITY, Rejection, Row
from nnft_ppl.cli.formulas import formula_of
from nnft_ppl.cli.validation import called
from nnft_ppl.cli.verified import Verified, write_record
from nnft_ppl.report import gallery_pictures
from nnft_ppl.results import Ensemble
from nnft_ppl.theory import Theory

HEAD = """# Gallery

Every theory as `nnft verify --gallery {page}` found it: its formula, some drawn fields (colours tell draws apart), an
observable beside its exact values (dots: estimates with errors of one standard deviation; dashes, or a line: exact;
below: pulls, (estimate − exact)/error), the largest pulls, and what became of the control, which must be rejected.
`nnft list --long` prints the same without the pictures.
"""
VALUES = ("exact value", "exact values")
IDENTITIES = ("Schwinger–Dyson identity", "Schwinger–Dyson identities")


class Gallery:
    """A Markdown page of theories, with a folder of its name beside it that holds the pictures and the record."""

    def __init__(self, page: str | Path) -> None:
        """Make the folder.

        Args:
            page: A file that ends in .md.

        Raises:
            ValueError: If the folder cannot be made.
        """
        self._page = Path(page)
        self._folder = self._page.with_suffix("")
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ValueError(f"--gallery {page}: no folder {str(self._folder)!r} for it: {error.strerror}") from error
        self._sections: list[str] = []
        self._topic = ""
        self._found: dict[str, Verified] = {}

    def add(self, theory: Theory, ensemble: Ensemble, rows: list[Row], rejection: Rejection | None) -> None:
        """Hang up one theory; its pictures are written at once.

        Args:
            theory: The theory.
            ensemble: A run of it, of which pictures are made.
            rows: All that was compared.
            rejection: What became of its control; None without one.
        """
        sentences = sentences_of(rows, rejection)
        self._found[theory.name] = Verified(theory.file.sha256, sentences)
        file = theory.file.path
        call = f"`{called(theory)}`"
        if file:
            call = f"[{call}]({Path(os.path.relpath(file, self._page.parent)).as_posix()})"
            if (topic := file.resolve().parent.name) != self._topic:
                self._sections.append(f"## {topic}\n")
                self._topic = topic
        formula = formula_of(theory.file.description)
        parts = [
            f"### {theory.name}\n",
            f"{theory.file.description.partition('\n')[0]}\n",
            f"```text\n{formula}\n```\n" if formula else "",
            f"{call}\n",
            self._pictures(theory.name, ensemble, [row for row in rows if row.sampler == rows[0].sampler]),
            "\n\n".join(sentences) + "\n",
        ]
        self._sections += filter(None, parts)

    def write(self, last: str) -> None:
        """Write the page and the record.

        Args:
            last: The last line of the page.
        """
        text = "\n".join([HEAD.format(page=self._page.as_posix()), *self._sections, f"{last}\n"])
        self._page.write_text(text, encoding="utf-8")
        write_record(self._folder, self._found)

    def _pictures(self, name: str, ensemble: Ensemble, rows: list[Row]) -> str:
        """Write the pictures, and show them in a line."""
        try:
            pictures = gallery_pictures(ensemble, [_pull(row) for row in rows])
        except Exception as error:  # whatever a field is made of: a picture is no reason to lose minutes of work
            Console(stderr=True).print(f"nnft: {name}: no pictures: {error}", highlight=False, markup=False)
            return ""
        shown = []
        for picture in pictures:
            file = self._folder / f"{name}.{picture.name}.svg"
            file.write_text(picture.svg, encoding="utf-8")
            shown.append(f"![{name}: {picture.words}]({self._folder.name}/{file.name})")
        return "\n".join(shown) + "\n" if shown else ""


def sentences_of(rows: Sequence[Row], rejection: Rejection | None) -> list[str]:
    """What was found of one theory, a sentence for its pulls and one for its control.

    Args:
        rows: All that was compared, by one or more samplers.
        rejection: What became of its control; None without one.
    """
    if rejection is None:
        return [_agreement(rows), "No control."]
    control = rejection.control
    return [_agreement(rows), f"Control: {control.words} (`{control.changed}`): {rejection.words}."]


def _agreement(rows: Sequence[Row]) -> str:
    if not rows:
        return "Nothing could be compared."
    samplers = list(dict.fromkeys(row.sampler for row in rows))
    count = sum(row.sampler == samplers[0] for row in rows)
    singular, plural = IDENTITIES if rows[0].observable == IDENTITY else VALUES
    largest = []
    for sampler in samplers:
        far = max((row for row in rows if row.sampler == sampler), key=lambda row: abs(row.pull))
        where = " ".join(filter(None, [far.observable if far.observable != IDENTITY else "", far.place]))
        largest.append(f"{far.pull:+.1f} by {sampler} ({where})")
    return f"{count} {singular if count == 1 else plural}; largest pull {', '.join(largest)}."


def _pull(row: Row) -> dict[str, object]:
    """A row in the words of the figure of pulls."""
    name = "" if row.observable == IDENTITY else row.observable
    return {"vector_field": name, "observable": row.place, "z": row.pull}
