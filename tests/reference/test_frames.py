"""The maps of a Gaussian reference: inverses, determinants and covariances, to rounding."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory, load
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.reference import Gaussian
from nnft_ppl.reference.coarse_grid import coarse_rules
from nnft_ppl.reference.gaussian import Dense, Diagonal, LowRank
from nnft_ppl.spaces import Box, Circle, Lattice
from nnft_ppl.spaces.on_axes import on_axes
from nnft_ppl.theory import ModelFile

THEORIES = {
    "diagonal": ("phi4_circle", {"modes": 5}),
    "dense": ("phi4", {"width": 12, "side": 3.0}),
    "pairs": ("phi4", {"width": 6, "side": 3.0, "amplitude": "pair", "alpha": -1}),
    "low rank": ("phi4", {"width": 90, "side": 3.0}),
}


@pytest.fixture(params=THEORIES)
def found(request):
    """(name, theory, Gaussian, a point)."""
    name, keywords = THEORIES[request.param]
    theory = load(name, **keywords)
    sites = ("amplitude",) if name == "phi4" else tuple(site.label for site in theory.sites)
    return request.param, theory, Gaussian(theory, sites), theory.free_draw(jax.random.key(3))


def features_by_hand(theory, gaussian, position, axes):
    """Rows h_i(x) on a grid: the field with one amplitude 1 and the others 0."""
    amplitudes, parts = gaussian.split(position)
    units = jnp.eye(len(amplitudes))
    fields = [theory.realise(gaussian.join(unit, parts)) for unit in units]
    return np.stack([np.ravel(on_axes(field, axes)) for field in fields], axis=1)


def test_frames_are_what_they_say(found):
    kind, _, gaussian, position = found
    frame = gaussian.frame(position, jnp.array([1.7]))
    assert isinstance(frame, {"diagonal": Diagonal, "low rank": LowRank}.get(kind, Dense))
    amplitudes, _ = gaussian.split(position)
    matrix = np.asarray(jax.jacfwd(frame.place)(amplitudes))
    np.testing.assert_allclose(frame.place(amplitudes), matrix @ amplitudes, atol=1e-13)
    np.testing.assert_allclose(frame.back(frame.place(amplitudes)), amplitudes, atol=1e-12)
    np.testing.assert_allclose(frame.log_det, np.linalg.slogdet(matrix)[1], atol=1e-12)
    np.testing.assert_allclose(frame.held, np.trace(np.eye(len(matrix)) - matrix @ matrix.T), rtol=1e-6)
    rows = np.random.default_rng(0).normal(size=(3, len(amplitudes)))
    np.testing.assert_allclose(frame.project(jnp.asarray(rows)), rows @ matrix, atol=1e-12)
    np.testing.assert_allclose(frame.project(jnp.asarray(rows[0])), rows[0] @ matrix, atol=1e-12)


def test_covariances_are_those_of_the_quadratic_part(found):
    kind, theory, gaussian, position = found
    rules = list(zip(theory.space.axes, theory.space.weights, strict=True))
    weights = np.array(1.0)
    for _, own in rules:
        weights = np.multiply.outer(weights, own)
    rows = features_by_hand(theory, gaussian, position, [points for points, _ in rules])
    wanted = rows.T @ (weights.ravel()[:, None] * rows)
    frame = gaussian.frame(position, jnp.array([1.7]))
    inverse = np.linalg.inv(np.asarray(jax.jacfwd(frame.place)(jnp.zeros(gaussian.amplitudes))))
    found_quadratic = (inverse.T @ inverse - np.eye(gaussian.amplitudes)) / 1.7
    # The coarse grid of a box is a midpoint rule; a circle keeps its points.
    np.testing.assert_allclose(found_quadratic, wanted, atol=(1e-12 if kind == "diagonal" else 0.03) * np.max(wanted))


def test_neurons_apart_give_the_features_of_the_whole_field(found):
    kind, theory, gaussian, position = found
    neurons = gaussian._features.neurons
    assert (neurons is None) == (kind == "diagonal")
    if neurons is None:
        return
    axes = [np.linspace(-1, 1, 4), np.linspace(-1, 2, 3)]
    by_hand = features_by_hand(theory, gaussian, position, axes)
    rows = np.asarray(neurons.on_axes(position, axes)).reshape(by_hand.shape)
    np.testing.assert_allclose(rows, by_hand, atol=1e-12)


def test_neurons_that_act_on_each_other_are_not_taken_apart():
    """Amplitudes in turned coordinates: every neuron feels all of them."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]

    def model():
        amplitude = numpyro.sample("amplitude", dist.Normal(0, 1).expand([5]).to_event(1))
        momentum = numpyro.sample("momentum", dist.Normal(0, 1).expand([5, 1]).to_event(2))
        return PlaneWaves(turn @ amplitude, momentum, np.zeros(5))

    theory = Theory(replace(ModelFile.of(model), space=lambda: Box(2.0, 1)))
    gaussian, position = Gaussian(theory, ("amplitude",)), theory.free_draw(jax.random.key(0))
    assert gaussian._features.neurons is None
    axes = [gaussian._features._axes[0]]
    by_hand = features_by_hand(theory, gaussian, position, axes)
    rows = np.asarray(gaussian._features(position)) / gaussian._features._roots[:, None]
    np.testing.assert_allclose(rows, by_hand, atol=1e-12)


@pytest.mark.parametrize(
    ("space", "number"),
    [
        (Box(8.0, 1, bandlimit=16.0), 11),
        (Box(8.0, 1, points=64), 20),
        (Box(8.0, 1, points=6), 6),
        (Circle(5.0, points=40), 20),
        (Lattice((30,)), 30),
    ],
)
def test_coarse_grids_have_the_measure_in_equal_shares(space, number):
    ((points, weights),) = coarse_rules(space)
    assert len(points) == number
    np.testing.assert_allclose(np.sum(weights), np.sum(space.weights[0]), rtol=1e-12)
    assert np.all(np.diff(points) > 0)
    if number not in (6, 30):
        assert np.ptp(weights) < 1e-12
        np.testing.assert_allclose(np.diff(points), np.sum(weights) / number, rtol=0.05)
