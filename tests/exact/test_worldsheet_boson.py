"""The worldsheet boson: closed forms beside quadrature, and numbers that were computed elsewhere."""

import math

import numpy as np
import pytest

from nnft_ppl.exact import WorldsheetBoson

R = np.array([0.7, 1.0, 1.5])


def test_kernel_and_current():
    boson = WorldsheetBoson(100, 6.0, 0.05)
    assert boson.kernel(1.0) == pytest.approx(6.801156, abs=5e-7)
    assert boson.current(1.0) == pytest.approx(-0.998766, abs=5e-7)
    # The control: three halves of the cut-off.
    assert abs(WorldsheetBoson(100, 4.0, 0.05).current(1.0) + 0.998766) > 0.09
    wide = WorldsheetBoson(100, 1e4, 1e-5)
    np.testing.assert_allclose(np.diff(wide.kernel(R)), -2 * np.diff(np.log(R)), rtol=1e-8)
    step = 1e-3
    second = (boson.kernel(R + step) - 2 * boson.kernel(R) + boson.kernel(R - step)) / step**2
    first = (boson.kernel(R + step) - boson.kernel(R - step)) / (2 * step)
    np.testing.assert_allclose(boson.current(R), (first / R - second) / 4, rtol=1e-4)  # −∂² of a radial function


@pytest.mark.parametrize("spectrum", ["smooth", "annulus"])
def test_closed_forms_are_those_of_quadrature(spectrum):
    closed, summed = (WorldsheetBoson(10, 6.0, 0.5, spectrum=spectrum, mass=mass) for mass in (0.0, 1e-9))
    for name in ("kernel", "current", "central_charge"):
        np.testing.assert_allclose(getattr(closed, name)(R), getattr(summed, name)(R), rtol=1e-9)
    assert closed.kernel(0.0) == pytest.approx(2 * math.log(12), rel=1e-9)


def test_the_annulus_of_the_authors():
    annulus = WorldsheetBoson(100, 100.0, 0.01, 1.0, spectrum="annulus")
    np.testing.assert_allclose(annulus.kernel([0.5, 1.0, 2.0]), [5.412260, 4.720339, 4.027734], atol=5e-7)
    # Its current, −½ without cut-offs, oscillates with the cut-off, and so does c_N.
    assert np.ptp(annulus.current(np.array([0.9, 1.0, 1.1]))) > 3
    assert np.ptp(annulus.central_charge(np.array([0.9, 1.0, 1.1]))) > 10


@pytest.mark.parametrize(("amplitude", "value"), [("pair", 0.83341), ("gaussian", 0.84163)])
def test_central_charge_and_its_bias(amplitude, value):
    boson = WorldsheetBoson(100, 4.0, 0.05, amplitude=amplitude)
    assert boson.central_charge(1.0) == pytest.approx(value, abs=1e-5)
    assert (1 - 1 / 100) * boson.current(1.0) ** 2 == pytest.approx(0.81698, abs=5e-6)
    assert WorldsheetBoson(10**9, 30.0, 0.01, amplitude=amplitude).central_charge(R) == pytest.approx(1.0, abs=1e-6)
    # The control: with a mass z⁴⟨T T⟩ is no constant.
    assert np.ptp(WorldsheetBoson(10**9, 30.0, 0.01, amplitude=amplitude, mass=1.0).central_charge(R)) > 0.3


@pytest.mark.parametrize(
    ("amplitude", "width", "value"),
    [("gaussian", 10, 0.558950), ("gaussian", 1000, 0.500502), ("pair", 10, 0.537827), ("pair", 1000, 0.500244)],
)
def test_vertex_operators(amplitude, width, value):
    boson = WorldsheetBoson(width, 6.0, 0.05, amplitude=amplitude)
    assert boson.vertex(1.0, 0.5) == pytest.approx(value, abs=5e-7)
    assert math.exp(-0.25 * (boson.kernel(0.0) - boson.kernel(1.0))) == pytest.approx(0.499845, abs=5e-7)


@pytest.mark.parametrize("amplitude", ["gaussian", "pair"])
def test_virasoro_ward_identity_at_infinite_width_only(amplitude):
    w, charge = np.array([-1 + 0j, 0.5 + 1j]), 0.5
    predicted = charge**2 / 2 / (w * (w - 1)) ** 2
    found = {}
    for width in (20, 10**7):
        boson = WorldsheetBoson(width, 8.0, 0.02, amplitude=amplitude)
        found[width] = boson.stress_vertex(w, 1.0, charge) / boson.vertex(1.0, charge) / predicted
    np.testing.assert_allclose(found[10**7], 1, atol=1e-3)
    assert np.all(np.abs(found[20] - 1) > 1)


def test_phases_integrated_by_hand_are_those_summed():
    """⟨T V V⟩ of one neuron, whose phases and wave numbers are drawn."""
    rng, number, charge, w = np.random.default_rng(3), 200_000, 0.3, -1.0
    boson = WorldsheetBoson(1, 2.0, 0.5)
    scale = np.exp(-rng.uniform(-2 * math.log(2.0), -2 * math.log(0.5), number) / 2) / math.sqrt(2)
    k, phase = scale[:, None] * rng.normal(size=(number, 2)), rng.uniform(0, 2 * math.pi, number)
    size = boson.squared_amplitude(1.0)
    d, e = np.cos(k[:, 0] + phase) - np.cos(phase), -(k[:, 0] - 1j * k[:, 1]) / 2 * np.sin(k[:, 0] * w + phase)
    f = np.exp(-(charge**2) * size * d**2 / 2)
    stress = -(size * e**2 - charge**2 * (size * e * d) ** 2) * f / 2
    for sampled, known in (
        (f, boson.vertex(1.0, charge)),
        (stress.real, boson.stress_vertex([w], 1.0, charge)[0].real),
    ):
        error = np.std(sampled) / math.sqrt(number)
        assert abs(np.mean(sampled) - known) < 5 * error
    assert abs(np.mean(stress.real) - WorldsheetBoson(2, 2.0, 0.5).stress_vertex([w], 1.0, charge)[0].real) > 8 * error


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"width": 0}, "WorldsheetBoson: width = 0; give an integer >= 1"),
        ({"ir": 6.0}, "WorldsheetBoson: ir = 6.0 and uv = 6.0; give ir < uv"),
        ({"uv": -1.0}, "WorldsheetBoson: uv = -1.0"),
        ({"mass": -1.0}, "WorldsheetBoson: mass = -1.0"),
        ({"amplitude": "constant"}, "WorldsheetBoson: amplitude = 'constant'; give one of 'gaussian'"),
        ({"spectrum": "hard"}, "WorldsheetBoson: spectrum = 'hard'; give one of 'smooth'"),
    ],
)
def test_bad_arguments(keywords, message):
    with pytest.raises(ValueError, match=message):
        WorldsheetBoson(**{"width": 4, "uv": 6.0, "ir": 0.05, **keywords})
