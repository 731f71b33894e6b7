"""`nnft report`: a stored run as one HTML page, with the data of its figures beside it."""

import argparse
from pathlib import Path

from rich.console import Console

from nnft_ppl.cli.outputs import refuse_output
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage
from nnft_ppl.results import complaining_of_damage, read


def report(asked: argparse.Namespace) -> int:
    """Write the page and say where it is. Executes no model file."""
    ensemble = read(asked.folder)
    folder = Path(asked.folder)
    path = Path(asked.out) if asked.out else (folder if folder.is_dir() else folder.parent) / "report.html"
    refuse_output("--out", str(path))
    from nnft_ppl.report import write_report  # slow to import

    with progress_bar() as progress:
        progress(Stage("drawing figures"))
        with complaining_of_damage(asked.folder):
            files = write_report(ensemble, path)
    words = f"report in {path}, data of its {len(files) - 1} figures in {path.with_suffix('')}"
    Console().print(words, highlight=False, markup=False, soft_wrap=True)
    return 0
