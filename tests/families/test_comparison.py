"""Results side by side: what has no error neither agrees nor hides what is apart."""

import numpy as np

from nnft_ppl.results.comparison import Comparison


def test_what_has_no_error_hides_no_difference():
    """Where one quantity has no error the next one's difference counts; control: nothing known is no agreement."""
    unknown, apart = [None, np.array(np.nan)], [None, np.array([1.0, np.nan, -7.0])]
    assert Comparison({}, {}, {}, {}, {"undefined": unknown, "known": apart}).largest == 7
    assert Comparison({}, {}, {}, {}, {"undefined": unknown}).largest is None
