"""Small pieces of HTML for notebooks, in the notebook's own colours."""

from collections.abc import Iterable, Sequence
from html import escape

COLOURS = {"good": "#2e8b57", "failed": "#d0413a", "unavailable": "#b8860b"}
MARKS = {"good": "✓", "failed": "✗", "unavailable": "–"}


def paragraph(words: str, status: str = "") -> str:
    """A line of text in bold, with a status behind it if there is one."""
    mark = f' <span style="color:{COLOURS[status]}">{MARKS[status]} {status}</span>' if status else ""
    return f"<p><b>{escape(words)}</b>{mark}</p>"


def marked(lines: Iterable[tuple[str, str]]) -> str:
    """Lines of (status, text), each behind its mark."""
    items = [
        f'<div><span style="color:{COLOURS[status]};display:inline-block;width:1.4em">{MARKS[status]}</span>'
        f"{escape(text)}</div>"
        for status, text in lines
    ]
    return "".join(items)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A table whose first columns, `words` of them, are text, the others numbers."""

    def row(cells: Sequence[str], tag: str) -> str:
        aligned = [
            f'<{tag} style="text-align:{"left" if column < words else "right"}">{escape(cell)}</{tag}>'
            for column, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(aligned)}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(headings, 'th')}</thead><tbody>{body}</tbody></table>"
