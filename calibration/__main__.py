"""`python -m calibration [--only SECTION] [--fraction 0.1]`: run, print, and keep the figures of a full run."""

import argparse
import json
import sys
import time
from pathlib import Path

import jax

from calibration import (
    axioms,
    circle,
    coverage,
    discrete,
    distributed,
    errors,
    expansion,
    families,
    finite_width,
    identities,
    kills,
    memory,
    resuming,
    slopes,
    strings,
    symmetries,
    topology,
    truth,
    until,
)
from nnft_ppl.results import plain_json

SECTIONS = {
    "axioms": axioms,
    "errors": errors,
    "coverage": coverage,
    "discrete": discrete,
    "distributed": distributed,
    "circle": circle,
    "expansion": expansion,
    "families": families,
    "finite_width": finite_width,
    "identities": identities,
    "kills": kills,
    "memory": memory,
    "resuming": resuming,
    "slopes": slopes,
    "strings": strings,
    "symmetries": symmetries,
    "topology": topology,
    "truth": truth,
    "until": until,
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="calibration", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--fraction", type=float, default=1.0, help="share of the seeds, above 0 and up to 1")
    asked = parser.parse_args()
    if not 0 < asked.fraction <= 1:
        parser.error(f"--fraction must be above 0 and at most 1, not {asked.fraction}")
    failed = 0
    for name in [asked.only] if asked.only else SECTIONS:
        start, found = time.perf_counter(), []
        for row in SECTIONS[name].rows(asked.fraction):
            print(row, flush=True)
            found.append(row)
        failed += sum(not row.passed for row in found)
        seconds = time.perf_counter() - start
        print(f"-- {name}: {sum(row.passed for row in found)} of {len(found)} in {seconds:.0f} s\n", flush=True)
        if asked.fraction == 1:
            figures = [{"claim": row.claim, "value": row.value, "low": row.low, "high": row.high} for row in found]
            kept = plain_json({"seconds": round(seconds), "jax": jax.__version__, "rows": figures})
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
