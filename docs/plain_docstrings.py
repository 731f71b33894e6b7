"""Docstrings are written to be read in an editor; this turns them into what Sphinx wants.

* `|z|²`, `x*`, `b_i` mean themselves: reStructuredText's own use of bars, stars and underscores is switched off.
* An indented block is shown as it stands, formulas in columns included.
* `$...$` and `$$...$$` are formulas, `one backtick` is code.
* `Source: ...` at the end is a section, `docs/NAME.md` a link to that page.
"""

import inspect
import re
from collections.abc import Iterable
from typing import Any

SECTIONS = {"Args:", "Attributes:", "Example:", "Raises:", "Returns:", "Source:", "Yields:"}
ANSWERS = {"Returns:", "Source:", "Yields:"}
COLON = "\ue000"
"""Stands for a colon while napoleon is at work, which takes words before it for a type."""
LITERAL = re.compile(r"(``.+?``|`[^`]+`|\$[^$]+\$)")


def plain(lines: Iterable[str]) -> list[str]:
    r"""The lines of a docstring as reStructuredText with Google's sections.

    Example:
        >>> print(*plain(["The norm |z|² of `z`:", "", "    |z|² = Σ z_i²"]), sep="/")
        The norm \|z\|² of ``z``://:://    |z|² = Σ z_i²
    """
    found: list[str] = []
    section, formula = "", False
    for line in _joined(lines):
        text = line.strip()
        if line[:1].strip():  # at the margin
            section, formula = text if text in SECTIONS else "", False
        elif text and not section and not formula and (not found or not found[-1]):
            formula = True
            found += ["::", ""]
        if formula or text.startswith(">>>") or (section and _printed(found)):
            found.append(line)
        elif match := re.fullmatch(r"\$\$(.*)\$\$", text, re.DOTALL):
            found += [".. math::", "", f"   {' '.join(match[1].split())}", ""]
        elif match := re.fullmatch(r"Source: (.*)", line):
            found += ["Source:", f"    {_inline(match[1])}".replace(":", COLON)]
            section = "Source:"
        elif text in SECTIONS:
            found.append(line)
        else:
            found.append(_inline(line).replace(":", COLON) if section in ANSWERS else _inline(line))
    return found


def _joined(lines: Iterable[str]) -> list[str]:
    """The lines, with a displayed formula of several lines, and a source, put on one."""
    found: list[str] = []
    for line in lines:
        unfinished = found and found[-1].lstrip().startswith("$$") and found[-1].count("$$") == 1
        source = found and found[-1].startswith("Source: ") and line.strip()
        if unfinished or source:
            found[-1] += " " + line.strip()
        else:
            found.append(line)
    return found


def _printed(found: list[str]) -> bool:
    """Whether the next line is what an example prints, or goes on with it."""
    return bool(found) and (found[-1].lstrip().startswith((">>>", "...")))


def _inline(line: str) -> str:
    """One line with its code and formulas marked, and all else meaning itself."""
    if item := re.match(r"\s*\* ", line):
        return item[0] + _inline(line[item.end() :])
    parts = LITERAL.split(line)
    for place, part in enumerate(parts):
        if place % 2 == 0:
            pages = re.split(r"docs/([\w/]+)\.md", part)
            pages[::2] = [re.sub(r"([\\|*]|_(?!\w))", r"\\\1", words) for words in pages[::2]]
            pages[1::2] = [f":doc:`/{page}`" for page in pages[1::2]]
            parts[place] = "".join(pages)
        elif part.startswith("$"):
            parts[place] = f":math:`{part.strip('$')}`"
        elif not part.startswith("``"):
            parts[place] = f"`{part}`"
    return "".join(parts)


def _before_napoleon(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    if what == "data" and lines and "\n".join(lines).strip() == (inspect.getdoc(type(owner)) or "").strip():
        lines[:] = []  # a constant that is offered elsewhere has but its type's words
    # What a NamedTuple says of itself says nothing.
    lines[:] = plain(line for line in lines if not line.startswith("Create new instance of "))
    if what in ("attribute", "data", "property") and lines:
        lines[0] = lines[0].replace(":", COLON)


def _after_napoleon(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line.replace(COLON, ":") for line in lines]


def _skip(app: Any, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:  # noqa: FBT001
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _before_napoleon, priority=100)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=900)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
