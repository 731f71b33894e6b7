"""The engineered scalar: cut-off propagators, amplitude laws, and the finite-width slope of φ⁴."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import Theory, load, sample
from nnft_ppl.exact import ball_propagator
from nnft_ppl.families import scalar_observables
from nnft_ppl.statistics import median_of_means

# dG(0,0)/dλ at λ = 0 for d = 1, Λ = 10, side 4, α = −1 (docs/theory/scalar.md); other cases: calibration/slopes.py.
SLOPE = -0.210115  # at N = 16
INFINITE_WIDTH_SLOPE = -0.057430


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize("alpha", [-1, 0])
def test_free_two_point_is_the_cutoff_propagator(dim, alpha, seed):
    """Within 5 errors of the cut-off formula at every distance; Λ = ∞ is rejected by the same draws."""
    theory = load("free_scalar", dim=dim, width=4, cutoff=3.0, side=4.0, alpha=alpha)
    run = sample(measuring(theory, only_two_point), "reweight", num_draws=10_000, seed=seed, keep="none", checks=False)
    estimate = run.estimates()["two_point"]
    assert worst_pull(estimate, theory.exact["two_point"]) < ACCEPTED
    without_cutoff = ball_propagator(np.array([0.0, 0.5, 1.0, 2.0]), dim, 1.0)
    assert worst_pull(estimate, without_cutoff) > REJECTED


def measuring(theory: Theory, observables: Callable) -> Theory:
    """The same theory with fewer observables, which is quicker to compile and run."""
    return Theory(replace(theory.file, observables=observables, exact=None, curves=None), **theory.keywords)


def only_fourth(side, dim, mass, cutoff):
    return {"phi_fourth": scalar_observables(side, dim, mass, cutoff)["phi_fourth"]}


def only_two_point(side, dim, mass, cutoff):
    return {"two_point": scalar_observables(side, dim, mass, cutoff)["two_point"]}


@pytest.mark.parametrize(("amplitude", "excess"), [("gaussian", 1.5), ("constant", -1.5), ("pair", 0.0)])
def test_kurtosis_of_the_amplitude_laws(amplitude, excess, seed):
    """N κ₄/G(0)² is 3/2, −3/2, 0 at α = 0 at any cut-off; the other laws' values are rejected."""
    width = 2
    theory = load("free_scalar", dim=1, width=width, cutoff=5.0, side=2.0, alpha=0, amplitude=amplitude)
    light = measuring(theory, only_fourth)
    estimates = sample(light, "reweight", num_draws=20_000, seed=seed, keep="none", checks=False).estimates()
    fourth, squared = estimates["phi_fourth"], float(theory.exact["phi_squared"])
    assert float(theory.exact["phi_fourth"]) == pytest.approx((3 + excess / width) * squared**2)
    assert worst_pull(fourth, theory.exact["phi_fourth"]) < ACCEPTED
    for other in {1.5, -1.5, 0.0} - {excess}:
        assert worst_pull(fourth, (3 + other / width) * squared**2) > REJECTED


def test_finite_width_slope(seed):
    """dG(0,0)/dλ = −Cov_free(φ(0)², S/λ) is the finite-width value; the infinite-width one is rejected."""
    theory = load("phi4", dim=1, cutoff=10.0, side=4.0, width=16, alpha=-1, coupling=1.0)
    theory = measuring(theory, only_two_point)
    data = sample(theory, "reweight", num_draws=20_000, seed=seed, keep="none", checks=False).data
    squared = data["observables"].dataset["two_point"].values[..., 0].reshape(-1)
    action = data["action"].dataset["quartic"].values.reshape(-1)
    products = -(squared - squared.mean()) * (action - action.mean())
    mean, error = products.mean(), products.std() / np.sqrt(products.size)
    median, median_error = median_of_means(products)
    assert abs(mean - SLOPE) < ACCEPTED * error
    # Heavy tails (kurtosis 10³ to 10⁴): the median of means must tell the same.
    assert abs(median - SLOPE) < ACCEPTED * median_error
    assert abs(mean - INFINITE_WIDTH_SLOPE) > 10 * error


def test_normal_ordering_shifts_the_mass():
    """`counterterm=True` adds −(λ/4) G_Λ(0) ∫ φ²."""
    import jax.numpy as jnp

    theory = load("phi4", width=3, counterterm=True, coupling=2.0)
    reading = theory.at(jnp.linspace(-1, 1, theory.dimension))
    box = theory.space
    squared = box.integrate(box.evaluate(reading.returned) ** 2)
    expected = -2.0 / 4 * float(ball_propagator(np.array([0.0]), 2, 1.0, 4.0)[0]) * squared
    assert float(reading.action_terms["counterterm"]) == pytest.approx(float(expected), rel=1e-10)
