"""Sphinx: MyST pages, the theme furo, formulas as MathML (`mathml`), docstrings as written (`plain_docstrings`)."""

import os
import re
import shutil
import sys
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # reading docstrings needs no accelerator

# Sphinx reads what lies below its own folder only: the examples' notebooks are copied there, with their outputs.
(HERE / "examples").mkdir(exist_ok=True)
for notebook in (HERE.parent / "examples").glob("*.ipynb"):
    shutil.copy(notebook, HERE / "examples")

project = "nnft_ppl"
author = "the nnft_ppl developers"
project_copyright = author
version = release = version_of("nnft-ppl")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "offline", "plain_docstrings"]
exclude_patterns = ["_build"]

# Pages are read in a plain Markdown viewer, too: formulas between dollars, links by relative path and heading.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
# Pages' code is run by tests/test_docs.py, all of it; the build runs nothing.
nb_execution_mode = "off"

# What is built is read offline: no page loads anything from elsewhere.
html_math_renderer = "mathml"

html_theme = "furo"
MATH_FONT = Path(str(find_spec("ziamath").origin)).parent / "fonts/STIXTwoMath-Regular.ttf"  # pages.css names it
html_static_path = ["_static", str(MATH_FONT)]
html_css_files = ["pages.css"]
html_title = f"nnft_ppl {version}"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "special-members": "__call__", "no-value": True}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autoclass_content = "both"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "returns_style")]


def _links_to_copies(app: Any, docname: str, content: list[str]) -> None:
    """Links to the examples' notebooks lead to the copies."""
    content[0] = re.sub(r"\]\(\.\./((?:\.\./)?examples/\w+\.ipynb)", r"](\1", content[0])


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _links_to_copies)
