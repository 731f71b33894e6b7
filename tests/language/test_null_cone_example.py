"""A conformal field on the null cone: its four-point function is exact in one draw, and covariant."""

import numpy as np
from statements import judged, known, worst_pulls, written
from statistical import ACCEPTED, REJECTED

CONE = written("null_cone")


def test_a_conformal_field_is_covariant(seed):
    run = judged(CONE, seed, num_draws=2000)
    four = run.estimates()["four_point"]
    assert abs(four.value[0] - 1.2433) < 1e-9
    assert not np.any(four.error)
    raw = {name: run.exact[name] for name in ("two_point", "four_point")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: the same without the i, which is neither covariant nor invariant under translations.
    euclidean = known(CONE, real=True)
    assert min(worst_pulls(run, euclidean).values()) > REJECTED
    assert min(worst_pulls(run, euclidean, "raw").values()) > REJECTED
