"""`nnft compare`: results of one model beside one another, over what differs between them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from nnft_ppl.cli.beside import print_beside
from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage, model_call
from nnft_ppl.results import atomically, compare as compare_results, plain_json, read, unfinished_words
from nnft_ppl.runs import DEFAULT_DRAWS
from nnft_ppl.statistics import MAX_PULL


def compare(asked: argparse.Namespace) -> int:
    """Print a table for every observable: exit status 1 where equal theories disagree. Executes no model file."""
    found = compare_results(_read(asked.folders))
    if asked.csv:
        text = found.to_dataframe().to_csv(index=False)
        atomically(Path(asked.csv), lambda part: part.write_text(text, encoding="utf-8"))
    if asked.figure:
        from nnft_ppl.report import save_along  # slow to import

        with progress_bar() as progress:
            progress(Stage("drawing"))
            save_along(found, asked.figure)
    if asked.json:
        rows = found.to_dataframe().to_dict("records")
        about = {"results": list(found.results), "differing": dict(found.differing), "largest_apart": found.largest}
        print(as_json(plain_json(about | {"sharing": dict(found.sharing), "rows": rows})))
    console = console_of(stderr=asked.json)
    about = next(iter(found.results.values())).provenance
    same = {name: value for name, value in about.keywords.items() if name not in found.differing}
    console.print(f"{len(found.results)} results of {model_call(about.model, same)}", markup=False, soft_wrap=True)
    print_beside(found.tables(), console)
    words = [f"written: {name}" for name in filter(None, (asked.figure, asked.csv))]
    if found.largest is not None:
        agree = "agree" if found.largest <= MAX_PULL else "disagree"
        words.insert(0, f"results of the same theory {agree}: at most {found.largest:.1f} errors apart")
    for folder, other in found.sharing.items():
        words.append(
            f"{folder} shares its random numbers with {other} (seed and sampler): how far they are apart has no error; "
            "make one of them with another --seed"
        )
    for folder, one in found.results.items():
        if unfinished := unfinished_words(one.provenance, DEFAULT_DRAWS):
            words.insert(0, f"{folder} is not whole: {unfinished}")
    for line in words:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 1 if found.largest is not None and found.largest > MAX_PULL else 0


def _read(folders: Sequence[str]) -> dict:
    if twice := next((one for one in folders if folders.count(one) > 1), None):
        raise ValueError(f"{twice} is named twice: compare different results")
    return {folder: read(folder) for folder in folders}
