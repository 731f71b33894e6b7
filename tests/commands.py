"""The command line as a function: what one command printed and its exit status."""

import contextlib
import io
from typing import NamedTuple

from nnft_ppl.cli.main import main


class Outcome(NamedTuple):
    """What one command gave."""

    status: int
    out: str
    err: str


def nnft(*words: str) -> Outcome:
    """Run `nnft` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(words))
    return Outcome(status, out.getvalue(), err.getvalue())
