"""Two free fields on a ring of sites: the current between two charges is flat, and drops across them."""

import numpy as np
from statements import judged, known, worst_pulls, written
from statistical import ACCEPTED, REJECTED

RING = written("current_on_a_ring")


def test_the_current_is_flat_between_the_charges(seed):
    run = judged(RING, seed, num_draws=3000)
    current = run.estimates()["current"]
    time = current.coordinates["time"]
    between = (time >= 2) & (time < 6)
    np.testing.assert_allclose(current.value, np.where(between, 0.134642, -0.018247), atol=5e-7)
    assert np.max(current.error) < 1e-12  # the average over both fields is taken by hand
    raw = {name: run.exact[name] for name in ("there", "back")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: two masses, between which no charge is conserved.
    other = known(RING, sites=12, mass_squared=(0.25, 0.5))
    np.testing.assert_allclose(other["current"][between], [0.05612, 0.06876, 0.08417, 0.10350], atol=5e-6)
    assert min(worst_pulls(run, other).values()) > REJECTED
    assert worst_pulls(run, {"there": other["there"]}, "raw")["there"] > REJECTED
