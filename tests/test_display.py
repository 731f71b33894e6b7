"""Estimates, marks and small numbers as a person reads them: on a terminal, in a notebook, in the report."""

from html.parser import HTMLParser

import numpy as np
import pytest
from rich.text import Text

from nnft_ppl.display import (
    MARKS,
    STATUSES,
    columns,
    format_value,
    keyword_words,
    mark_lines,
    model_call,
    on_terminal,
    paragraph,
    without_noise,
)
from nnft_ppl.statistics import Estimate, Estimates
from nnft_ppl.theory import record, shown


def made(value: object, coordinates: dict[str, np.ndarray] | None = None) -> Estimate:
    value = np.asarray(value, float)
    return Estimate(value, 0.01 + 0 * value, 100 + 0 * value, 0.01 + 0 * value, coordinates=coordinates or {})


class Cells(HTMLParser):
    """Rows of the first table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.rows[-1][-1] += data


BOTH = Estimates(two_point=made([0.5, 0.25], {"separation": np.array([0.0, 1.5])}), phi_squared=made(0.75))


def test_estimates_are_one_table_with_coordinates():
    rows = Cells(BOTH._repr_html_()).rows
    assert rows == [
        ["observable", "at", "estimate", "ess"],
        ["two_point", "separation=0", "0.500(10)", "100"],
        ["two_point", "separation=1.5", "0.250(10)", "100"],
        ["phi_squared", "", "0.750(10)", "100"],
    ]
    assert [line.split() for line in str(BOTH).splitlines()] == [[cell for cell in row if cell] for row in rows]
    assert repr(BOTH) == str(BOTH)


def test_one_estimate_shows_where_its_components_are():
    assert [row[0] for row in Cells(BOTH["two_point"]._repr_html_()).rows] == ["at", "separation=0", "separation=1.5"]
    # Without coordinates components are counted.
    assert [row[0] for row in Cells(made([[1.0], [2.0]])._repr_html_()).rows] == ["at", "i=0, j=0", "i=1, j=0"]


def test_estimates_are_a_mapping():
    assert isinstance(BOTH, dict)
    assert list(BOTH) == ["two_point", "phi_squared"]
    assert str(BOTH["two_point"]) == "[0.500(10), 0.250(10)]"


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(-8.2e-16, 1e-3, "0.0000(10)"), (-8.2e-16, 2e-16, "-8(2)e-16"), (-8.2e-16, 0.0, "-8.2e-16")],
)
def test_a_value_far_below_its_error_is_zero(value: float, error: float, said: str):
    assert format_value(value, error) == said


def test_noise_is_measured_by_the_scale():
    assert without_noise(-8.2e-16, 0.35) == 0
    assert without_noise(-8.2e-16, 1e-10) == -8.2e-16
    assert np.isnan(without_noise(np.nan, 1.0))


def test_a_status_has_one_mark_everywhere():
    assert MARKS == {"good": "✓", "warning": "!", "failed": "✗", "unavailable": "–"}
    for status, mark in STATUSES.items():
        assert Text.from_markup(on_terminal(status)).plain == mark.sign
        assert f"color:{mark.colour}" in mark_lines([(status, "words")])
        assert f"{mark.sign} {status}" in paragraph("words", status)
    assert len({mark.colour for mark in STATUSES.values()}) == len(STATUSES)


def test_columns_stand_below_one_another():
    assert columns(["a", "n"], [["long", "1"], ["b", "100"]], words=1) == "a       n\nlong    1\nb     100"


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        (3, "3"),
        (0.1, "0.1"),
        ("pair", "pair"),
        (np.inf, "inf"),
        (1 - 2j, "1-2j"),
        ((4, 8, 16), "[4, 8, 16]"),
        (list(range(20)), "[0, 1, …: 20 in all]"),
        ({"rows": [1, 2]}, "{rows: [1, 2]}"),
        (np.float64(2.5), "2.5"),
        (np.array([1, 2]), "array([1, 2])"),
        (np.array(0.5, np.float32), "0.5"),
        (np.arange(12).reshape(3, 4) / np.float32(10), "array(3×4, [0.0, 0.1, …])"),
        (np.zeros((1000, 3)), "array(1000×3, float64)"),
        (np.array([np.nan, 1.0, 2.0, 3.0, 4.0]), "array(5, [nan, 1.0, …])"),
        (np.tanh, "tanh"),
    ],
)
def test_keywords_are_shown_in_a_few_words(keyword: object, words: str):
    """Of a live theory, and of the JSON that is stored of it."""
    found = keyword_words(record(keyword))
    assert words in found if callable(keyword) else found == words
    assert model_call("model", {"one": record(keyword)}) == f"model(one={found})"
    if isinstance(keyword, np.ndarray):
        assert shown(keyword) == found
