"""Every example in a docstring runs and prints what it says; the script of examples/ that is no notebook runs.

Notebooks: `test_notebooks.py`.
"""

import doctest
import importlib
import pkgutil
import runpy
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnft_ppl
from nnft_ppl.samplers import Settings, run_blocks


def test_docstring_examples():
    names = [module.name for module in pkgutil.walk_packages(nnft_ppl.__path__, "nnft_ppl.")]
    found = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(one.failed for one in found) == 0
    assert sum(one.attempted for one in found) >= 8


def test_a_wrong_example_is_seen():
    """Control: an example whose output differs fails."""
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda text: None).failed == 1


@pytest.mark.examples
def test_the_broken_sampler_has_the_fault_that_it_speaks_of(key):
    """That the identities find such a fault is tested with them, and in the notebook `diagnosing`."""
    script = runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples/broken_sampler.py"))
    right, wrong = script["theories"]()
    settings = Settings(key, num_chains=2, num_draws=400, num_warmup=25, keep_every=2)
    broken = partial(script["Broken"], right=right, wrong=wrong)
    (block,) = run_blocks(broken, right.target(), settings)
    assert block.positions is not None
    assert block.positions.shape == (2, 200, right.dimension)
    momentum = jax.vmap(jax.vmap(right.transport))(block.positions)["momentum"]
    assert 0.97 < jnp.max(jnp.abs(momentum)) / 8.0 < 0.98
    expected = right.observables["phi_squared"](right.realise(block.positions[1, 5]))
    np.testing.assert_allclose(block.measured["observables"]["phi_squared"][1, 10], expected, rtol=1e-9)
