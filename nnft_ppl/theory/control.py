"""The control of a model file: what must be rejected, or agreement with its exact answers would mean nothing."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnft_ppl.display import did_you_mean
from nnft_ppl.theory.declared import exact_values
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.keywords import shown
from nnft_ppl.theory.loading import ModelFile


class Control(NamedTuple):
    """What must be rejected: the model at other keywords, or wrong answers; one of the two is empty."""

    words: str
    """What it is: the first line of the docstring of `control`."""
    keywords: dict[str, Any]
    """At these the model must disagree with what is known of the theory as it stands."""
    answers: dict[str, np.ndarray]
    """Wrong values of what is measured, NaN where there is none: draws of the theory must disagree with them."""

    @property
    def changed(self) -> str:
        """Which keywords it changes, or answers of what are wrong."""
        return ", ".join([f"{name}={shown(value)}" for name, value in self.keywords.items()] or self.answers)


def declared_control(
    file: ModelFile,
    keywords: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    call: Callable[[Callable], Any],
) -> Control | None:
    """What `control()` of a file returned, checked; None without one, or where it has none at these keywords.

    Args:
        file: The model.
        keywords: All of its keywords.
        shapes: Shape of everything that is measured, by name.
        call: Calls a function of the file with the keywords that it names.

    Raises:
        ModelError: If it is no function of keywords, or does not return a dict of keywords, or of measured names.
    """
    function, name = file.control, file.name
    if function is None:
        return None
    if not callable(function):
        raise ModelError(f"{name}: `control` is {type(function).__name__}, not a function: write `def control(...)`")
    if foreign := sorted(set(inspect.signature(function).parameters) - set(keywords)):
        near = did_you_mean(foreign[0], keywords)
        raise ModelError(f"{name}: control() takes {foreign}, which are not keywords of model(){near}")
    declared = call(function)
    what = "a dict of keywords of the model at which it must be rejected, or of measured names with wrong answers"
    if not isinstance(declared, dict):
        raise ModelError(f"{name}: control() must return {what}, not {type(declared).__name__}")
    others = {key: value for key, value in declared.items() if key in keywords}
    answers = {key: value for key, value in declared.items() if key in shapes}
    if unknown := sorted(str(key) for key in declared if key not in keywords and key not in shapes):
        near = did_you_mean(unknown[0], [*keywords, *shapes])
        raise ModelError(f"{name}: control() names {unknown}, neither keywords nor measured{near}")
    if others and answers:
        raise ModelError(f"{name}: control() names {sorted(declared)}: give {what}, not both (nor a name that is both)")
    if not declared:
        return None
    wrong, _ = exact_values(name, answers, shapes, owner="control")
    # No estimate is infinite: that would reject nothing worth rejecting.
    wrong = {key: np.where(np.isfinite(value), value, np.nan) for key, value in wrong.items()}
    words = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
    return Control(words, others, wrong)
