"""Sites inside transformed functions: what is sampled there never leaves the transformation."""

import sys
from types import CodeType, FrameType

from nnft_ppl.theory.errors import ModelError

HARMLESS = ("jax._src.tree", "jax.tree", "jax._src.traceback_util")
"""Modules of JAX, by the beginning of their names, that call a function as it is, without transforming it."""


def refuse_nested(name: str, reader: CodeType) -> str:
    """Raise `ModelError` for a site that is reached through jit, vmap, scan, grad, checkpoint, ... of JAX.

    Its value would be that of an inner program, which is gone when the model returns; and a function that is compiled
    already passes no site at all.

    Args:
        name: The site.
        reader: The code that runs the model: what called that is the library's own.

    Returns:
        `FILE:LINE` of the model where the site is; empty where only libraries run.
    """
    frame: FrameType | None = sys._getframe(1)
    place = ""
    while frame and frame.f_code is not reader:
        package = str(frame.f_globals.get("__name__", ""))
        top = package.partition(".")[0]
        if not place and top not in ("numpyro", "nnft_ppl", "contextlib", "functools"):
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        if top == "jax" and not package.startswith(HARMLESS):
            raise ModelError(
                f"{place}: site {name!r} is inside a function that JAX transforms (jit, vmap, grad, checkpoint, scan, "
                "while_loop, ...), so that its value cannot leave it: sample outside, with a plate for many, and hand "
                "the values over"
            )
        frame = frame.f_back
    return place
