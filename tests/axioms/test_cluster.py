"""Cluster decomposition: constants of networks of finite width, and what falls off."""

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from schwinger_draws import concluded, row
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, load
from nnft_ppl.axioms import ClusterDecomposition, SchwingerAxioms
from nnft_ppl.axioms.judged_draws import JudgedDraws
from nnft_ppl.exact import ball_propagator, cosine_connected, separated_fourth_cumulant
from nnft_ppl.spaces import Box, Circle, Lattice, Line, Sphere, Torus, Unbounded
from nnft_ppl.theory import ModelFile


@pytest.mark.parametrize(("dim", "cutoff", "expected"), [(1, 10.0, 9.882), (2, 5.0, 5.794)])
def test_limit_of_the_plane_wave_network(dim, cutoff, expected):
    squared = float(ball_propagator(0.0, dim, 1.0, cutoff)) ** 2
    found = 7 * separated_fourth_cumulant(7, dim, 1.0, cutoff, -1.0, 3.0) / squared
    assert found == pytest.approx(expected, abs=6e-4)
    assert separated_fourth_cumulant(7, dim, 1.0, cutoff, 0.0, 3.0) == pytest.approx(2 * squared / 7)


def test_limit_of_the_cos_net():
    """2 G(0)²/N: pairs of points at 50, where the Gaussian kernel has gone."""
    far = [0.0, 0.0, 50.0, 50.0]
    assert cosine_connected(far, 8, 1.3, 1.0, "gaussian") == pytest.approx(2 * (1.3**2 / 2) ** 2 / 8, rel=1e-12)


def test_plane_waves_do_not_cluster_and_by_how_much(key):
    theory = load("free_scalar", dim=1, width=8, cutoff=10.0, alpha=-1)
    axioms = SchwingerAxioms(theory, distance=50.0)
    found = concluded(axioms, theory, key, 2000)["cluster"]
    square = row(found, observable="square")
    assert square["verdict"] == found["verdict"] == "does not cluster"
    exact = separated_fourth_cumulant(8, 1, 1.0, 10.0, -1.0, 3.0)
    assert abs(square["value"] - exact) < ACCEPTED * square["error"]
    assert abs(square["ratio"] - 9.882 / 8) < ACCEPTED * square["ratio_error"]
    assert abs(square["value"]) > REJECTED * square["error"]  # nor that of N → ∞
    assert abs(square["value"] - exact / 2) > REJECTED * square["error"]  # nor that of 16 neurons
    assert row(found, observable="field")["verdict"] == "clusters"
    assert "at a distance of 50" in found["text"]


def random_size(variance=0.5, modes=60, side=20.0):
    """A Gaussian field on a circle times a random amplitude A with E[A²] = 1."""
    squared = numpyro.sample("squared", dist.Gamma(1 / variance, 1 / variance)) if variance else 1.0
    waves = 2 * np.pi / side * np.arange(modes)
    z = numpyro.sample("z", dist.Normal(0, 1).expand([2, modes]).to_event(2))
    size = jnp.sqrt(squared * np.where(waves > 0, 2, 1) / side / (waves**2 + 1))
    return lambda x: (size * z[0]) @ jnp.cos(waves * x[0]) + (size * z[1]) @ jnp.sin(waves * x[0])


def gamma_size(key, variance, draws):
    theory = Theory(random_size, variance=variance)
    found = concluded(SchwingerAxioms(theory, distance=8.0), theory, key, draws)["cluster"]
    return found, row(found, observable="square")


def test_a_random_amplitude_never_clusters(key):
    found, square = gamma_size(key, 0.5, 2000)
    assert found["verdict"] == square["verdict"] == "does not cluster"
    # Var(A²) G(0)² at any number of modes; 2 E[A⁴] G(8)² is far below the error.
    assert abs(square["ratio"] - 0.5) < ACCEPTED * square["ratio_error"]
    assert abs(square["ratio"]) > REJECTED * square["ratio_error"]


def test_a_gaussian_field_clusters(key):
    """Its amplitudes are averaged by hand: nothing varies, and nothing needs an error but the bounded function."""
    found, square = gamma_size(key, 0.0, 1000)
    assert square["error"] < 1e-12 < square["value"]
    assert square["verdict"] == found["verdict"] == "clusters"


def synthetic(rng, near, far, number=1000, mean=0.0):
    """A field at pairs with given correlations, and at none else."""
    found = []
    for correlation in (near, far):
        x, y = rng.normal(size=(2, 4, number))
        found.append(np.stack([x, correlation * x + np.sqrt(1 - correlation**2) * y], axis=-1) + mean)
    values = np.stack(found, axis=2)
    product = values.prod(axis=-1)[..., None]
    squares = np.concatenate([product**2, values**2], axis=-1)
    return {
        "field.field": np.concatenate([product, values], axis=-1),
        "square.field": squares,
        "values.field": np.abs(values),
    }


def judged(series, **told):
    number = next(iter(series.values())).shape[1]
    return ClusterDecomposition(Unbounded(1)).conclude(series, JudgedDraws((4, number), independent=True), **told)


@pytest.mark.parametrize(
    ("near", "far", "verdict"),
    [
        (0.9, 0.9, "does not cluster"),
        (0.9, 0.05, "clusters"),
        (0.9, 0.2, "undecided"),
        (0.0, 0.0, "clusters"),
        (0.9, 0.56, "undecided"),
        (0.3, 0.9, "does not cluster"),
    ],
)
def test_verdicts_by_what_is_left(rng, near, far, verdict):
    found = row(judged(synthetic(rng, near, far, number=3000)), observable="field")
    assert found["verdict"] == verdict
    assert abs(found["ratio"] - far) < ACCEPTED * found["ratio_error"]
    assert (found["text"].endswith("look farther")) == (verdict == "undecided")


def test_a_mean_is_taken_off(rng):
    found = row(judged(synthetic(rng, 0.0, 0.0, mean=1.0), tolerance=0.1), observable="field")
    assert abs(found["value"]) < ACCEPTED * found["error"]
    assert found["verdict"] == "clusters"


def test_undecided_says_how_many_draws_would_decide(rng):
    found = judged(synthetic(rng, 0.0, 0.0, number=50))
    assert found["verdict"] == "undecided"
    most = max(found["rows"], key=lambda one: one["draws_needed"] or 0)
    assert most["draws_needed"] == found["draws_needed"] > 200
    assert most["text"].endswith(f"(needs {found['draws_needed']:.0e} draws)")
    assert judged(synthetic(rng, 0.0, 0.0, number=int(found["draws_needed"] / 4)))["verdict"] == "clusters"


def test_draws_that_are_not_finite_lose_their_row(rng):
    series = synthetic(rng, 0.0, 0.0)
    series["square.field"][0, 0, 1, 0] = np.inf
    found = judged(series)
    assert row(found, observable="square")["text"] == "it is not finite on some draws"
    assert np.isnan(row(found, observable="square")["value"])
    assert row(found, observable="field")["verdict"] == "clusters"


@pytest.mark.parametrize(
    ("region", "distance", "farthest"),
    [
        (Circle(4.0), None, 2.0),
        (Torus((6.0, 2.0)), None, 3.0),
        (Box(8.0, 2), None, 4.0),
        (Box(8.0, 2), 50.0, 50.0),
        (Unbounded(3), None, 50.0),
        (Lattice(8), None, 4.0),
        (Lattice((9, 3), periodic=False), None, 4.0),
        (Line([0.0, 0.5, 1.0, 2.0]), None, 2.0),
        (Sphere(), None, np.pi),
    ],
)
def test_how_far_a_region_goes(region, distance, farthest):
    found = ClusterDecomposition(region, distance)
    assert found.distances[1] == pytest.approx(farthest)
    assert 0 < found.distances[0] < farthest
    assert found.points.shape == (2, 2, region.dim)
    if not isinstance(region, Sphere):
        np.testing.assert_allclose(np.abs(np.diff(found.points[..., 0], axis=1))[:, 0], found.distances)
    free = ClusterDecomposition(Box(8.0, 2), acts=False)
    assert free.distances == (25.0, 100.0)  # a free field goes on outside its box


@pytest.mark.parametrize(
    ("region", "distance", "message"),
    [
        (Circle(4.0), 2.5, "distance = 2.5 lies outside the region, .* at most 2 apart .*; give a distance up to 2"),
        (Circle(4.0), -1.0, "distance = -1"),
        (Unbounded(1), np.nan, "distance = nan"),
        (Lattice(2), None, "no two pairs of points at .* too small for the question"),
    ],
)
def test_distances_that_are_not_there(region, distance, message):
    with pytest.raises(ValueError, match=message):
        ClusterDecomposition(region, distance)


def test_a_region_that_is_too_small_loses_this_axiom_alone():
    def pair():
        spins = numpyro.sample("spins", dist.Normal(0, 1).expand([2]).to_event(1))
        return lambda x: spins[jnp.round(x[0]).astype(int)]

    theory = Theory(ModelFile(pair, "pair", space=lambda: Lattice(2)))
    axioms = SchwingerAxioms(theory)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 500, 3))
    findings = axioms.conclude({"euclidean:two points.field": values}, independent=True)
    assert findings["cluster"]["verdict"] == "undecided"
    assert "too small for the question" in findings["cluster"]["text"]
    assert findings["euclidean"]["verdict"] == "kept"
    with pytest.raises(ValueError, match="distance = 5 lies outside the region"):
        SchwingerAxioms(theory, distance=5.0)
