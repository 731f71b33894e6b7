"""Masses of neighbourhoods are those of the density, Gaussian or not."""

import numpy as np
import pytest
from scipy import integrate, stats

from nnft_ppl.modes.neighbourhood import neighbourhood


@pytest.mark.parametrize("dimension", [1, 3, 40])
def test_half_of_a_gaussian(dimension: int):
    random = np.random.default_rng(1)
    root = random.normal(size=(dimension, dimension)) + 3 * np.eye(dimension)
    curvature, place = root.T @ root, random.normal(size=dimension)
    around = neighbourhood(place, curvature, lambda z: -0.5 * np.sum(((z - place) @ root.T) ** 2, axis=1))
    assert around.log_mass + np.log(2) == pytest.approx(-np.linalg.slogdet(root)[1], abs=5 / np.sqrt(512))
    inside = around.holds(place + np.linalg.solve(root, random.normal(size=(dimension, 4000))).T)
    assert np.mean(inside) == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(4000) + 0.01)  # the median is to 1 %


def test_what_laplace_gets_wrong():
    def energy(z):
        return 0.5 * z**2 + 30 * z**4

    around = neighbourhood(np.zeros(1), np.eye(1), lambda z: -energy(z[:, 0]))
    radius = np.sqrt(stats.chi2.median(1))
    exact = np.log(integrate.quad(lambda z: np.exp(-energy(z)), -radius, radius)[0] / np.sqrt(2 * np.pi))
    error = 1 / np.sqrt(around.effective)
    assert around.log_mass == pytest.approx(exact, abs=5 * error)
    assert exact < -5 * error  # Laplace's mass is 1


def test_how_many_draws_should_be_there():
    one = neighbourhood(np.zeros(1), np.eye(1), lambda z: -0.5 * z[:, 0] ** 2)
    other = neighbourhood(np.ones(1), np.eye(1), lambda z: -np.log(4) - 0.5 * (z[:, 0] - 1) ** 2)
    assert other.expected(one, 1000) == pytest.approx(250)
    assert np.isnan(other.expected(one, 3))
    nowhere = neighbourhood(np.zeros(1), np.eye(1), lambda z: np.full(len(z), np.nan))
    assert np.isnan(nowhere.expected(one, 1000))
