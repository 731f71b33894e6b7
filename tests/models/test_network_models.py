"""The erf- and the cos-net: two-point functions and connected four- and six-point functions, with other networks'."""

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load, sample

ORDERS = ("two_point", "four_point", "six_point")


def measured(name: str, seed: int, **keywords):
    theory = load(name, width=2, **keywords)
    run = sample(theory, "reweight", num_draws=4000, seed=seed, keep="none", checks=False)
    return theory.exact, run.estimates()


def test_erf_net_and_a_kernel_without_its_factor_of_two(seed):
    exact, estimates = measured("erf_net", seed)
    for name in ORDERS:
        assert worst_pull(estimates[name], exact[name]) < ACCEPTED
    # Controls: the arcsine without its factors of 2; and no cumulants beyond the second.
    x, y = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -0.6], [-0.2, 0.6]]).T
    wrong = 1 + 2 / np.pi * np.arcsin((1 + x * y) / np.sqrt((2 + x**2) * (2 + y**2)))
    assert worst_pull(estimates["two_point"], wrong) > REJECTED
    assert worst_pull(estimates["four_point"], np.zeros(4)) > REJECTED
    assert worst_pull(estimates["six_point"], -exact["six_point"]) > REJECTED


def test_gain_is_the_network_of_the_wrong_kernel():
    theory = load("erf_net", gain=np.sqrt(0.5))
    assert theory.exact["two_point"][0] == pytest.approx(1.5903344706, abs=1e-10)


@pytest.mark.parametrize("amplitude", ["gaussian", "constant"])
def test_cos_net_and_the_other_amplitude_law(amplitude, seed):
    exact, estimates = measured("cos_net", seed, amplitude=amplitude)
    for name in ORDERS:
        assert worst_pull(estimates[name], exact[name]) < ACCEPTED
    other = {"gaussian": "constant", "constant": "gaussian"}[amplitude]
    wrong = load("cos_net", width=2, amplitude=other).exact
    assert worst_pull(estimates["two_point"], wrong["two_point"]) < ACCEPTED  # which they share
    for name in ("four_point", "six_point"):
        assert worst_pull(estimates[name], wrong[name]) > REJECTED


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("erf_net", {"width": 0}, "erf_net: width = 0; give an integer >= 1"),
        ("erf_net", {"sigma_b": -1.0}, "erf_net: sigma_b = -1.0; give a finite number >= 0"),
        ("cos_net", {"sigma_a": 0.0}, "cos_net: sigma_a = 0.0; give a finite number > 0"),
        ("cos_net", {"amplitude": "cauchy"}, "cos_net: amplitude = 'cauchy'; give one of 'gaussian'"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
