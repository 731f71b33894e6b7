"""`nnft new`: a model file to begin with, which runs as it is."""

import argparse
import keyword
import sys
from pathlib import Path

TEMPLATE = Path(__file__).with_name("new_model.py")
"""A model file like any other."""
IMPORTED = {"arviz", "blackjax", "equinox", "jax", "jaxlib", "nnft", "nnft_ppl", "numpy", "numpyro", "scipy", "xarray"}
"""What a file beside a model must not be called, with Python's own modules."""


def new(asked: argparse.Namespace) -> int:
    """Write NAME.py and say what to type next.

    Raises:
        ValueError: For a name that Python or an import would trip over, or a file that cannot be written.
    """
    name = asked.name
    bare = name.removesuffix(".py")
    if bare != name and bare.isidentifier():
        raise ValueError(f"give the name without .py: nnft new {bare}")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            f"{name!r} is no name for a model: use letters, digits and underscores, no digit first, no word of Python"
        )
    if name in IMPORTED or name in sys.stdlib_module_names:
        raise ValueError(f"{name}.py would stand in the way of Python's `import {name}`: choose another name")
    path = Path(f"{name}.py")
    text = TEMPLATE.read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ValueError(f"{path} exists already and is left as it is: choose another name") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be written here: {error.strerror}") from error
    print(f"wrote {path}; next:\n  nnft check {path}\n  nnft run {path}")
    return 0
