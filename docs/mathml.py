"""Formulas as MathML, made while the pages are built: nothing is fetched to read them, and no script runs.

A formula that math-core cannot read is a warning, and so ends `make docs`.
"""

import re
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging

CONVERTER = LatexToMathML(annotation=True, fancy_error=False)  # what was written goes along, to be copied
LOG = logging.getLogger(__name__)


def mathml(latex: str, *, block: bool) -> str:
    r"""A formula in LaTeX as a `<math>` element.

    Example:
        >>> mathml(r"\frac12", block=False).partition("<mfrac>")[2].partition("</mfrac>")[0]
        '<mn>1</mn><mn>2</mn>'
    """
    formula = CONVERTER.convert_with_local_state(latex, displaystyle=block)
    return re.sub(r"(<msu[bp](?:sup)?>)(<mo minsize[^<]*</mo>)", r"\1<mrow>\2</mrow>", formula)  # else it stays small


def _visit(self: Any, node: nodes.Element) -> None:
    latex = node.astext()
    try:
        formula = mathml(latex, block=isinstance(node, nodes.math_block))
    except LatexError as error:
        LOG.warning("formula %r: %s", latex, error, location=node)
        formula = f"<code>{self.encode(latex)}</code>"
    tag = "div" if isinstance(node, nodes.math_block) else "span"
    self.body.append(f'<{tag} class="math notranslate nohighlight">{formula}</{tag}>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(_visit, None), block_renderers=(_visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
