"""Small pieces of HTML for notebooks, in the notebook's own colours."""

from collections.abc import Iterable, Sequence
from html import escape

from nnft_ppl.display.marks import STATUSES


def paragraph(words: str, status: str = "") -> str:
    """A line of text in bold, with a status behind it if there is one."""
    behind = ""
    if status:
        mark = STATUSES[status]
        behind = f' <span style="color:{mark.colour}">{mark.sign} {status}</span>'
    return f"<p><b>{escape(words)}</b>{behind}</p>"


def mark_lines(lines: Iterable[tuple[str, str]]) -> str:
    """Lines of (status, text), each behind its mark."""
    items = [
        f'<div><span style="color:{mark.colour};display:inline-block;width:1.4em">{mark.sign}</span>'
        f'<span style="display:inline-block;vertical-align:top;white-space:pre-line">{escape(text)}</span></div>'
        for mark, text in ((STATUSES[status], text) for status, text in lines)
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
