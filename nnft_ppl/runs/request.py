"""What is asked of a run: its settings checked, and described with a fingerprint."""

import hashlib
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp

from nnft_ppl.display import did_you_mean
from nnft_ppl.results import Request, SamplerRecord
from nnft_ppl.samplers import SAMPLERS, MakeSampler
from nnft_ppl.statistics import MINIMUM_DRAWS
from nnft_ppl.theory import Theory, literal, record

MOST_DRAWS = 2**31 - 1
"""Draws of a chain are counted in 32 bits."""
MOST_CHAINS = 2**16


def sampler_of(asked: str | MakeSampler) -> tuple[str, MakeSampler | None]:
    """Name and function of a sampler; None for `auto`, which has yet to choose.

    Raises:
        ValueError: For an unknown name.
    """
    if callable(asked):
        return getattr(asked, "__name__", "custom"), asked
    if asked not in ("auto", *SAMPLERS):
        near = did_you_mean(str(asked), ["auto", *SAMPLERS])
        raise ValueError(f"unknown sampler {asked!r}: there are auto, {', '.join(SAMPLERS)}{near}")
    return asked, SAMPLERS.get(asked)


def make_request(
    theory: Theory,
    sampler: str | MakeSampler,
    num_chains: int,
    num_draws: int,
    num_warmup: int,
    seed: int,
    keep: str,
    reference: str = "auto",
    keep_series: str = "auto",
    processes: int = 1,
) -> Request:
    """What is asked, with its fingerprint, to which the number of draws does not belong: a run can be extended."""
    name, given = sampler_of(sampler)
    settings: dict[str, Any] = {"chains": num_chains, "warmup": num_warmup, "keep": keep, "reference": reference}
    settings |= {"keep_series": keep_series} if keep_series != "auto" else {}
    settings |= {"processes": processes} if processes > 1 else {}
    asked: dict[str, Any] = {
        "model": theory.name,
        "source_sha256": theory.file.sha256,
        "keywords": {name: record(value) for name, value in theory.keywords.items()},
        "dim": theory.dim,
        "seed": seed,
        "precision": jnp.zeros(()).dtype.name,
        "versions": {name: version(name) for name in ("jax", "blackjax", "nnft-ppl")},
    }
    words = {name: literal(value) for name, value in theory.keywords.items()}
    content = {
        "literals": {name: text for name, text in words.items() if text is not None},
        "imported": theory.file.imported,
        "content_sha256": theory.file.content_sha256,
        "sampler_sha256": record(given)["sha256"] if given is not None and given not in SAMPLERS.values() else "",
    }
    asked |= {name: value for name, value in content.items() if value}
    text = json.dumps(asked | {"sampler": {"name": name} | settings}, sort_keys=True)
    return Request(
        **asked,
        sampler=SamplerRecord(
            name,
            num_chains,
            num_draws,
            num_warmup,
            keep,
            reference=reference,
            keep_series=keep_series,
            processes=processes,
        ),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        description=theory.file.description,
        path=str(theory.file.path.resolve()) if theory.file.path else None,
        device=f"{jax.local_devices()[0].device_kind} ({platform.machine()})",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        numpyro=version("numpyro"),
        python=platform.python_version(),
        dimension=theory.dimension,
    )


def check_settings(
    num_chains: int,
    num_draws: int,
    num_warmup: int,
    seed: int,
    keep: str,
    time_limit: float | None,
    keep_series: str = "auto",
) -> None:
    """Raise `TypeError` or `ValueError` for settings of `sample` that cannot be."""
    counts = (("chains", num_chains, 1), ("draws", num_draws, MINIMUM_DRAWS), ("warmup", num_warmup, 0))
    most = {"chains": MOST_CHAINS}
    for name, value, least in counts:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
        if value > most.get(name, MOST_DRAWS):
            raise ValueError(f"{name} must be at most {most.get(name, MOST_DRAWS)}, not {value:.15g}")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")
    for name, value in {"keep": keep, "keep_series": keep_series}.items():
        if value not in ("auto", "all", "none"):
            near = did_you_mean(str(value), ["auto", "all", "none"])
            raise ValueError(f"{name} must be auto, all or none, not {value!r}{near}")
    if time_limit is not None and not (isinstance(time_limit, int | float) and time_limit > 0):
        raise ValueError(f"time_limit must be a positive number of seconds, not {time_limit!r}")
