"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import nnft_ppl


def test_docstring_examples():
    names = [module.name for module in pkgutil.walk_packages(nnft_ppl.__path__, "nnft_ppl.")]
    found = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(one.failed for one in found) == 0
    assert sum(one.attempted for one in found) >= 8


def test_a_wrong_example_is_seen():
    """Control: an example whose output differs fails."""
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda text: None).failed == 1
