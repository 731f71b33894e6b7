"""The Weyl anomaly on draws: traces by white noise, the dimension where they cancel, and what does not cancel."""

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, sigmas

from nnft_ppl import load, sample
from nnft_ppl.exact import (
    sphere_heat_trace,
    torus_area_term,
    torus_curvature_term,
    torus_heat_trace,
    torus_modes,
    torus_plane_flow,
)
from nnft_ppl.identities.improved import Improvement
from nnft_ppl.statistics import pulls
from nnft_ppl.symmetries import declared, generators
from nnft_ppl.symmetries.lift import lift_defect

REJECTED = 8.0


def drawn(name, seed, num_draws, **keywords):
    theory = load(name, **keywords)
    return theory, sample(theory, "reweight", num_draws=num_draws, seed=seed, keep="none", checks=False)


def furthest(estimate, exact):
    return float(np.max(np.abs(pulls(estimate, np.asarray(exact)))))


def test_twenty_six_with_an_error(seed):
    draws = 10_000
    theory, run = drawn("weyl_sphere", seed, draws // 4)
    estimates = run.estimates()
    for name in theory.exact:
        assert furthest(estimates[name], theory.exact[name]) < ACCEPTED
    critical = estimates["critical_dimension"]
    assert theory.exact["critical_dimension"] == pytest.approx(25.960, abs=5e-4)
    assert critical.error < 0.35
    # A million draws of each trace alone would have as large an error: of e^{−ελ} a², without the noise of the pole.
    alone = np.sqrt(2 * sphere_heat_trace(0, 0.1) / 1e6)
    assert critical.error < 26 * alone / theory.exact["traces"][0]
    # Controls: without zero modes; ghosts as bosons.
    control = theory.control.answers
    np.testing.assert_allclose(theory.exact["traces"] - control["traces"], [1, 3, 0], atol=1e-12)
    assert furthest(estimates["traces"], control["traces"]) > REJECTED
    assert furthest(critical, control["critical_dimension"]) > REJECTED


def test_few_modes_are_averaged_by_hand(key):
    theory = load("weyl_sphere", degree=5, epsilon=0.5, dimensions=10)
    improvement = Improvement(theory)
    assert improvement.names == ("traces",)
    improved = improvement(theory.free_draw(key))["traces"]
    np.testing.assert_allclose(improved, theory.exact["traces"], rtol=1e-12)
    assert theory.exact["counting"] == pytest.approx(16 / 3)
    assert theory.derived["counting"]({}) == pytest.approx(16 / 3)
    np.testing.assert_allclose(theory.derived["breaking"]({"traces": improved}), theory.exact["breaking"])


def test_curvature_of_a_torus(seed):
    theory, run = drawn("weyl_torus", seed, 5000)
    estimates = run.estimates()
    for name in theory.exact:
        assert furthest(estimates[name], theory.exact[name]) < ACCEPTED
    assert estimates["critical_dimension"].error < 0.5
    # The planes' pole is π I_1(2η)/ε.
    assert theory.exact["traces"][0] + torus_area_term(0.3, 0.3) == pytest.approx(
        torus_heat_trace(0, 0.3, 0.3, 8), abs=1e-5
    )
    # Controls: no curvature; and the ghosts' traces for that of the boson.
    assert furthest(estimates["traces"], np.zeros(3)) > REJECTED
    assert furthest(estimates["traces"], np.full(3, theory.exact["traces"][0])) > REJECTED


@pytest.mark.parametrize(
    ("name", "keywords", "trace"),
    [
        ("weyl_sphere", {"degree": 6, "epsilon": 0.2}, sphere_heat_trace(0, 0.2, 6)),
        ("weyl_torus", {"modes": 3, "epsilon": 1.5}, torus_heat_trace(0, 0.3, 1.5, 3)),
    ],
)
def test_the_jacobian_of_the_flow_is_the_trace(name, keywords, trace, key):
    """The lift does what the field action says; score and Jacobian are the two sides of one average."""
    theory = load(name, **keywords)
    (generator,) = generators(theory, "weyl", declared(theory)["weyl"])
    position = theory.free_draw(key)
    current = generator.current

    @jax.jit
    def looked(position):
        found = lift_defect(generator.name, theory, current, generator.variation, generator.points)(position)
        carried = current.carry(position, lambda returned, values: returned(generator.points[0]))
        return found.missed, carried.score, carried.jacobian

    missed, _, jacobian = looked(position)
    assert np.max(np.abs(missed)) < 1e-12
    assert jacobian == pytest.approx(trace, rel=1e-9)
    scores = jax.jit(jax.vmap(lambda position: looked(position)[1]))(
        jax.vmap(theory.free_draw)(jax.random.split(key, 4000))
    )
    assert sigmas(np.asarray(scores), -trace) < ACCEPTED
    assert sigmas(np.asarray(scores), -trace + 1) > REJECTED  # without the zero mode


def test_a_flat_measure_is_seen():
    """The boson at its control's keywords, as `nnft verify` draws it: the variance of a quadratic form."""
    curved = load("weyl_torus")
    assert curved.control.keywords == {"measure": "flat"}
    flat = load("weyl_torus", **curved.control.keywords)
    form = torus_modes(0, 0.3, 8, measure="flat").flow(0.3) - torus_plane_flow(0, 0.3, 0.3, 8, "flat")
    deviation = np.sqrt(2 * (np.sum(form[0] ** 2) + 2 * np.sum(form[1:] ** 2)))
    assert abs(flat.exact["traces"][0] - curved.exact["traces"][0]) > REJECTED * deviation / np.sqrt(80_000)
    # On more modes they are .0217 apart as ε → 0.
    assert torus_curvature_term(0.3, measure="flat") - torus_curvature_term(0.3) == pytest.approx(0.021741, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("weyl_sphere", {"degree": 1}, "weyl_sphere: degree = 1"),
        ("weyl_sphere", {"epsilon": 0.0}, "weyl_sphere: epsilon = 0"),
        ("weyl_sphere", {"dimensions": 0}, "weyl_sphere: dimensions = 0"),
        ("weyl_torus", {"epsilon": -1.0}, "weyl_torus: epsilon = -1"),
        ("weyl_torus", {"modes": 0}, "weyl_torus: modes = 0"),
        ("weyl_torus", {"eta": 0.0}, "eta = 0 is flat"),
        ("weyl_torus", {"eta": 1.0}, "modes end where the regulator is still 0.07; give more modes, or epsilon"),
        ("weyl_sphere", {"epsilon": 1e-3}, "modes end where the regulator is still 0.8; give more degree, or epsilon"),
        ("weyl_torus", {"measure": "round"}, "weyl_torus: measure = 'round'"),
        ("weyl_torus", {"eta": float("nan")}, "weyl_torus: eta"),
    ],
)
def test_mistakes_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
