"""Four tachyons: closed forms, and integrals over the closed kernel with cut-offs that are taken away."""

import math

import numpy as np
import pytest

from nnft_ppl.exact import TachyonAmplitude, veneziano, virasoro_shapiro


def removed(low: np.ndarray, high: np.ndarray, power: float) -> np.ndarray:
    """Cut-offs uv and 2 uv extrapolated in uv^−power."""
    return (2**power * high - low) / (2**power - 1)


def test_closed_forms():
    assert virasoro_shapiro(1 / 3, 1 / 3) == pytest.approx(24.3258848, abs=5e-8)
    assert veneziano(1 / 3, 1 / 3) == pytest.approx(5.2999163, abs=5e-8)
    assert virasoro_shapiro(0.2, 0.3) == pytest.approx(virasoro_shapiro(0.5, 0.2))  # a, b and c are alike


@pytest.fixture(scope="module")
def amplitudes() -> list[TachyonAmplitude]:
    return [TachyonAmplitude(uv) for uv in (50.0, 100.0)]


def test_closed_kernel(amplitudes):
    low, high = (one.closed.limit() for one in amplitudes)
    assert [low[0], high[0]] == pytest.approx([22.202, 23.000], abs=1e-3)
    known = virasoro_shapiro(1 / 3, 1 / 3)
    np.testing.assert_allclose(removed(low, high, 2 / 3), known, rtol=0.01)
    assert abs(high[0] / known - 1) > 0.05  # so much is missing at the larger cut-off


def test_open_strings_by_images(amplitudes):
    low, high = (one.opened.limit()[0] for one in amplitudes)
    assert removed(low, high, 1 / 3) == pytest.approx(veneziano(1 / 3, 1 / 3), rel=0.005)
    assert abs(high / veneziano(1 / 3, 1 / 3) - 1) > 0.15


@pytest.mark.parametrize("shell", [0.8, 1.1])
def test_crossing_is_violated_off_the_mass_shell(shell):
    around = TachyonAmplitude(shell=shell).closed.limit()
    assert abs(math.log(around[2] / around[0])) > 0.4
    on_shell = TachyonAmplitude().closed.limit()
    assert abs(math.log(on_shell[2] / on_shell[0])) < 0.1  # by what the cut-off takes away


def test_moments_of_one_neuron_and_what_is_left_out():
    found, number, width = TachyonAmplitude(50.0, 1e-6), 400_000, 100_000
    rng, z = np.random.default_rng(7), 0.4 + 0.3j
    one = found.integral(np.array([[z]]), np.ones((1, 1)), 2.0)
    scale = np.exp(-rng.uniform(-2 * math.log(50.0), -2 * math.log(1e-6), number) / 2) / math.sqrt(2)
    k, phase = scale[:, None] * rng.normal(size=(number, 2)), rng.uniform(0, 2 * math.pi, number)
    c = np.stack([np.cos(k[:, 0] * p.real + k[:, 1] * p.imag + phase) for p in (0j, z, 1 + 0j, 1000 + 0j)])
    y = one.size * ((4 / 3) * np.sum(c**2, axis=0) - np.sum(c, axis=0) ** 2 / 3)
    for power, known in ((1, one.first), (2, one.second)):
        assert abs(np.mean(y**power) - known[0, 0]) < 5 * np.std(y**power) / math.sqrt(number)
    assert abs(np.mean(y) - 1.05 * one.first[0, 0]) > 6 * np.std(y) / math.sqrt(number)
    # The third moment, which the bound covers.
    value, slope = one.tangent(width)
    assert 0 < np.mean(y**3) / (6 * width**3) * slope[0, 0] < one.truncation(width)[0] < 1e-4 * value[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TachyonAmplitude(shell=0.0), "TachyonAmplitude: shell = 0.0; give a finite number > 0"),
        (lambda: TachyonAmplitude(far=0.5), "TachyonAmplitude: far = 0.5"),
        (lambda: TachyonAmplitude(uv=1e-7), "WorldsheetBoson: ir = 1e-06 and uv = 1e-07; give ir < uv"),
        (lambda: virasoro_shapiro(0.5, 0.6), "virasoro_shapiro: 1-a-b = -0.0999"),
        (lambda: veneziano(0.0, 1.0), "veneziano: a = 0.0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
