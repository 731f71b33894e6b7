"""What a model file declares as its control: read, refused with a reason, and there in every shipped model."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnft_ppl.theory import ModelError, ModelFile, load_file, shipped_models
from nnft_ppl.theory.control import Control, declared_control

KEYWORDS = {"width": 2, "coupling": 1.0, "mean": 0.0}
SHAPES = {"two_point": (2,), "mean": ()}


def declared(control: Any) -> Control | None:
    file = replace(ModelFile.of(lambda: None), name="toy", control=control)

    def call(function: Callable) -> Any:
        wanted = inspect.signature(function).parameters
        return function(**{name: KEYWORDS[name] for name in wanted})

    return declared_control(file, KEYWORDS, SHAPES, call)


def test_keywords_or_wrong_answers():
    def other(coupling):
        """Twice the coupling.

        More words.
        """
        return {"coupling": 2 * coupling}

    found = declared(other)
    assert found == Control("Twice the coupling", {"coupling": 2.0}, {})
    assert found.changed == "coupling=2.0"
    wrong = declared(lambda: {"two_point": [np.inf, 3.0]})
    assert (wrong.words, wrong.keywords, wrong.changed) == ("", {}, "two_point")
    np.testing.assert_array_equal(wrong.answers["two_point"], [np.nan, 3.0])
    assert declared(None) is declared(lambda: {}) is None


@pytest.mark.parametrize(
    ("control", "message"),
    [
        (3, r"toy: `control` is int, not a function: write `def control\(...\)`"),
        (lambda copling: {}, r"control\(\) takes \['copling'\], which are not keywords .* did you mean 'coupling'"),
        (lambda: [1], r"control\(\) must return a dict of keywords of the model .* not list"),
        (lambda: {"copling": 2}, r"control\(\) names \['copling'\], neither .* did you mean 'coupling'"),
        (lambda: {"coupling": 2.0, "two_point": [1, 2]}, r"control\(\) names .* not both"),
        (lambda: {"mean": 1.0}, "not both .nor a name that is both"),
        (lambda: {"two_point": 1.0}, r"control\(\) gives 'two_point' with shape \(\), but it is measured"),
        (lambda: {"two_point": "one"}, r"control\(\) gives 'two_point' as 'one', not as an array"),
    ],
)  # fmt: skip
def test_mistakes_are_named(control: Any, message: str):
    with pytest.raises(ModelError, match=message):
        declared(control)


@pytest.mark.parametrize("name", shipped_models())
def test_every_shipped_model_has_a_control(name: str):
    file = load_file(name)
    assert file.control is not None
    assert "control" in file.description.lower()
    assert inspect.getdoc(file.control)
    defaults = {key: one.default for key, one in inspect.signature(file.model).parameters.items()}
    assert file.control(**{key: defaults[key] for key in inspect.signature(file.control).parameters})


def test_no_run_is_another_for_it():
    """A control is not what a theory is made of, and is read by nothing but `nnft verify`."""
    file = ModelFile.of(lambda: None)
    assert replace(file, control=len) == file
    assert replace(file, control=len).content_sha256 == file.content_sha256
