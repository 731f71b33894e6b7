"""What a process of `LocalWorkers` does: `python -m nnft_ppl.workers.process CORES`, tasks on stdin, replies on stdout.

A task is a line of JSON, {"function": "module:name", "arguments": [...]}, and so is its reply, {"value"} or {"error"}.
The end of stdin ends the process: where whoever started it is gone, once the task in hand is done.
"""

import importlib
import json
import os
import sys


def main(cores: list[int]) -> None:
    """Do one task after the other.

    Args:
        cores: Those to run on; XLA has a thread for each that the process may use.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a model prints must not stand between replies
    for line in sys.stdin:
        task = json.loads(line)
        module, _, name = task["function"].partition(":")
        try:
            reply = {"value": getattr(importlib.import_module(module), name)(*task["arguments"])}
        except Exception as error:  # the next task may do better
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1].split(",")])
