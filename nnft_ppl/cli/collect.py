"""`nnft collect`: what the members of a sweep found, those that are there, as one result."""

import argparse
from pathlib import Path

from nnft_ppl.cli.diagnose import own_theory
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.sweep import conclude
from nnft_ppl.display import Stage
from nnft_ppl.results import read_manifest, read_provenance
from nnft_ppl.runs import collect as collect_members


def collect(asked: argparse.Namespace) -> int:
    """Print the result and write it: the model file is executed where random numbers are common, and only then."""
    folder, derived = Path(asked.folder), {}
    request = read_manifest(folder)
    with progress_bar() as progress:
        progress(Stage("collecting"))
        if request.family.get("common"):
            folders = [folder / "members" / told["folder"] for told in request.family["members"].values()]
            if first := next((one for one in folders if (one / "result.nc").is_file()), None):
                derived = own_theory(read_provenance(first), asked.model).derived
        found = collect_members(folder, derived)
    return conclude(asked, found, folder)
