"""Compiled programs, kept in the user's cache: the same run again starts ten seconds earlier."""

import os
from pathlib import Path
from typing import Any


def folder_of_programs() -> Path:
    """`JAX_COMPILATION_CACHE_DIR`, or nnft_ppl/jax in the user's cache.

    Raises:
        RuntimeError: Where the user has no home.
    """
    named = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nnft_ppl" / "jax"


def keep_programs() -> None:
    """Let JAX keep compiled programs, unless it has been told where (`JAX_COMPILATION_CACHE_DIR`).

    `JAX_ENABLE_COMPILATION_CACHE=false` says that it should not.
    """
    import jax

    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return
    try:
        folder = folder_of_programs()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or not ours to write: compile every time
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def kept_programs() -> dict[str, Any]:
    """The folder, whether programs are kept in it, how many and how large, as JSON values."""
    try:
        folder = folder_of_programs()
    except RuntimeError:
        return {"folder": None, "kept": False, "files": 0, "bytes": 0}
    wanted = os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "true").lower() not in ("false", "0")
    sizes = [path.stat().st_size for path in folder.glob("*") if path.is_file()] if folder.is_dir() else []
    above = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return {
        "folder": str(folder),
        "kept": wanted and os.access(above, os.W_OK),
        "files": len(sizes),
        "bytes": sum(sizes),
    }
