"""The examples run (most by `make examples`), their assertions hold, and the notebooks are what was made from them."""

import re
import runpy
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot as plt

from nnft_ppl.exact import thermal_two_point

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MAKE = runpy.run_path(str(EXAMPLES / "make_notebooks.py"))
SCRIPTS = {script.stem: script for script in MAKE["scripts"]()}
LARGEST = 500_000
"""Bytes of a notebook."""


# All of them take minutes: `make examples` runs them, `make test` the first one.
@pytest.fixture(
    scope="module",
    params=[name if name == "first_theory" else pytest.param(name, marks=pytest.mark.examples) for name in SCRIPTS],
)
def finished(request, tmp_path_factory):
    """Name and variables of an example that has run from beginning to end, assertions included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp(request.param))
        patch.delenv("DISPLAY", raising=False)  # plt.show() is then silent
        yield request.param, runpy.run_path(str(SCRIPTS[request.param]))
    plt.close("all")


def test_an_example_runs_and_its_figures_have_labels(finished):
    name, _ = finished
    panels = [axes for number in plt.get_fignums() for axes in plt.figure(number).axes]
    assert len(panels) >= 2, name
    assert all(axes.get_xlabel() or axes.get_ylabel() or axes.get_label() == "<colorbar>" for axes in panels)
    plt.close("all")


@pytest.mark.parametrize("finished", ["first_theory"], indirect=True)
def test_a_wrong_answer_would_be_seen(finished):
    """Control: with the exact answer of a coupling that is 5 % off, an example's comparison fails."""
    _, variables = finished
    estimate, separation = variables["estimates"]["two_point"], variables["separation"]
    right, wrong = (thermal_two_point(separation, 8.0, coupling, 1.0) for coupling in (6.0, 6.3))
    wrong = variables["ensemble"].exact["two_point"] + wrong - right
    assert np.max(np.abs(estimate.value - wrong) / estimate.error) > 6


def committed(name: str) -> nbformat.NotebookNode:
    return nbformat.read(SCRIPTS[name].with_suffix(".ipynb"), as_version=4)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_notebook_is_made_from_its_script(name):
    """`make notebooks` mends this."""
    ours, theirs = MAKE["notebook_of"](SCRIPTS[name]).cells, committed(name).cells
    assert [(cell.cell_type, cell.source) for cell in theirs] == [(cell.cell_type, cell.source) for cell in ours]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_notebook_holds_outputs_and_nothing_of_its_maker(name):
    path = SCRIPTS[name].with_suffix(".ipynb")
    text = path.read_text("utf-8")
    assert len(text.encode()) < LARGEST
    notebook = committed(name)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert outputs
    assert all(output.output_type != "error" and output.get("name") != "stderr" for output in outputs)
    assert notebook.metadata.language_info == {"name": "python"}
    assert all(cell.metadata == {} for cell in notebook.cells)
    figures = [data for output in outputs for kind, data in output.get("data", {}).items() if kind.startswith("image/")]
    assert figures
    assert max(len(figure) * 3 / 4 for figure in figures) <= MAKE["LARGEST_FIGURE"]
    # Figures are base64 text, in which anything may occur.
    words = re.sub(r'"image/png": "[^"]*"', "", text)
    assert re.findall(r"\bat 0x[0-9a-f]+|site-packages", words) == []
    assert not [place for place in (EXAMPLES.parent, Path.home(), tempfile.gettempdir()) if f"{place}/" in words]


def test_a_notebook_is_executed_by_a_real_kernel(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("from nnft_ppl import load\nload('phi4_circle')"),
            nbformat.v4.new_code_cell("import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()"),
        ]
    )
    shown, drawn = MAKE["executed"](notebook, tmp_path).cells
    assert "phi4_circle" in shown.outputs[-1].data["text/plain"]
    assert "image/png" in drawn.outputs[-1].data
    assert shown.metadata == {}


def test_progress_is_a_line_that_goes(tmp_path):
    line = "from nnft_ppl.display import Stage, show_progress\nshow = show_progress(None)\n"
    line += "show.__enter__()(Stage('drawing', 1, 2))"
    again = f"{line}\ndone = show.__exit__(None, None, None)".replace("show.", "other.").replace("show =", "other =")
    cells = [nbformat.v4.new_code_cell(line), nbformat.v4.new_code_cell(again)]
    begun, ended = MAKE["executed"](nbformat.v4.new_notebook(cells=cells), tmp_path).cells
    assert [output.data["text/plain"] for output in begun.outputs] == ["drawing 1/2"]
    assert ended.outputs == []


def test_what_goes_to_standard_error_stops_it(tmp_path):
    """Control: a warning does not end in a notebook unseen."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import warnings\nwarnings.warn('look here')")]
    )
    with pytest.raises(RuntimeError, match="look here"):
        MAKE["executed"](notebook, tmp_path)
