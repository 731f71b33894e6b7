"""Errors as a user should read them: what is wrong and where, in one line, without a traceback."""

import traceback
from pathlib import Path

import nnft_ppl
from nnft_ppl.labelling import FieldError
from nnft_ppl.reading import ModelError
from nnft_ppl.samplers import SamplerError
from nnft_ppl.storage import ResultError


def complaint(error: Exception) -> tuple[str, bool]:
    """The text for an error, and whether the input was at fault (else the run failed).

    Our own errors speak for themselves. An error raised inside a model file is shown with its file and line.
    """
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: syntax error: {error.msg}", True
    if isinstance(error, SamplerError | FieldError):
        return str(error), False
    if isinstance(error, ModelError | ResultError):
        return str(error), True
    place = _place_in_user_code(error)
    if place:
        # A ValueError that the model or this package raises is a message to the user; others get their type named.
        kind = "" if isinstance(error, ValueError) and _is_message(error) else f"{type(error).__name__}: "
        return f"{place}: {kind}{_first_line(error)}", True
    if isinstance(error, ValueError | TypeError | FileNotFoundError | AttributeError):
        return _first_line(error), True
    return f"{type(error).__name__}: {_first_line(error)} (--debug shows where)", False


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _frames(error: Exception) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _in_package(filename: str) -> bool:
    return Path(nnft_ppl.__file__).parent in Path(filename).parents


def _place_in_user_code(error: Exception) -> str | None:
    """`file:line` of the innermost frame in a model file; None if no model file was running."""
    inside = [
        frame for frame in _frames(error) if frame.filename.endswith(".py") and frame.name and _is_model(frame.filename)
    ]
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else None


def _is_model(filename: str) -> bool:
    import sys

    loaded = {
        getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("nnft_model_")
    }
    return filename in loaded


def _is_message(error: Exception) -> bool:
    frames = _frames(error)
    return bool(frames) and (_is_model(frames[-1].filename) or _in_package(frames[-1].filename))
