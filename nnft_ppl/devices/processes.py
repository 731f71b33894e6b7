"""Processes that were forked from one in which JAX runs: its threads do not live on in them, and it waits for ever."""

import os
import sys

_forked = False


def jax_runs() -> bool:
    """Whether JAX has looked for its devices in this process: what it says of their number cannot be changed then."""
    jax = sys.modules.get("jax")
    if jax is None or not hasattr(jax, "config"):
        return False
    told = jax.config.jax_num_cpu_devices
    try:
        jax.config.update("jax_num_cpu_devices", max(told, 0) + 1)
    except RuntimeError:
        return True
    jax.config.update("jax_num_cpu_devices", told)
    return False


def refuse_forked() -> None:
    """Raise `RuntimeError` where JAX would wait for ever."""
    if _forked:
        raise RuntimeError(
            "this process was forked from one in which JAX runs, and would wait for ever: start workers by "
            'multiprocessing.get_context("spawn"), or fork them before anything is computed'
        )


def _after_fork() -> None:
    global _forked  # noqa: PLW0603
    _forked = _forked or jax_runs()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
