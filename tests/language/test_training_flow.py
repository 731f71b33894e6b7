"""Training by gradient flow, exactly: the point of the field is (x, t)."""

from statements import judged, known, worst_pulls, written
from statistical import ACCEPTED, REJECTED

FLOW = written("training_flow")


def test_a_point_is_a_place_and_a_time(seed):
    run = judged(FLOW, seed)
    raw = {name: run.exact[name] for name in ("mean", "two_point")}
    assert max(worst_pulls(run, raw, "raw").values()) < ACCEPTED
    # The control: trained towards another target; the covariance knows nothing of it.
    other = known(FLOW, target=0.5, data=1.3)
    assert min(worst_pulls(run, raw | {"mean": other["mean"], "two_point": other["two_point"]}).values()) > REJECTED
    assert worst_pulls(run, {"covariance": other["covariance"]})["covariance"] < ACCEPTED
