"""The Weyl anomaly by exact traces: a round sphere, numbers of modes, a torus with curvature; and controls."""

import numpy as np
import pytest
from scipy.special import zeta

from nnft_ppl.exact import (
    Tower,
    critical_dimension,
    finite_part,
    sphere_heat_trace,
    sphere_mode_count,
    sphere_spectrum,
    sphere_zero_modes,
    string_towers,
    torus_area_term,
    torus_curvature_term,
    torus_heat_trace,
    torus_modes,
    torus_plane_flow,
    weyl_breaking,
)

TIMES = np.array([0.02, 0.03, 0.045, 0.07])
TOWERS = string_towers()
ETA = 0.3


def sphere_limits(towers=TOWERS, missing=0):
    """Finite parts of the traces of towers, without some modes."""
    traces = [sphere_heat_trace(tower.helicity, TIMES) - 1 / TIMES for tower in towers]
    return finite_part(np.transpose(traces), TIMES) - missing


def torus_limit(helicity, measure="curved", eta=ETA):
    times = (0.05, 0.07, 0.09, 0.12)
    values = [
        torus_heat_trace(helicity, eta, time, 28, 32, measure) - torus_area_term(eta, time, helicity, measure)
        for time in times
    ]
    return float(finite_part(values, times))


def test_the_string_has_twenty_six_dimensions():
    limits = sphere_limits()
    np.testing.assert_allclose(limits, [1 / 3, 4 / 3, -5 / 3], atol=1e-6)
    assert critical_dimension(limits) == pytest.approx(26, abs=1e-4)
    assert weyl_breaking(limits, 10) == pytest.approx(16 / 3, abs=1e-5)
    one_time = np.array([sphere_heat_trace(tower.helicity, 0.05) - 20 for tower in TOWERS])
    assert critical_dimension(one_time) == pytest.approx(25.960, abs=5e-4)


def test_without_zero_modes_or_grassmann_signs_it_has_not():
    """Controls at their exact values: the constant and three Killing vectors; commuting ghosts; the pole instead."""
    limits = sphere_limits(missing=[sphere_zero_modes(tower.helicity) for tower in TOWERS])
    np.testing.assert_allclose(limits, [-2 / 3, -5 / 3, -5 / 3], atol=1e-6)
    assert critical_dimension(limits) == pytest.approx(5, abs=1e-4)
    only_killing = sphere_limits(missing=[0, 3, 0])
    assert weyl_breaking(only_killing, 26) == pytest.approx(-12, abs=1e-4)
    commuting = [Tower("c", 1, components=2), Tower("b", -2, components=2)]
    trace = np.dot([one.divergence for one in commuting], sphere_limits()[1:])
    assert -trace / sphere_limits()[0] == pytest.approx(-26, abs=1e-4)
    assert critical_dimension(np.ones(3)) == 2  # of the pole, a cosmological constant


@pytest.mark.parametrize("spin", [1, 2, 3, 4])
def test_ghosts_of_any_spin(spin):
    towers = string_towers(spin)
    wanted = 2 * (6 * spin**2 - 6 * spin + 1)
    limits, counts = sphere_limits(towers), np.array([sphere_mode_count(tower.helicity) for tower in towers])
    np.testing.assert_allclose(limits, [(1 + 3 * tower.helicity) / 3 for tower in towers], atol=2e-5)
    np.testing.assert_allclose(counts, [tower.curvature / 3 for tower in towers], atol=1e-12)
    assert critical_dimension(limits, spin) == pytest.approx(wanted, abs=2e-3)
    assert critical_dimension(counts, spin) == pytest.approx(wanted, abs=1e-9)


def test_counting_modes():
    """B = −D[ζ_X(0) + 1] + 2 ζ_bc(0) + 12 with the towers of the paper; ζ(0) by analytic continuation in numbers."""
    zeta_x, zeta_bc = (sphere_mode_count(s) - sphere_zero_modes(s) for s in (0, -2))
    assert (zeta_x, zeta_bc) == pytest.approx((-2 / 3, -5 / 3))
    assert sphere_mode_count(1) - 3 == pytest.approx(zeta_bc)  # the paired modes of c are those of b
    counts = np.array([sphere_mode_count(tower.helicity) for tower in TOWERS])
    for dimensions in (1, 10, 26):
        paper = -dimensions * (zeta_x + 1) + 2 * zeta_bc + 12
        assert weyl_breaking(counts, dimensions) == pytest.approx(paper)
        assert paper == pytest.approx(-(dimensions - 26) / 3)
    # Continued from where it converges: Σ (2l + 1) λ^{−z} = 2 Σ_k (z)_k/k! c^k ζ(2z + 2k − 1, l_0 + ½), c = (s + ½)².
    for s, first in ((0, 1), (1, 2), (-2, 2)):
        c, z = (s + 0.5) ** 2, 3.0
        weights = np.cumprod([1.0, *[(z + k) / (k + 1) for k in range(60)]])
        series = 2 * np.sum([w * c**k * zeta(2 * z + 2 * k - 1, first + 0.5) for k, w in enumerate(weights)])
        values, numbers = sphere_spectrum(s, 2000)
        there = values > 0
        assert series == pytest.approx(np.sum(numbers[there] * values[there] ** -z), rel=1e-9)


def test_traces_of_curvature_on_a_torus():
    """ηπ/6 of the boson, 4 and −5 times as much of ghosts, whose Laplacians see the curvature itself."""
    limits = np.array([torus_limit(tower.helicity) for tower in TOWERS])
    assert torus_curvature_term(ETA) == pytest.approx(0.157080, abs=5e-7)
    np.testing.assert_allclose(limits, np.array([1, 4, -5]) * torus_curvature_term(ETA), atol=2e-5)
    assert critical_dimension(limits) == pytest.approx(26, abs=5e-3)


def test_another_measure_gives_another_constant():
    """Control: modes that are normal by √g, and δω averaged over them by dx dy."""
    wrong = torus_limit(0, "flat")
    assert wrong == pytest.approx(torus_curvature_term(ETA, measure="flat"), abs=2e-5)
    assert torus_limit(1, "flat") == pytest.approx(torus_curvature_term(ETA, 1, "flat"), abs=2e-3)
    assert abs(wrong - torus_curvature_term(ETA)) > 0.02


def test_a_cut_in_numbers_of_modes_is_no_regulator():
    """Control: the trace over all waves below a number knows no curvature. By Szegő's theorem it is η for every k."""
    overlaps = torus_modes(0, ETA, 8).overlaps
    each = np.trace(overlaps, axis1=1, axis2=2)
    np.testing.assert_allclose(each, ETA, rtol=1e-6)


@pytest.mark.parametrize(("helicity", "measure"), [(0, "curved"), (1, "curved"), (0, "flat"), (1, "flat")])
def test_planes_have_the_pole_and_its_noise(helicity, measure):
    planes, own = torus_plane_flow(helicity, ETA, 0.3, 12, measure), torus_modes(helicity, ETA, 12, measure=measure)
    each = np.trace(planes, axis1=1, axis2=2)
    assert each[0] + 2 * np.sum(each[1:]) == pytest.approx(torus_area_term(ETA, 0.3, helicity, measure), abs=1e-6)
    if measure == "curved":  # the flat one has other terms of first order, which ghosts feel
        assert np.sum((own.flow(0.3) - planes) ** 2) < 0.1 * np.sum(own.flow(0.3) ** 2)


def test_modes_are_normal_and_flat_ones_are_waves():
    found = torus_modes(1, ETA, 6, 3)
    identity = np.broadcast_to(np.eye(13), found.frame.shape)
    np.testing.assert_allclose(np.swapaxes(found.frame, 1, 2) @ found.frame, identity, atol=1e-10)
    for helicity in (-2, 0, 1):
        flat = torus_modes(helicity, 0.0, 4, 2)
        wanted = [np.sort(np.r_[0, np.arange(1, 5), np.arange(1, 5)] ** 2) + k**2 for k in range(3)]
        np.testing.assert_allclose(flat.eigenvalues, wanted, atol=1e-10)
    # Zero modes on the torus: one each for X and c (a constant), of λ = 0 in any metric; and for b.
    for helicity in (-2, 0, 1):
        assert np.sum(np.abs(torus_modes(helicity, ETA, 12, 2).eigenvalues) < 1e-9) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: string_towers(0), "spin = 0"),
        (lambda: sphere_heat_trace(0, -0.1), "give positive times"),
        (lambda: finite_part([1.0, 2.0], [0.1, 0.1]), "give different ε, one for each value"),
        (lambda: finite_part([1.0], [0.1, 0.2]), "give different ε, one for each value"),
        (lambda: torus_modes(0, np.inf, 4), "eta"),
        (lambda: torus_modes(0, 0.1, 0), "along_x = 0"),
        (lambda: torus_modes(0, 0.1, 4, measure="round"), "measure"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
