"""Wide filters and large tokens, where a fixed rule would miss: right to a stated accuracy, or refused."""

import math

import numpy as np
import pytest

from nnft_ppl.exact import attention_connected, convolution_connected

X = np.array([1.0, 0.0, -1.0, 2.0])
A, B = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [1.0, -1.0]]


@pytest.mark.parametrize(("sigma_w", "right", "error"), [(4.0, 0.06360, 8e-5), (8.0, 0.03430, 5e-5)])
def test_wide_filters(sigma_w, right, error):
    """Right: filters drawn at random."""
    found = convolution_connected([X] * 4, 1, sigma_w, 0.447)
    assert abs(found - right) < 5 * error
    assert abs(convolution_connected([X] * 4, 1, sigma_w * 1.1, 0.447) - right) > 5 * error  # control
    assert convolution_connected([X] * 2, 1, 20.0, 0.447) == pytest.approx(0.9723, abs=5e-5)


def test_steep_heads():
    """Right: by other quadratures, and by draws."""
    tokens = np.array(A)
    found = [attention_connected([many * tokens] * 4, 1, math.inf) for many in (2, 3, 6)]
    np.testing.assert_allclose(found, [0.35726, 1.6149, 9.195], rtol=1e-4)
    assert attention_connected([6 * tokens] * 2, 1, math.inf) == pytest.approx(17.44, abs=6e-3)
    assert abs(attention_connected([3 * tokens] * 4, 1, 1) - 2.3784) < 5 * 0.0015
    assert abs(attention_connected([6 * tokens] * 4, 1, 5) - 10.70) < 5 * 0.04
    assert abs(attention_connected([6 * tokens] * 4, 1, math.inf) - 10.70) > 8 * 0.04  # control


@pytest.mark.parametrize(
    "call",
    [
        lambda: convolution_connected([X[:3]] * 6, 1, 20.0, 0.4),
        lambda: attention_connected([np.array(A) * 30, np.array(B) * 30], 1, 2),
    ],
)
def test_what_no_rule_settles_is_refused(call):
    with pytest.raises(
        ValueError, match=r"_connected: averages with .* nodes in each direction differ.*; give smaller"
    ):
        call()
