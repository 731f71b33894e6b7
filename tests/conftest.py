"""Settings that every test shares: float64, a compilation cache, no display, one random key a test."""

import hashlib
import os
import signal
from pathlib import Path

# Environment rather than jax.config: processes that a test starts inherit these.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1].resolve() / ".cache/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Most of the suite's time is compilation, a third of which LLVM spends on speed that short runs do not repay. Examples,
# benchmarks and calibration run optimised programs, and so do these tests with XLA_FLAGS= make test.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
# Workers share the cores, matrices are small: a BLAS with threads spends half of its time waiting for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import jax
import numpy as np
import pytest

jax.config.update("jax_enable_x64", True)

# Hypothesis derives its examples from the test, as `key` does; a deadline would only measure compilation.
hypothesis.settings.register_profile("nnft", deadline=None, derandomize="NNFT_SEED" not in os.environ)
hypothesis.settings.load_profile("nnft")


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control starts what runs in the background with Ctrl-C ignored, and all that tests start, too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # JAX writes cache files in place. One that another worker is still writing, or that an interrupted run
    # left half written, is reported by this warning and compiled afresh: no fault of the test that meets it.
    unreadable = "Error (reading|writing) persistent compilation cache entry"
    config.addinivalue_line("filterwarnings", f"ignore:{unreadable}:UserWarning")


def pytest_report_header() -> str:
    return f"jax {jax.__version__}, NNFT_SEED={os.environ.get('NNFT_SEED', '0')}"


def seed_of(node_id: str) -> int:
    """The 32-bit seed of a test: the first 4 bytes of sha256(node id), xor NNFT_SEED (0 unless set).

    Every test has its own stream, the same on every machine; another NNFT_SEED repeats the suite with
    fresh draws.
    """
    own = int.from_bytes(hashlib.sha256(node_id.encode()).digest()[:4], "big")
    return own ^ (int(os.environ.get("NNFT_SEED", "0")) % 2**32)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> jax.Array:
    """A random key of the test's own, from `seed_of` its node id."""
    return jax.random.key(seed_of(request.node.nodeid))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed of the test's own, for functions that take an integer."""
    return seed_of(request.node.nodeid)


@pytest.fixture
def rng(key: jax.Array) -> np.random.Generator:
    """NumPy's generator, seeded by the test's own key."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))
