"""Errors as a user should read them: what is wrong and where, in one line, without a traceback."""

import errno
import sys
import traceback
from pathlib import Path

from nnft_ppl.display import error_words
from nnft_ppl.results import LostProcessError, ResultError, WriteError
from nnft_ppl.runs import FieldError, MembersError
from nnft_ppl.samplers import SamplerError
from nnft_ppl.theory import ModelError

TRACED = {
    "TracerBoolConversionError": "`if`, `while`, `and`, `or`, `not`, min() or max() on a sampled value, which is not "
    "known while the model is compiled: use jnp.where, jnp.logical_and, jnp.minimum, jnp.maximum",
    "TracerArrayConversionError": "a NumPy function on a sampled value, which is not known while the model is "
    "compiled: use jnp (jax.numpy) in the place of np",
    "TracerIntegerConversionError": "a sampled value as an index or a size, which must be known while the model is "
    "compiled: index with jnp.take, and make sizes keywords of the model",
    "NonConcreteBooleanIndexError": "a selection by a sampled condition, whose size is not known while the model is "
    "compiled: use jnp.where(condition, x, 0)",
    "ConcretizationTypeError": "float(), int(), a function of math or a size from a sampled value, which is not known "
    "while the model is compiled: keep it an array, with functions of jnp",
    "UnexpectedTracerError": "a sampled value of another call is used: do not keep one in a global variable, return it",
}
"""What JAX's errors about values that are being compiled mean in a model."""
PACKAGE = Path(__file__).parents[1]
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""A full disk, a quota, a file system that is read-only."""


def complaint(error: Exception) -> tuple[str, bool]:
    """The text for an error, and whether the input was at fault (else the run failed).

    Our own errors speak for themselves. An error raised inside a model file is shown with its file and line.
    """
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: syntax error: {error.msg}{_quote(error.text)}", True
    if isinstance(error, SamplerError | FieldError | WriteError | LostProcessError | MembersError):
        return str(error), False
    if isinstance(error, ResultError):
        return str(error), True
    if isinstance(error, ModelError):
        return _model_complaint(error), True
    place = _place_in_user_code(error)
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return f"{place + ': ' if place else ''}out of memory: use fewer --chains, a smaller width or grid", False
    if place:
        return f"{place}: {_words(error)}", True
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        return f"{error.filename or 'a file, or the output,'} cannot be written: {error.strerror}", False
    if isinstance(error, ValueError | TypeError | FileNotFoundError | AttributeError):
        return _first_line(error), True
    return f"{type(error).__name__}: {_first_line(error)} (--debug shows where)", False


def _model_complaint(error: ModelError) -> str:
    """A refusal of a model, with the line of the file that it comes from, where there is one."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    place, words = _place_in_user_code(cause), TRACED.get(type(cause).__name__, str(error))
    return f"{place}: {words}" if place and not words.startswith(place) else words


def _words(error: Exception) -> str:
    """An error in a model file, in words."""
    if (name := type(error).__name__) in TRACED:
        return TRACED[name]
    # A ValueError that the model or this package raises is a message to the user; others get their type named.
    if isinstance(error, ValueError) and _is_message(error):
        return _first_line(error)
    if isinstance(error, ModuleNotFoundError):
        return f"{name}: {_first_line(error)}: install it beside nnft, with the pip of {sys.executable}"
    if isinstance(error, KeyError):
        return f"{name}: there is no entry {error}"
    return error_words(error)


def _quote(line: str | None) -> str:
    return f", in `{line.strip()}`" if line and line.strip() else ""


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _frames(error: Exception) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _in_package(filename: str) -> bool:
    return PACKAGE in Path(filename).parents


def _place_in_user_code(error: Exception) -> str | None:
    """`file:line` of the innermost frame in a model file or a file beside it; None if none of them was running."""
    inside = [frame for frame in _frames(error) if _is_model(frame.filename)]
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else None


def _is_model(filename: str) -> bool:
    """Whether this is a model file, or beside one: a model may import what it needs from there."""
    files = [
        getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("nnft_model_")
    ]
    path = Path(filename)
    return path.suffix == ".py" and any(path.resolve().parent == Path(file).resolve().parent for file in files if file)


def _is_message(error: Exception) -> bool:
    frames = _frames(error)
    return bool(frames) and (_is_model(frames[-1].filename) or _in_package(frames[-1].filename))
