"""`nnft doctor`: what this machine offers a run, what a gradient costs on it, and what to change."""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array
from rich.console import Console
from rich.table import Table

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.cli.progress import Shown, progress_bar
from nnft_ppl.devices import kept_programs
from nnft_ppl.display import Stage, model_call
from nnft_ppl.results import plain_json
from nnft_ppl.theory import load

MODEL = "phi4"
KEYWORDS: dict[str, Any] = {"width": 256, "dim": 2, "side": 8.0}
"""Of the theory whose gradient is timed."""
CHAINS = 4
GRADIENTS = 10
"""Gradients in one call, as in a run: a call by itself costs more than a small gradient."""
CALLS = 7
"""Calls that are timed; their median is taken."""
PACKAGES = ("nnft-ppl", "jax", "jaxlib", "numpyro", "blackjax", "arviz", "xarray", "numpy")
MUCH = 5 * 2**30
"""Bytes of compiled programs that are worth a word."""
GIB = 2**30


def doctor(asked: argparse.Namespace) -> int:
    """Print what was found, and advice."""
    with progress_bar() as progress:
        found = examine(progress)
    if asked.json:
        print(as_json(plain_json(found)))
    else:
        _print(found, console_of())
    return 0


def examine(progress: Shown) -> dict[str, Any]:
    """Everything that is printed, as JSON values; the keys are in docs/contract.md."""
    progress(Stage("looking for devices"))
    platforms, reason = _platforms()
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: dict[str, Any] = {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "cores": {"allowed": allowed, "machine": os.cpu_count()},
        "devices": [_describe(name, devices) for name, devices in platforms.items()],
        "no_devices": reason,
        "nvidia": nvidia_gpus(),
        "jax_platforms": os.environ.get("JAX_PLATFORMS"),
        "precision": {"nnft": "float64", "python": "float64" if jax.config.jax_enable_x64 else "float32"},
        "compiled_programs": kept_programs(),
        "gradient": {"model": MODEL, "keywords": KEYWORDS, "chains": CHAINS, "timings": []},
    }
    for name, devices in platforms.items():
        for precision in ("float64", "float32"):
            progress(Stage(f"timing gradients on {name} in {precision}"))
            found["gradient"]["timings"].append({"platform": name, "precision": precision} | _time(devices, precision))
    return found | {"advice": advice(found)}


def _platforms() -> tuple[dict[str, list], str | None]:
    """Devices by platform, the one that runs use first; and why there are none."""
    try:
        platforms = {jax.default_backend(): jax.devices()}
    except (RuntimeError, AssertionError) as error:  # the latter for a platform whose plugin is missing
        return {}, (str(error) or "its plugin is missing").splitlines()[0]
    if "cpu" not in platforms:
        with suppress(RuntimeError):  # JAX was told to look for no processor
            platforms["cpu"] = jax.devices("cpu")
    return platforms, None


def _describe(name: str, devices: Sequence[Any]) -> dict[str, Any]:
    if name == "cpu":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    else:
        memory = (devices[0].memory_stats() or {}).get("bytes_limit")
    return {"platform": name, "kind": devices[0].device_kind, "count": len(devices), "memory": memory}


def nvidia_gpus() -> list[str]:
    """Names and memory of the GPUs that NVIDIA's driver sees; none without the driver's tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    words = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        asked = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in asked.stdout.splitlines() if line.strip()]


def _time(devices: Sequence[Any], precision: str) -> dict[str, Any]:
    """Seconds of compilation, and of one value with its gradient for all chains, spread over the devices."""
    number = max(count for count in range(1, CHAINS + 1) if count <= len(devices) and CHAINS % count == 0)
    cached = jax.config.jax_enable_compilation_cache
    jax.config.update("jax_enable_compilation_cache", 0)  # a program that is kept takes no time
    try:
        with jax.enable_x64(precision == "float64"), jax.default_device(devices[0]):
            program, positions = _program(devices[:number])
            start = time.perf_counter()
            compiled = program.lower(positions).compile()
            compilation = time.perf_counter() - start
            jax.block_until_ready(compiled(positions))
            seconds = []
            for _ in range(CALLS):
                start = time.perf_counter()
                jax.block_until_ready(compiled(positions))
                seconds.append((time.perf_counter() - start) / GRADIENTS)
    except jax.errors.JaxRuntimeError as error:  # too little memory, a driver that does not fit
        return {"devices": number, "compile_s": None, "gradient_s": None, "failed": str(error).splitlines()[0]}
    finally:
        jax.config.update("jax_enable_compilation_cache", cached)
    return {"devices": number, "compile_s": compilation, "gradient_s": statistics.median(seconds), "failed": None}


def _program(devices: Sequence[Any]) -> tuple[Any, Array]:
    """Many gradients one after the other, for all chains at once; and where to take them."""
    theory = load(MODEL, **KEYWORDS)
    mesh = jax.make_mesh((len(devices),), ("chain",), (jax.sharding.AxisType.Auto,), devices=list(devices))
    with_gradient = jax.value_and_grad(theory.target().potential)

    def several(position: Array) -> tuple[Array, Array]:
        start = jnp.zeros((), position.dtype), jnp.zeros_like(position)
        return jax.lax.fori_loop(0, GRADIENTS, lambda _, last: with_gradient(position + 1e-6 * last[1]), start)

    chains = jax.P("chain")
    spread = jax.shard_map(jax.vmap(several), mesh=mesh, in_specs=chains, out_specs=chains, check_vma=False)
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), CHAINS))
    return jax.jit(spread), jax.device_put(positions, jax.NamedSharding(mesh, chains))


def advice(found: Mapping[str, Any]) -> list[str]:
    """What to change, in words; nothing where all is well.

    Args:
        found: What `examine` found.
    """
    words = []
    if found["no_devices"]:
        words.append(f"JAX finds no device ({found['no_devices']}): set JAX_PLATFORMS=cpu, or leave it out")
    platforms = {one["platform"] for one in found["devices"]}
    if found["nvidia"] and "gpu" not in platforms:
        if "cpu" in (found["jax_platforms"] or ""):
            words.append(f"JAX_PLATFORMS={found['jax_platforms']} hides the GPU from JAX: leave it out to use the GPU")
        else:
            words.append(
                'the GPU is not seen by JAX, whose plugin for it is missing: pip install "jax[cuda13]" (or cuda12, as '
                "the driver demands; see JAX's installation page)"
            )
    cost = {
        (one["platform"], one["precision"]): one["gradient_s"]
        for one in found["gradient"]["timings"]
        if one["gradient_s"]
    }
    for precision in ("float64", "float32"):
        ours = cost.get(("cpu", precision))
        for name in sorted(platforms - {"cpu"}):
            other = cost.get((name, precision))
            if ours and other and other > ours:
                words.append(
                    f"at this size the {name} takes {other / ours:.1f} × the time of the processor in {precision}: "
                    "JAX_PLATFORMS=cpu nnft run ... is faster, unless the theory is larger"
                )
    for name in sorted(platforms):
        double, single = cost.get((name, "float64")), cost.get((name, "float32"))
        if double and single and double > 1.5 * single:
            words.append(
                f"on the {name} float32 is {double / single:.1f} × as fast: --precision float32, where rounding allows"
            )
    if found["precision"]["python"] == "float32":
        words.append(
            "from Python JAX computes in float32 (the command line in float64): "
            'jax.config.update("jax_enable_x64", True) before anything else, or JAX_ENABLE_X64=true'
        )
    cores = found["cores"]
    if cores["machine"] and cores["allowed"] < cores["machine"]:
        words.append(f"this process may use {cores['allowed']} of {cores['machine']} cores (taskset, batch system)")
    programs = found["compiled_programs"]
    if not programs["kept"]:
        words.append(
            f"compiled programs are not kept in {programs['folder']}, so that every run compiles anew: make that "
            "folder writable, name another one in JAX_COMPILATION_CACHE_DIR, or remove JAX_ENABLE_COMPILATION_CACHE"
        )
    if programs["bytes"] > MUCH:
        words.append(f"{programs['folder']} holds {programs['bytes'] / GIB:.0f} GiB: deleting it costs time only")
    return words


def _print(found: Mapping[str, Any], console: Console) -> None:
    def line(head: str, text: str) -> None:
        console.print(f"{head:<10} {text}", highlight=False, markup=False, soft_wrap=True)

    versions, cores = found["versions"], found["cores"]
    line("versions", ", ".join(f"{name} {number}" for name, number in versions.items()))
    line("cores", f"{cores['allowed']} of {cores['machine']}")
    for one in found["devices"]:
        memory = f", {one['memory'] / GIB:.1f} GiB" if one["memory"] else ""
        seen = ", its cores shown to JAX as devices" if one["platform"] == "cpu" and one["count"] > 1 else ""
        line("device", f"{one['platform']}: {one['count']} × {one['kind']}{memory}{seen}")
    for gpu in found["nvidia"]:
        line("driver", gpu)
    precision, programs = found["precision"], found["compiled_programs"]
    line("precision", f"{precision['nnft']} on the command line, {precision['python']} from Python")
    state = f"{programs['files']} files, {programs['bytes'] / 2**20:.0f} MiB" if programs["kept"] else "not kept"
    line("programs", f"{programs['folder']}: {state}")
    timed = found["gradient"]
    model = model_call(timed["model"], timed["keywords"])
    line("gradient", f"of {model}, action and gradient of {timed['chains']} chains together")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("", "device", "precision"):
        table.add_column(name, min_width=10 if not name else None)
    for name in ("compilation", "one gradient"):
        table.add_column(name, justify="right")
    for one in timed["timings"]:
        device = f"{one['platform']} × {one['devices']}"
        cells = (
            (one["failed"], "") if one["failed"] else (f"{one['compile_s']:.1f} s", f"{one['gradient_s'] * 1e3:.2f} ms")
        )
        table.add_row("", device, one["precision"], *cells)
    console.print(table)
    for text in found["advice"] or ["all is well"]:
        line("advice", text)
