"""`nnft doctor`: what it finds here, and its advice on machines that are not here."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest
from commands import nnft

from nnft_ppl.cli import doctor


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A theory whose gradient compiles in no time; a folder of compiled programs."""
    monkeypatch.setattr(doctor, "KEYWORDS", {"width": 4, "dim": 1, "side": 2.0})
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    (tmp_path / "program").write_bytes(bytes(1000))
    return tmp_path


def test_finds_what_is_here(small: Path):
    status, out, err = nnft("doctor", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["versions"]["jax"] == jax.__version__
    assert {"python", "numpyro", "blackjax", "arviz", "xarray", "nnft-ppl"} <= set(found["versions"])
    assert [one["platform"] for one in found["devices"]][-1] == "cpu"
    assert found["devices"][-1]["memory"] > 2**28
    assert 1 <= found["cores"]["allowed"] <= found["cores"]["machine"]
    assert found["precision"] == {"nnft": "float64", "python": "float64"}
    assert found["compiled_programs"] == {"folder": str(small), "kept": True, "files": 1, "bytes": 1000}
    timings = found["gradient"]["timings"]
    assert [(one["platform"], one["precision"]) for one in timings[-2:]] == [("cpu", "float64"), ("cpu", "float32")]
    assert all(0 < one["gradient_s"] < 0.1 for one in timings)
    assert all(one["compile_s"] > one["gradient_s"] for one in timings)
    assert jax.config.jax_enable_compilation_cache
    assert jax.config.jax_enable_x64


def test_prints_the_same(small: Path):
    status, out, err = nnft("doctor")
    assert (status, err) == (0, "")
    for words in (f"jax {jax.__version__}", "cpu × ", "float32", f"{small}: 1 files", "of phi4(width=4, dim=1", "ms"):
        assert words in out


CLUSTER = {
    "versions": {},
    "cores": {"allowed": 16, "machine": 16},
    "devices": [{"platform": "gpu"}, {"platform": "cpu"}],
    "no_devices": None,
    "nvidia": ["NVIDIA H100, 81559 MiB"],
    "jax_platforms": None,
    "precision": {"nnft": "float64", "python": "float64"},
    "compiled_programs": {"folder": "/cache", "kept": True, "files": 3, "bytes": 10**6},
    "gradient": {
        "timings": [
            {"platform": "gpu", "precision": "float64", "gradient_s": 1e-4},
            {"platform": "gpu", "precision": "float32", "gradient_s": 0.8e-4},
            {"platform": "cpu", "precision": "float64", "gradient_s": 3e-3},
            {"platform": "cpu", "precision": "float32", "gradient_s": 2.5e-3},
        ]
    },
}
"""A machine without faults."""


def test_nothing_to_say_about_a_good_machine():
    assert doctor.advice(CLUSTER) == []


def without_plugin(found: dict[str, Any]) -> None:
    found["devices"] = [{"platform": "cpu"}]
    found["gradient"]["timings"] = found["gradient"]["timings"][2:]


def hidden(found: dict[str, Any]) -> None:
    without_plugin(found)
    found["jax_platforms"] = "cpu"


def slow_gpu(found: dict[str, Any]) -> None:
    found["gradient"]["timings"][0]["gradient_s"] = 9e-3
    found["gradient"]["timings"][1]["gradient_s"] = 8e-3


def slow_doubles(found: dict[str, Any]) -> None:
    found["gradient"]["timings"][0]["gradient_s"] = 16e-4


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], list[str]]] = {
    "no plugin": (without_plugin, ['plugin for it is missing: pip install "jax[cuda13]"']),
    "hidden": (hidden, ["JAX_PLATFORMS=cpu hides the GPU"]),
    "slow GPU": (slow_gpu, ["the gpu takes 3.0 × the time of the processor in float64", "3.2 × the time"]),
    "slow doubles": (slow_doubles, ["on the gpu float32 is 20.0 × as fast: --precision float32"]),
    "single precision": (lambda found: found["precision"].update(python="float32"), ["jax_enable_x64"]),
    "few cores": (lambda found: found["cores"].update(allowed=2), ["may use 2 of 16 cores"]),
    "nothing kept": (lambda found: found["compiled_programs"].update(kept=False), ["every run compiles anew"]),
    "much kept": (lambda found: found["compiled_programs"].update(bytes=8 * 2**30), ["holds 8 GiB"]),
    "no device": (lambda found: found.update(no_devices="no CUDA"), ["JAX finds no device (no CUDA)"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_gets_its_advice(fault: str):
    found = copy.deepcopy(CLUSTER)
    change, expected = FAULTS[fault]
    change(found)
    words = doctor.advice(found)
    assert len(words) == len(expected)
    for one, text in zip(words, expected, strict=True):
        assert text in one


def test_a_device_that_fails_is_no_end(small: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(devices: object) -> None:
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: too small")

    monkeypatch.setattr(doctor, "_program", fails)
    status, out, _ = nnft("doctor")
    assert status == 0
    assert out.count("RESOURCE_EXHAUSTED: too small") == 2
