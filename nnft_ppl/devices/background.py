"""What is compiled in the background: the one place that starts threads for it, and sees them end.

XLA cannot be interrupted, and no process may end under it: of 40 that left a daemon thread compiling, 20 ended in a
 fault; of 40 that waited, none. Threads of an executor are waited for by Python itself, whoever ends.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

AT_ONCE = 2
"""Programs compiled at the same time, at most: one that is wanted, and one that an interrupted run has left behind."""

_compilers = ThreadPoolExecutor(AT_ONCE, "compiler")  # starts a thread only with the first program
_unfinished: set[Future] = set()


def in_background[Result](work: Callable[[], Result]) -> Future[Result]:
    """What `work` returns, once it is done; an error that it raises reaches whoever asks for the result.

    Args:
        work: Called without arguments, after what was handed over before.
    """
    future = _compilers.submit(work)
    _unfinished.add(future)
    future.add_done_callback(_unfinished.discard)
    return future


def busy() -> bool:
    """Whether something is still compiled, or waits for its turn."""
    return bool(_unfinished)


def finish() -> None:
    """Cancel what has not begun, and wait for what is under way."""
    left = list(_unfinished)
    for future in left:
        future.cancel()
    wait(left)
