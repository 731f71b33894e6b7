"""Entry point of `nnft`. Nothing is imported above: Ctrl-C during the imports, too, ends in one line.

Exit status: 0 good · 1 result written, but a check of the quoted route failed · 2 bad input · 3 interrupted, finished
work kept · 4 the run failed. It is that of the work, also where the reader of the output went away (`| head`).
"""

import os
import signal
import sys

INTERRUPTED = 3
ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that ask a process to end, as Ctrl-C does."""


def main(arguments: list[str] | None = None) -> int:
    """Run `nnft` and return its exit status.

    Args:
        arguments: Words after `nnft`; None for those of the process, whose output is then made safe for any terminal.
    """
    try:
        if arguments is None:
            for one in ENDING:
                if signal.getsignal(one) is signal.SIG_DFL:  # one that is ignored stays so
                    signal.signal(one, signal.default_int_handler)
        from nnft_ppl.cli.commands import attempt
        from nnft_ppl.cli.interrupts import wait_for_compiler
        from nnft_ppl.cli.outputs import make_outputs_safe

        if arguments is not None:
            return attempt(arguments)
        make_outputs_safe()
        status = wait_for_compiler(attempt(sys.argv[1:]))
    except KeyboardInterrupt:
        status = INTERRUPTED
        if arguments is None:
            _leave_at_signals(status)
        print("nnft: interrupted", file=sys.stderr)
    if arguments is None:
        _leave_at_signals(status)
    return status


def _leave_at_signals(status: int) -> None:
    """All is said and done: a further signal, an echo perhaps, must not end in a traceback of a library."""
    for one in (signal.SIGINT, *ENDING):
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, lambda *_: os._exit(status))


if __name__ == "__main__":
    sys.exit(main())
