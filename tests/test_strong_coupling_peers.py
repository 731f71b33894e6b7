"""Peers of the strong-coupling and start-up sections: the lattice is exact, every moment of a run counts once."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from benchmarks.peers import lattice
from benchmarks.sections.strong import draws_per_second, seconds_needed
from benchmarks.startup import COMPILING, KINDS, TRACING, Span, parts
from benchmarks.strong import DISTANCE, sampled, theory_of
from nnft_ppl import load
from nnft_ppl.observables import box_average

SIDE, COUPLING, MODES = 3.0, 6.0, 1
DRAWS = 20_000


def reweighted(key, mass):
    """G(1) and ⟨φ²⟩ of the same theory from weighted free draws, and their errors."""
    theory = load("phi4_torus", side=SIDE, coupling=COUPLING, modes=MODES, mass=mass, counterterm=False)

    def measure(one):
        reading = theory.at(theory.free_draw(one))
        pairs = reading.returned.translation_average(jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        return jnp.stack([jnp.mean(pairs[:2]), pairs[2]]), reading.potential

    values, action = jax.jit(jax.vmap(measure))(jax.random.split(key, DRAWS))
    weight = np.exp(-np.asarray(action))[:, None]
    mean = np.sum(weight * values, 0) / np.sum(weight)
    return mean, np.sqrt(np.sum((weight * (values - mean)) ** 2, 0)) / np.sum(weight)


def test_the_lattice_is_exact(key):
    found = lattice.run(
        0.0, COUPLING, SIDE, MODES, seconds=0.0, points=4 * MODES + 4, r=1.0, block=200
    )  # one block after the warm-up, however busy the machine
    assert found["draws"] == 200 * lattice.CHAINS
    assert found["heavy"] > 1.5
    one, two = (found["estimates"][name] for name in ("two_point", "phi_squared"))
    value, error = np.array([one["value"], two["value"]]), np.array([one["error"], two["error"]])

    def pulls(mass):
        mean, own = reweighted(key, mass)
        return np.abs(mean - value) / np.hypot(own, error)

    assert np.max(pulls(1.0)) < ACCEPTED
    # Control: the mass of the kinetic term in place of the theory's.
    assert np.max(pulls(math.sqrt(found["heavy"]))) > REJECTED


def test_both_models_measure_the_distance_that_is_compared(key):
    torus = theory_of("phi4_torus", side=4.0, coupling=1.0)
    assert torus.shapes == {"two_point": (1,), "phi_squared": ()}
    phi = torus.at(torus.free_draw(key)).returned
    own = torus.observables["two_point"](phi)[0]
    each = phi.translation_average(DISTANCE * np.eye(2))
    np.testing.assert_allclose(own, np.mean(each))
    box = theory_of("phi4", side=4.0, coupling=1.0, pairs=2)
    phi = box.at(box.free_draw(key)).returned
    half = np.array([DISTANCE / 2, 0.0])
    centres = [np.array([x, y]) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]
    pairs = [phi(jnp.asarray(c - half)) * phi(jnp.asarray(c + half)) for c in centres]
    np.testing.assert_allclose(box.observables["two_point"](phi)[0], np.mean(pairs))
    np.testing.assert_allclose(box.observables["phi_squared"](phi), box_average(box.space, 2)(phi))


def test_a_sampler_draws_until_its_time_is_up():
    theory = load("phi4_circle", coupling=0.0, modes=2)
    answer = sampled(theory, "reweight", seconds=1e-3, seed=0)
    assert answer["sampler"] == "reweight"
    assert answer["draws"] > 0
    assert answer["seconds_per_draw"] > 0
    assert 0 < answer["ready"] <= answer["wall"]


@pytest.mark.parametrize("answer", [{"failed": "stuck", "wall": 3.0}, {"failed": "nothing in 300 s"}])
def test_who_failed_needs_for_ever(answer):
    assert seconds_needed(answer) == math.inf
    assert draws_per_second(answer) == 1e-3


def test_time_to_one_per_cent():
    pair = {"value": [0.5], "error": [0.01], "ess": [50.0]}
    answer = {"draws": 100, "seconds_per_draw": 0.1, "estimates": {"two_point": pair}}
    assert seconds_needed(answer) == pytest.approx(100 * 4 * 0.1)
    assert draws_per_second(answer) == pytest.approx(5.0)


def test_every_moment_of_a_run_counts_once():
    marks = [("import", 0.0), ("identities", 1.0), ("compiling hmc", 3.0), ("drawing by hmc", 6.0), ("estimates", 8.0)]
    spans = [
        Span(COMPILING, 0.2, 0.6, aside=False),  # an import's
        Span(TRACING[0], 1.0, 2.0, aside=False),
        Span(TRACING[0], 1.2, 1.5, aside=False),  # inside the other
        Span(TRACING[1], 1.9, 2.2, aside=False),
        Span(COMPILING, 2.5, 4.0, aside=True),  # waited for
        Span(COMPILING, 6.5, 7.5, aside=True),  # beside draws
        Span("/jax/something/else", 8.0, 9.0, aside=False),
    ]
    found = parts(marks, spans, 9.0)
    assert found == pytest.approx({"import": 1.0, "trace": 1.2, "compile": 1.5, "draw": 4.0, "rest": 1.3}, abs=5e-3)
    assert set(found) == set(KINDS)
