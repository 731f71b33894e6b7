"""Several components and two wells on a circle against diagonalisation, on free draws with weights."""

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, free_draws, worst_pull

from nnft_ppl import load, sample
from nnft_ppl.exact import well_spectrum
from nnft_ppl.statistics import estimate


@pytest.mark.parametrize("components", [2, 3])
def test_components_on_a_circle(components, seed):
    """The same draws, weighted with and without the term that breaks the symmetry."""
    theory = load("on_circle", components=components, modes=20, anisotropy=1.0)
    told = {"num_draws": 4000, "keep": "none", "checks": False, "reference": "bare"}
    data = sample(theory, "reweight", seed=seed, **told).data
    action = {name: values.values for name, values in data["action"].dataset.data_vars.items()}
    broken = sum(action.values())
    for weight, accepted in ((broken - action["anisotropy"], True), (broken, False)):
        weights = np.exp(np.min(weight) - weight).ravel()
        pulls = {}
        for name in ("two_point", "invariant"):
            values = data["observables"].dataset[name].values
            values = values.reshape(weights.size, -1).T
            mean = values @ weights / np.sum(weights)
            error = np.sqrt((values - mean[:, None]) ** 2 @ weights**2) / np.sum(weights)
            pulls[name] = np.abs(mean - np.ravel(theory.exact[name])) / error
        if accepted:
            assert max(np.max(one) for one in pulls.values()) < ACCEPTED
        else:
            # The first component is lighter than the others now.
            assert pulls["two_point"].reshape(components, -1)[0, 0] > REJECTED
            assert pulls["invariant"][0] > REJECTED


def test_two_wells_with_a_tilt(seed):
    theory = load("double_well_circle", modes=20, tilt=0.1)
    ensemble = sample(theory, "reweight", num_draws=6000, seed=seed, keep="none", checks=False)
    estimates = ensemble.estimates()
    for name in ("two_point", "sign"):
        assert worst_pull(estimates[name], theory.exact[name]) < ACCEPTED
    # Control: without the tilt; and chains that stay in one well, as an HMC run of a single start has them.
    assert abs(estimates["sign"].value) > REJECTED * estimates["sign"].error
    signs = ensemble.data["observables"].dataset["sign"].values.ravel()
    right = signs > 0
    weights = np.exp(ensemble.log_weights).ravel()[right]
    mean = np.sum(weights * signs[right]) / np.sum(weights)
    error = np.sqrt(np.sum(weights**2 * (signs[right] - mean) ** 2)) / np.sum(weights)
    assert abs(mean - float(theory.exact["sign"])) > REJECTED * error


def test_the_two_lowest_levels_of_two_wells(seed):
    """E₁ − E₀ = 0.0839 to a tenth from the signs of free draws; at the defaults it is too small to be seen."""
    theory = load("double_well_circle", period=8.0, mass_squared=-3.0)
    series, logs = free_draws(theory, 30_000, seed)
    found = estimate(series, theory.derived, logs, independent=True)["levels"]
    assert worst_pull(found, np.array([0.08387508])) < ACCEPTED
    assert found.error[0] < 0.1 * 0.08387508
    np.testing.assert_allclose(theory.exact["levels"], 0.08387508, atol=1e-8)
    assert theory.truncation["levels"][0] < 0.04 * 0.08387508
    # Control: the gap of deeper wells.
    energies = well_spectrum(6.0, -4.0)[0]
    assert worst_pull(found, energies[1:2] - energies[0]) > REJECTED
    for keywords in ({}, {"period": 8.0}, {"period": 8.0, "mass_squared": -3.0, "tilt": 0.1}):
        assert not load("double_well_circle", **keywords).derived


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("on_circle", {"coupling": -1.0}, "on_circle: coupling = -1.0; give a finite number >= 0"),
        ("on_circle", {"components": 0}, "on_circle: components = 0; give an integer >= 1"),
        ("double_well_circle", {"coupling": 0.0}, "double_well_circle: coupling = 0.0; give a finite number > 0"),
        ("double_well_circle", {"mass_squared": np.inf}, "mass_squared = inf; give a finite number"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
