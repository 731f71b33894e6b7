"""Executes the examples in percent format as notebooks beside them: `make notebooks`.

    python examples/make_notebooks.py [NAME...]

Every script of this folder that begins with a `# %%` cell becomes a notebook with outputs. What differs from one
execution to the next is left out: cell ids, times, versions. Figures are kept small by a palette of colours.
Whatever is written to standard error is an error, so that no warning ends in a notebook unseen.
"""

import base64
import io
import json
import os
import sys
import time
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LARGEST_FIGURE = 60_000
ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONWARNINGS": "ignore:IProgress not found",  # of tqdm, which NumPyro imports and nothing here uses
}


def scripts() -> list[Path]:
    """The examples in percent format."""
    return [path for path in sorted(FOLDER.glob("*.py")) if path.read_text("utf-8").startswith("# %%")]


def notebook_of(script: Path) -> NotebookNode:
    """A script's cells as a notebook without outputs, the same every time."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = NotebookNode(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02d}", NotebookNode()
    return notebook


def executed(notebook: NotebookNode, folder: Path = FOLDER) -> NotebookNode:
    """The notebook with outputs, from a kernel of its own.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell raises.
        RuntimeError: If a cell writes to standard error.
    """
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR", "--InlineBackend.figure_formats={'retina'}"],
    )
    client.execute(env=os.environ | ENVIRONMENT)
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
        if "outputs" in cell:  # without the lines of progress, which are empty by now
            cell.outputs = [output for output in cell.outputs if any(output.get("data", {"stream": "text"}).values())]
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise RuntimeError(f"written to standard error by\n{cell.source}\n\n{output.text}")
            output.pop("transient", None)
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = small(output.data["image/png"])
    notebook.metadata = NotebookNode(METADATA)
    return notebook


def small(figure: str) -> str:
    """A PNG in base64 with a palette of as many colours as fit into `LARGEST_FIGURE` bytes."""
    image = Image.open(io.BytesIO(base64.b64decode(figure))).convert("RGB")
    for colours in (256, 128, 64, 32, 16):
        buffer = io.BytesIO()
        palette = image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= LARGEST_FIGURE:
            return base64.b64encode(buffer.getvalue()).decode()
    raise RuntimeError(
        f"a figure of {image.width} × {image.height} points takes {buffer.tell()} bytes; make it smaller"
    )


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook as Jupyter does, keys in order."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def main(names: list[str]) -> None:
    chosen = [script for script in scripts() if not names or script.stem in names]
    if unknown := set(names) - {script.stem for script in chosen}:
        raise SystemExit(f"no example in cells is called {', '.join(sorted(unknown))}")
    for script in chosen:
        started = time.perf_counter()
        path = script.with_suffix(".ipynb")
        write(executed(notebook_of(script)), path)
        print(f"{path.name}: {time.perf_counter() - started:.0f} s, {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
