"""Quartic rotation-invariant matrix densities against tables, identities and direct sampling."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special

from nnft_ppl.exact import RotationMoments, matrix_moments, radial_moments

# rows, columns, sigma_squared, coupling: <rho^2>, <rho^4>, <w^2>, <w^4>.
RADIAL = {
    (1, 1, 2, 0.1): (0.6155271857, 0.9611820357, 0.6155271857, 0.9611820357),
    (2, 2, 2, 0.1): (1.9505222489, 5.1236943777, 0.4876305622, 0.6404617972),
    (2, 3, 2, 0.05): (3.3019699589, 13.4901502054, 0.5503283265, 0.8431343878),
    (2, 3, 2, 0.1): (2.6268320602, 8.4329198495, 0.4378053434, 0.5270574906),
    (6, 1, 2, 0.5): (1.3870182749, 2.3064908626, 0.2311697125, 0.1441556789),
    (3, 3, 2, 0.1): (3.4768645436, 13.8078386409, 0.3863182826, 0.4184193528),
    (3, 4, 2, 0.1): (4.2025086409, 19.4937283977, 0.3502090534, 0.3481022928),
    (4, 5, 2, 0.1): (5.7903038797, 35.5242403008, 0.2895151940, 0.2422107293),
    (2, 3, 1, 0.1): (1.9978451422, 5.0107742889, 0.3329741904, 0.3131733931),
}
# rows, columns, coupling at sigma_squared = 2: <Tr>, <Tr[(W^T W)^2]>, <(Tr)^2>, <w^2>, <w^4>.
MATRIX = {
    (2, 2, 0.1): (2.0940642324, 4.7648394189, 5.9654371077, 0.5235160581, 0.7263335599),
    (2, 3, 0.05): (3.6338254265, 11.8308728675, 16.5065415941, 0.6056375711, 1.0042071832),
    (2, 3, 0.1): (2.9507564368, 7.6231089079, 10.7543451417, 0.4917927395, 0.6500140739),
    (2, 3, 0.5): (1.6140996977, 2.1929501511, 3.1565143790, 0.2690166163, 0.1885603670),
    (2, 4, 0.1): (3.7209239703, 10.6976900744, 16.2389941409, 0.4651154963, 0.5880370983),
}


# Four entries: ⟨w⁴⟩/3 − ⟨w²⟩² of the radial reading, and the weights of equal and of different pairings
# of rows and columns of the other one.
CONNECTED = (
    -0.0584797, -0.0242962995, -0.0218164710, -0.0159876885, -0.0053875430, -0.0097686979, -0.0066122835, -0.0030821378,
    -0.0064806804,
)  # fmt: skip
PAIRINGS = (
    (0.2808033437, -0.0193460785),
    (0.3713379496, -0.0183011109),
    (0.2461813545, -0.0147549983),
    (0.0744824979, -0.0058145211),
    (0.2192625683, -0.0116251011),
)


@pytest.mark.parametrize(("case", "connected"), list(zip(RADIAL, CONNECTED, strict=True)))
def test_radial_connected_table(case, connected):
    found = radial_moments(*case)
    entries = case[0] * case[1]
    kappa = found.trace_squared / (entries * (entries + 2)) - (found.trace / entries) ** 2
    assert kappa == pytest.approx(connected, abs=5e-8 if entries == 1 else 2e-10)
    assert found.weight_fourth / 3 - found.weight_squared**2 == pytest.approx(kappa, abs=1e-12)


@pytest.mark.parametrize(("case", "pairings"), list(zip(MATRIX, PAIRINGS, strict=True)))
def test_weights_of_pairings_of_the_matrix_reading(case, pairings):
    (p, q, coupling), found = case, matrix_moments(case[0], case[1], 2.0, case[2])
    # Of (Tr WᵀW)² rows and columns are paired alike, of Tr[(WᵀW)²] they are not.
    alike = [p * p * q * q + 2 * p * q, 2 * p * q * (p + q + 1)]
    equal = p * q * (p + q + 1)
    crossed = [equal, (p * p + 2 * p) * (q * q + 2 * q) - equal]
    weights = np.linalg.solve([alike, crossed], [found.trace_squared, found.quartic_trace])
    np.testing.assert_allclose(weights, pairings, atol=5e-10)
    assert found.weight_fourth == pytest.approx(3 * weights[0] + 6 * weights[1], rel=1e-10)
    assert abs(weights[0] - radial_moments(p, q, 2.0, coupling).weight_fourth / 3) > 0.005  # control: the other reading


def test_the_entrywise_quartic_is_not_isotropic():
    one = radial_moments(1, 1, 2.0, 0.1)
    diagonal = (one.weight_fourth + 3 * one.weight_squared**2) / 2
    assert diagonal == pytest.approx(1.04890, abs=5e-6)
    assert abs(diagonal - one.weight_fourth) > 0.08
    invariant = radial_moments(2, 1, 2.0, 0.1)
    along = invariant.trace_squared / 8
    assert 3 * along == pytest.approx(invariant.weight_fourth, rel=1e-12)


@pytest.mark.parametrize("case", RADIAL)
def test_radial_table(case):
    found = radial_moments(*case)
    selected = (found.trace, found.trace_squared, found.weight_squared, found.weight_fourth)
    np.testing.assert_allclose(selected, RADIAL[case], rtol=2e-10)


@pytest.mark.parametrize("case", MATRIX)
def test_matrix_table(case):
    rows, columns, coupling = case
    found = matrix_moments(rows, columns, 2.0, coupling)
    selected = (found.trace, found.quartic_trace, found.trace_squared, found.weight_squared, found.weight_fourth)
    np.testing.assert_allclose(selected, MATRIX[case], rtol=2e-10)
    np.testing.assert_allclose(matrix_moments(columns, rows, 2.0, coupling), found, rtol=1e-13)


def test_the_two_readings_differ():
    assert radial_moments(2, 3, 2.0, 0.1).weight_squared < 0.9 * matrix_moments(2, 3, 2.0, 0.1).weight_squared


@pytest.mark.parametrize("entries", [1, 3, 8])
def test_radial_moment_is_a_parabolic_cylinder_function(entries):
    sigma_squared, coupling = 1.3, 0.4
    argument = 1 / (sigma_squared * math.sqrt(2 * coupling))

    def integral(power):
        cylinder, _ = special.pbdv(-(power + 1) / 2, argument)
        return (2 * coupling) ** (-(power + 1) / 4) * math.gamma((power + 1) / 2) * cylinder

    expected = integral(entries + 1) / integral(entries - 1)
    assert radial_moments(entries, 1, sigma_squared, coupling).trace == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (3, 3), (3, 5), (2, 40)])
@pytest.mark.parametrize("reading", [radial_moments, matrix_moments])
def test_undeformed_matrix_is_gaussian(reading, rows, columns):
    variance, entries = 0.35, rows * columns
    expected = RotationMoments(
        weight_squared=variance,
        weight_fourth=3 * variance**2,
        trace=entries * variance,
        trace_squared=entries * (entries + 2) * variance**2,
        quartic_trace=entries * (rows + columns + 1) * variance**2,
    )
    np.testing.assert_allclose(reading(rows, columns, 2 * variance, 0.0), expected, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 3),
    columns=st.integers(1, 30),
    sigma_squared=st.floats(1e-2, 1e3),
    coupling=st.floats(0.0, 1e4),
)
def test_scaling_identity(rows, columns, sigma_squared, coupling):
    radial = radial_moments(rows, columns, sigma_squared, coupling)
    matrix = matrix_moments(rows, columns, sigma_squared, coupling)
    radial_sum = 2 * radial.trace / sigma_squared + 4 * coupling * radial.trace_squared
    matrix_sum = 2 * matrix.trace / sigma_squared + 4 * coupling * matrix.quartic_trace
    assert radial_sum == pytest.approx(rows * columns, rel=1e-10)
    assert matrix_sum == pytest.approx(rows * columns, rel=1e-10)
    if min(rows, columns) == 1:
        np.testing.assert_allclose(matrix, radial, rtol=1e-10)


def test_tiny_coupling_is_a_small_perturbation():
    np.testing.assert_allclose(matrix_moments(3, 4, 2.0, 1e-310), matrix_moments(3, 4, 2.0, 0.0), rtol=1e-13)


def test_wide_matrices_keep_the_identity():
    found = matrix_moments(3, 500, 2.0, 0.3)
    assert found.trace + 1.2 * found.quartic_trace == pytest.approx(1500.0, rel=1e-10)


def test_strong_coupling_forgets_the_gaussian():
    # 4 coupling <quartic> -> rows*columns with corrections of order 1/(sigma_squared sqrt(coupling)).
    assert 4e12 * matrix_moments(3, 3, 1.0, 1e12).quartic_trace == pytest.approx(9.0, rel=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (3, 3)])
def test_moments_by_importance_sampling(rows, columns):
    coupling, draws = 0.1, 60_000
    generator = np.random.default_rng([rows, columns])
    weights = generator.standard_normal((draws, rows, columns))
    gram = np.einsum("dij,dkj->dik", weights, weights)
    trace, quartic = np.einsum("dii->d", gram), np.einsum("dik,dik->d", gram, gram)
    cases = {"matrix": (matrix_moments, quartic), "radial": (radial_moments, trace**2)}
    predictions = {name: reading(rows, columns, 2.0, coupling) for name, (reading, _) in cases.items()}
    for name, (_, deformation) in cases.items():
        other = "radial" if name == "matrix" else "matrix"
        importance = np.exp(-coupling * deformation)
        importance /= importance.sum()
        for field, values in {
            "trace": trace,
            "trace_squared": trace**2,
            "quartic_trace": quartic,
            "weight_fourth": np.mean(weights**4, axis=(1, 2)),
        }.items():
            mean = float(np.sum(importance * values))
            error = math.sqrt(float(np.sum((importance * (values - mean)) ** 2)))
            assert abs(mean - getattr(predictions[name], field)) < 5 * error
            assert abs(mean - getattr(predictions[other], field)) > 6 * error


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: matrix_moments(4, 5, 2.0, 0.1), NotImplementedError, "a 4 x 5 matrix .*; make rows or columns"),
        (lambda: radial_moments(0, 5, 2.0, 0.1), ValueError, "radial_moments: rows = 0; give an integer >= 1"),
        (lambda: radial_moments(2, 5, 0.0, 0.1), ValueError, "sigma_squared = 0.0; give a finite number > 0"),
        (lambda: matrix_moments(2, 2, 1.0, -0.1), ValueError, "coupling = -0.1; give a finite number >= 0"),
        (lambda: matrix_moments(True, 2, 1.0, 0.1), TypeError, "rows = True; give an integer"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
