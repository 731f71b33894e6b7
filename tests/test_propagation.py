"""Errors of functions of means: quoted where the function is linear enough over the errors of its means, else not."""

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import autoregressive

from nnft_ppl import Theory
from nnft_ppl.observables import Derived, at, connected, effective_mass, product, ratio
from nnft_ppl.statistics import Estimate, estimate
from nnft_ppl.theory import ModelError, ModelFile

CHAINS, DRAWS = 4, 1000


def standard(shape: tuple[int, ...] = (), seed: int = 0, correlation: float = 0.0) -> np.ndarray:
    """Series whose mean is 0 and the error of whose mean is 1, both as they are estimated."""
    series = autoregressive(np.random.default_rng(seed), correlation, (CHAINS, DRAWS, *shape))
    series = series - series.mean((0, 1))
    return series / estimate({"one": series}, independent=correlation == 0)["one"].error


def quoted(function, correlation: float = 0.0, **series: np.ndarray) -> Estimate:
    derived = function if isinstance(function, Derived) else Derived(function)
    return estimate(series, {"quantity": derived}, independent=correlation == 0)["quantity"]


@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("numerator", [0.0, 0.4, 200.0])
@pytest.mark.parametrize("errors", [0.3, 1.3, 2.2, 3.4, 4.4, -4.4, 6, 9, -30])
def test_a_denominator_within_five_errors_of_zero_has_no_error(errors: float, numerator: float, correlation: float):
    top, bottom = numerator + standard((), 1, correlation), errors + standard((), 2, correlation)
    one = quoted(ratio("top", "bottom"), correlation, top=top, bottom=bottom)
    assert np.isnan(one.error) == (abs(errors) < 5)
    assert one.value == pytest.approx(numerator / errors, abs=1e-9)
    if abs(errors) < 5:
        assert one.doubts == {(): f"its denominator (or logarithm) bottom is {abs(errors):.1f} errors from 0"}
        assert np.isnan([one.ess, one.second_error]).all()


@pytest.mark.parametrize(
    ("function", "mean", "trusted"),
    [
        (lambda m: jnp.log(m["x"]), 4.0, False),
        (lambda m: jnp.log(m["x"]), 6.0, True),
        (lambda m: jnp.sqrt(m["x"]), 3.0, False),
        (lambda m: m["x"] ** -2.0, 4.0, False),
        (lambda m: m["x"] ** 2, 0.5, False),  # it has the law of χ²
        (lambda m: m["x"] ** 2, 6.0, True),
        (lambda m: jnp.abs(m["x"]), 0.5, False),
        (lambda m: jnp.exp(m["x"]), 1.0, False),
        (lambda m: jnp.exp(m["x"] / 8), 1.0, True),
        (lambda m: 1 / (m["x"] - 7.0), 8.0, False),
        (lambda m: m["x"] / m["x"], 0.1, True),  # 1, whatever it is made of
        (lambda m: m["x"] / m["x"], 0.3, True),
        (lambda m: m["x"] - 3.0, 0.1, True),
        (lambda m: m["x"] ** 2 + 30 * m["x"], 0.1, True),
        (lambda m: jnp.maximum(m["x"], -40.0), 0.1, True),
    ],
)
def test_other_functions(function, mean: float, trusted: bool):
    assert np.isfinite(quoted(function, x=mean + standard()).error) == trusted


def test_correlations_decide():
    """The numerator is twice the denominator on every draw: the ratio is 2, however near to zero they are."""
    one = quoted(ratio("top", "bottom"), top=2 * (0.5 + standard()), bottom=0.5 + standard())
    assert (one.value, one.error, one.doubts) == (pytest.approx(2.0), pytest.approx(0, abs=1e-6), {})
    # A connected part: ⟨φ⟩² is nothing beside the error of ⟨φ²⟩.
    field = 1e-9 + standard()
    connected = quoted(lambda m: m["square"] - m["field"] ** 2, field=field, square=field**2)
    assert np.isfinite(connected.error)


def test_entries_stand_for_themselves_and_what_is_doubted_is_shown_without_error():
    means = np.array([900.0, 300.0, 100.0, 33.0, 11.0, 3.5, 1.0, -0.2])
    one = quoted(effective_mass("c", 1.0), c=means + standard((8,)))
    assert np.isnan(one.value).tolist() == [False] * 6 + [True]
    assert np.isnan(one.error).tolist() == [False] * 4 + [True] * 3
    assert one.doubts == {
        (4,): "its denominator (or logarithm) c[5] is 3.5 errors from 0",
        (5,): "its denominator (or logarithm) c[6] is 1.0 errors from 0",
    }
    assert str(one).count("(?)") == 3
    assert one.value[0] == pytest.approx(np.log(3))


def test_reweighted_draws_and_many_means():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 2000, 400)) + np.linspace(-0.05, 0.05, 400)
    weights = -0.3 * x[..., 0]
    found = estimate({"x": x}, {"inverse": Derived(lambda m: 1 / m["x"])}, weights, independent=True)
    near = np.abs(found["x"].value / found["x"].error) < 5
    nearest = np.argsort(np.abs(found["x"].value / found["x"].error))[:20]
    assert near.sum() > 200
    assert np.isnan(found["inverse"].error[nearest]).all()
    assert np.isfinite(found["inverse"].error[~near]).all()


def test_rounding_is_no_statistics():
    x = 0.3 + standard()
    zero = quoted(lambda m: (m["x"] + m["y"]) - m["y"] - m["x"], x=x, y=np.pi * x)
    assert (zero.value, zero.error) == (0.0, 0.0)
    noise = 1e-16 * np.random.default_rng(1).normal(size=(CHAINS, DRAWS))
    kept = estimate({"kept": 1.0 + noise})["kept"]
    assert (kept.error, str(kept)) == (0.0, "1")
    # Control: small and true.
    small = estimate({"small": 1e-20 * standard()})["small"]
    assert small.error == pytest.approx(1e-20, rel=0.2)


def test_a_function_that_cannot_be_hashed():
    class Odd:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, means):
            return 1 / means["x"]

    x = 2.0 + standard()
    assert np.isnan(estimate({"x": x}, {"odd": Odd()}, independent=True)["odd"].error)


def test_a_quantity_may_ask_for_one_declared_before_it():
    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        return lambda x: a * x[0]

    one = at([1.0])
    measured = {
        "square": product(one, one),
        "fourth": connected(one, one, one, one),
        "twice": Derived(lambda mean: 2 * mean["square"]),
        "ratio": Derived(lambda mean: (mean["fourth"] + mean["twice"]) / mean["square"] ** 2),
    }
    theory = Theory(ModelFile(model, "m", observables=lambda: measured))
    means = {"square": 2.0, "fourth.moments": jnp.array([0.0, 2.0, 0.0, 15.0])}
    assert float(theory.derived["ratio"](means)) == pytest.approx((15 - 12 + 4) / 4)
    with pytest.raises(ModelError, match="derived 'late' asks for 'ratio'"):
        Theory(ModelFile(model, "m", observables=lambda: {"late": Derived(lambda mean: mean["ratio"]), **measured}))
