"""What is built is read offline: a page that loads anything from elsewhere is a warning, and so ends `make docs`."""

import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

LOG = logging.getLogger(__name__)
LOADING = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc\s*=\s*["']?((?:https?:)?//[^"'\s>]+)
    | <link\b[^>]*?\bhref\s*=\s*["']?((?:https?:)?//[^"'\s>]+)
    | (?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def loaded_from_elsewhere(page: str) -> list[str]:
    """Addresses that a page or a style sheet loads something from; links that a reader may follow are none.

    Example:
        >>> loaded_from_elsewhere('<a href="https://a.org">A</a> <script defer src="https://b.org/c.js"></script>')
        ['https://b.org/c.js']
        >>> loaded_from_elsewhere('<link rel="stylesheet" href="//b.org/c.css"/> <img src="c.png">')
        ['//b.org/c.css']
        >>> loaded_from_elsewhere('@font-face {src: url("https://b.org/c.woff2"), url("c.woff2")}')
        ['https://b.org/c.woff2']
    """
    return ["".join(found) for found in LOADING.findall(page)]


def _check(app: Any, exception: Exception | None) -> None:
    if exception is None:
        for path in sorted(Path(app.outdir).rglob("*")):
            if path.suffix in (".html", ".css"):
                for address in loaded_from_elsewhere(path.read_text("utf-8")):
                    LOG.warning("%s loads %s", path.name, address)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True}
