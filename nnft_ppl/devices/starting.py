"""Whether JAX can run here at all: what its environment says, and what process this is."""

import os
import sys

import jax
import jax.extend.backend

_forked = False


def jax_runs() -> bool:
    """Whether JAX has looked for its devices in this process: what it says of their number cannot be changed then."""
    told = jax.config.jax_num_cpu_devices
    try:
        jax.config.update("jax_num_cpu_devices", max(told, 0) + 1)
    except RuntimeError:
        return True
    jax.config.update("jax_num_cpu_devices", told)
    return False


def require_jax() -> None:
    """See that JAX runs here; afterwards its devices are settled.

    Raises:
        RuntimeError: In a process forked from one in which JAX runs, where it would wait for ever.
        ValueError: As `refuse_settings` does, and for platforms that there are not.
    """
    if _forked:
        raise RuntimeError(
            "this process was forked from one in which JAX runs, and would wait for ever: start workers by "
            'multiprocessing.get_context("spawn"), or fork them before anything is computed'
        )
    refuse_settings()
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter for a platform whose plugin is missing
        asked = os.environ.get("JAX_PLATFORMS")
        found = f"with JAX_PLATFORMS={asked} " if asked else ""
        words = f" ({str(error).splitlines()[0].partition(' (set ')[0]})" if str(error) else ""
        raise ValueError(f"{found}JAX finds no device{words}: set JAX_PLATFORMS=cpu, or leave it out") from error


def refuse_settings() -> None:
    """Refuse settings of JAX with which no sampler runs.

    Raises:
        ValueError: For one of them, with what to unset.
    """
    if jax.config.jax_disable_jit:
        raise ValueError("JAX_DISABLE_JIT is set, but samplers are compiled programs: unset it")
    if jax.config.jax_check_tracer_leaks:
        raise ValueError("JAX_CHECK_TRACER_LEAKS is set, but a field is a closure over traced values: unset it")
    for direction in ("", "_host_to_device", "_device_to_host", "_device_to_device"):
        if str(getattr(jax.config, f"jax_transfer_guard{direction}", None)).startswith("disallow"):
            raise ValueError(f"JAX_TRANSFER_GUARD{direction.upper()} is set, but draws leave the device: unset it")


def refuse_unknown_flags() -> None:
    """Refuse `XLA_FLAGS` for which XLA would end the process: a forked child reads them first.

    To be called before JAX runs; later it does nothing.

    Raises:
        ValueError: If there is a flag that XLA does not know.
    """
    if not os.environ.get("XLA_FLAGS") or not hasattr(os, "fork") or jax_runs():
        return
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno() if sys.__stderr__ else 2)
            jax.extend.backend.get_compile_options(1, 1)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise ValueError(f"XLA does not know the flags XLA_FLAGS={os.environ['XLA_FLAGS']}: correct them, or unset it")


def _after_fork() -> None:
    global _forked  # noqa: PLW0603
    _forked = _forked or jax_runs()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
