"""Planted bugs: the share of seeds in which the exactness test rejects each, against all of which it must."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from calibration.rows import Row, seeds
from nnft_ppl import load

TESTS = Path(__file__).parent.parent / "tests"


def rows(fraction: float) -> Iterator[Row]:
    # The bugs are those of the test suite; they live there alone.
    sys.path[:0] = [str(TESTS), str(TESTS / "samplers")]
    planted = importlib.import_module("test_exactness")

    theory = load("deformed_rotation")
    for bug in (planted.wrong_sign, planted.hot, planted.without_half_kick):
        pulls = [planted.largest_pull(theory, bug, planted.DRAWS["hmc"], seed) for seed in seeds(10, fraction)]
        killed = sum(pull > planted.REJECTED for pull in pulls) / len(pulls)
        yield Row(f"planted {bug.__name__}: share of {len(pulls)} seeds rejected", killed, 1.0, 1.0)
    clean = [planted.largest_pull(theory, "hmc", planted.DRAWS["hmc"], seed) for seed in seeds(10, fraction)]
    yield Row(f"clean hmc: largest of {len(clean)} pulls", max(clean), 0.0, 5.0)
