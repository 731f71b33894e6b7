"""One member of a sweep: what a worker is told, as plain values, and what it does."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from nnft_ppl.devices import spread_over_cores
from nnft_ppl.display import Stage, error_words
from nnft_ppl.runs.sampling import sample
from nnft_ppl.theory import Theory, literal, load_file, record, restored

_ONE_AT_A_TIME = threading.Lock()
"""NumPyro's handlers are those of the process: models traced in two of its threads would take each other's sites."""
STOP = "stop"
"""A file of this name in the family's folder ends all its members after the blocks that they draw."""


def member_task(theory: Theory, folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker is told: JSON values, so that any engine may carry them to any process that sees the files.

    Args:
        theory: The member, of a model file.
        folder: Its folder, in `members` of the family's.
        settings: What `sample` is given besides: texts, numbers and truth values.

    Raises:
        ValueError: For a model that is no file, or a keyword that no JSON holds.
    """
    file = theory.file
    if file.path is None:
        raise ValueError(
            f"{theory.name} is a function of this process, and members of a sweep run in others: write it to a file, "
            "and sweep over that (or sample the family here)"
        )
    stored = {name: record(value) for name, value in theory.keywords.items()}
    task = {
        "path": str(file.path.resolve()),
        "sha256": file.sha256,
        "dim": theory.dim,
        "keywords": stored,
        "literals": {name: text for name, value in theory.keywords.items() if (text := literal(value)) is not None},
        "folder": str(folder.absolute()),
        "settings": dict(settings),
        "precision": jnp.zeros(()).dtype.name,
        "programs": jax.config.jax_compilation_cache_dir,
    }
    _keywords(task, signature(file.model).parameters)  # what cannot be made again is complained of here
    return task


def run_member(task: Mapping[str, Any]) -> dict[str, Any]:
    """Sample one member; never raises, for what is wrong with one must not end the others.

    In one process members run one after the other, whatever threads its engine has.

    Args:
        task: Of `member_task`.

    Returns:
        {"ended": "done" | "interrupted" | "failed", "text": why it failed}.
    """
    with _ONE_AT_A_TIME:
        return _run(task)


def _run(task: Mapping[str, Any]) -> dict[str, Any]:
    folder = Path(task["folder"])
    stop = folder.parent.parent / STOP

    def progress(stage: Stage) -> None:
        if stop.exists():
            raise KeyboardInterrupt

    try:
        progress(Stage("starting"))
        jax.config.update("jax_enable_x64", task["precision"] == "float64")
        if task["programs"] and not jax.config.jax_compilation_cache_dir:
            jax.config.update("jax_compilation_cache_dir", task["programs"])
        spread_over_cores(task["settings"]["num_chains"])
        file = load_file(task["path"])
        if file.sha256 != task["sha256"]:
            raise ValueError(f"{task['path']} was changed since the sweep began: run the sweep again")
        keywords = _keywords(task, signature(file.model).parameters)
        ensemble = sample(
            Theory(replace(file, dim=task["dim"]), **keywords), out=folder, progress=progress, **task["settings"]
        )
        return {"ended": "interrupted" if ensemble.provenance.interrupted else "done", "text": ""}
    except KeyboardInterrupt:
        return {"ended": "interrupted", "text": ""}
    except Exception as error:  # told with its member's name
        return {"ended": "failed", "text": error_words(error)}


def _keywords(task: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The keywords as they were given."""
    defaults = {name: None if one.default is Parameter.empty else one.default for name, one in parameters.items()}
    texts = task["literals"]
    return {
        name: restored(name, value, defaults.get(name), texts.get(name)) for name, value in task["keywords"].items()
    }
