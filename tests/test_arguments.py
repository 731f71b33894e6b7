"""What is said of an argument that does not do."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl.arguments import (
    require_choice,
    require_count,
    require_finite,
    require_log_weights,
    require_non_negative,
    require_number,
    require_positive,
    require_series,
    require_sign,
)

REFUSED = {
    "fraction": (lambda: require_count("f", "n", 3.5), TypeError, "f: n = 3.5; give an integer >= 1"),  # pyright: ignore[reportArgumentType]
    "switch": (lambda: require_count("f", "n", True), TypeError, "f: n = True; give an integer >= 1"),
    "too few": (lambda: require_count("f", "n", 1, least=2), ValueError, "f: n = 1; give an integer >= 2"),
    "too many": (lambda: require_count("f", "n", 5, most=4), ValueError, "f: n = 5; give an integer from 1 to 4"),
    "words": (lambda: require_number("f", "x", "2"), TypeError, "f: x is str; give a Python number"),  # pyright: ignore[reportArgumentType]
    "array": (lambda: require_positive("f", "x", np.ones(2)), TypeError, "f: x is ndarray; give a Python number"),  # pyright: ignore[reportArgumentType]
    "infinite": (lambda: require_number("f", "x", math.inf), ValueError, "f: x = inf; give a finite number"),
    "NaN": (
        lambda: require_positive("f", "x", math.nan, infinite=True),
        ValueError,
        r"f: x = nan; give a number > 0 \(it may be infinite\)",
    ),
    "zero": (lambda: require_positive("f", "x", 0.0), ValueError, "f: x = 0.0; give a finite number > 0"),
    "negative": (lambda: require_non_negative("f", "x", -1), ValueError, "f: x = -1; give a finite number >= 0"),
    "choice": (lambda: require_choice("f", "x", "c", ("a", "b")), ValueError, "f: x = 'c'; give one of 'a', 'b'"),
    "sign": (lambda: require_sign("f", "x", np.array([1, 0])), ValueError, r"x = \[1 0\]; give finite numbers > 0"),
    "complex": (lambda: require_finite("f", "x", 1j), TypeError, "f: x has dtype complex128; give real numbers"),
    "hole": (
        lambda: require_finite("f", "x", [0.0, math.nan]),
        ValueError,
        r"f: x holds NaN, first at index \(1,\); give finite numbers only",
    ),
    "no chains": (
        lambda: require_series("f", "x", np.ones(3)),
        ValueError,
        r"f: x has shape \(3,\); give \(chain, draw, \.\.\.\) with no empty axis",
    ),
    "short": (
        lambda: require_series("f", "x", np.ones((2, 3)), least=4),
        ValueError,
        "f: x has 3 draws per chain; give at least 4",
    ),
    "no weight": (lambda: require_log_weights("f", [-math.inf]), ValueError, "f: log_weights has no finite entry"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_do_is_named(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=f"{message}"):
        call()


def test_what_does_is_given_back():
    assert (require_count("f", "n", np.int64(3)), require_number("f", "x", np.float32(0.5))) == (3, 0.5)
    assert require_positive("f", "x", math.inf, infinite=True) == math.inf
    assert require_series("f", "x", jnp.ones((2, 3), dtype=bool)).dtype == np.float64
    assert require_log_weights("f", [0, -math.inf]).tolist() == [0.0, -math.inf]


def test_a_traced_array_passes_for_what_is_not_known():
    def signed(x):
        require_sign("f", "x", x)
        return x

    assert jax.jit(signed)(-1.0) == -1.0
