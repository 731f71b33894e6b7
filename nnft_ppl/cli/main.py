"""Entry point of `nnft`. Nothing is imported above: Ctrl-C during the imports, too, ends in one line.

Exit status: 0 good · 1 result written, but a check of the quoted route failed · 2 bad input · 3 interrupted, finished
work kept · 4 the run failed. It is that of the work, also where the reader of the output went away (`| head`).
"""

import sys

INTERRUPTED = 3


def main(arguments: list[str] | None = None) -> int:
    """Run `nnft` and return its exit status.

    Args:
        arguments: Words after `nnft`; None for those of the process, whose output is then made safe for any terminal.
    """
    try:
        from nnft_ppl.cli.commands import attempt
        from nnft_ppl.cli.interrupts import wait_for_compiler
        from nnft_ppl.cli.outputs import make_outputs_safe

        if arguments is not None:
            return attempt(arguments)
        make_outputs_safe()
        return wait_for_compiler(attempt(sys.argv[1:]))
    except KeyboardInterrupt:
        print("nnft: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
