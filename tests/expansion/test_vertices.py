"""Local and non-local quartic vertices, told apart by the four points that they make."""

import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl import load
from nnft_ppl.exact import cosine_connected
from nnft_ppl.expansion import BatchEstimate, conditional_cumulant, fit_vertices, quartic_response
from nnft_ppl.spaces import Line

POINTS = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 0.5, 1, 2], [-0.3, -0.1, 0.1, 0.3], [0, 0, 2, 2]])[..., None]
REAL_LINE = Line(np.linspace(-8, 10, 121))
UNLIKELY, LIKELY = 1e-6, 1e-4
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


def propagator(x, y):
    """Of the cos-net."""
    return 0.5 * jnp.exp(-jnp.sum((x - y) ** 2) / 2)


def over_pairings(function):
    x = POINTS[..., 0]
    return sum(function(*(x[:, place] for place in (*one, *other))) for one, other in PAIRINGS)


LOCAL = quartic_response(POINTS, propagator, REAL_LINE)


def test_what_a_local_vertex_makes():
    exact = np.array([cosine_connected(one, 1, 1.0, 1.0, "gaussian") for one in POINTS])
    # ∫ (e^{−y²/2}/2)⁴ dy = √(π/2)/16; the coupling of λφ⁴ that each configuration asks for is another one.
    assert LOCAL[0] == pytest.approx(-24 * np.sqrt(np.pi / 2) / 16, rel=1e-9)
    np.testing.assert_allclose((exact / LOCAL)[:3], [-0.1995, -0.3217, -0.4069], atol=1e-4)


def test_a_non_local_vertex_of_no_range_is_the_local_one():
    narrow = quartic_response(POINTS, propagator, REAL_LINE, lambda y, z: jnp.where(jnp.all(y == z), 1 / 0.15, 0.0))
    np.testing.assert_allclose(narrow, LOCAL, rtol=1e-10)
    everywhere = quartic_response(POINTS, propagator, REAL_LINE, lambda y, z: jnp.ones(()))

    def pair(i, j):
        return np.sqrt(np.pi) / 4 * np.exp(-((i - j) ** 2) / 4)

    np.testing.assert_allclose(everywhere, -8 * over_pairings(lambda i, j, k, l: pair(i, j) * pair(k, l)), rtol=1e-8)


def test_a_cos_net_has_no_local_vertex():
    """Its vertices are ∫db |φ(b)|⁴, one wave, and (φG⁻¹φ)², the whole field: N G₄ = ⅜ Σ e(x+x−x−x) − Σ G G."""
    width = 8
    found = conditional_cumulant(load("cos_net", width=width), POINTS, 20_000)
    assert fit_vertices(found, [LOCAL]).p_value < UNLIKELY
    waves = over_pairings(lambda i, j, k, l: np.exp(-((i + j - k - l) ** 2) / 2))
    whole = over_pairings(lambda i, j, k, l: np.exp(-((i - j) ** 2) / 2 - (k - l) ** 2 / 2) / 4)
    fit = fit_vertices(found, [waves, whole])
    assert fit.p_value > LIKELY
    assert np.all(np.abs(fit.coefficients - np.array([3 / 8, -1]) / width) < 5 * fit.errors)


def test_a_local_vertex_is_found(rng):
    """Four points of λ = −.1, with errors of a thousandth of the largest."""
    batches = -0.1 * LOCAL + 0.008 * np.max(np.abs(0.1 * LOCAL)) * rng.normal(size=(64, len(POINTS)))
    error = batches.std(axis=0, ddof=1) / 8
    found = BatchEstimate(batches.mean(axis=0), error, np.full(5, 64.0), error, batches=batches)
    fit = fit_vertices(found, [LOCAL])
    assert fit.p_value > LIKELY
    assert abs(fit.coefficients[0] + 0.1) < 5 * fit.errors[0]
    everywhere = quartic_response(POINTS, propagator, REAL_LINE, lambda y, z: jnp.ones(()))
    assert fit_vertices(found, [everywhere]).p_value < UNLIKELY


def test_mistakes_are_named():
    found = BatchEstimate(*[np.zeros(5)] * 4, batches=np.zeros((64, 5)))
    with pytest.raises(ValueError, match=r"responses have shapes \[\(2,\)\] and the four-point function \(5,\)"):
        fit_vertices(found, [np.zeros(2)])
    with pytest.raises(ValueError, match=r"shape \(4, 2\); give \(\*shape, 4, 1\)"):
        quartic_response(np.zeros((4, 2)), propagator, REAL_LINE)
