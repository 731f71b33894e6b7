"""`python -m benchmarks.contender QUESTION`: a contender in its own process; its answer is the last line printed."""

import importlib
import json
import sys

from benchmarks.figures import finite


def main() -> None:
    question = json.loads(sys.argv[1])
    if question["spread"]:
        from nnft_ppl.devices import spread_over_cores

        # Before the contender is imported, and BlackJAX with it, whose import starts JAX.
        spread_over_cores(question["spread"])
    module, name = question["function"].split(":")
    answer = getattr(importlib.import_module(module), name)(started=question["started"], **question["arguments"])
    print(json.dumps(finite(answer), allow_nan=False), flush=True)


if __name__ == "__main__":
    main()
