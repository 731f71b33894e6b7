"""Fluxes that cancel between opposite edges are none, though inside a flat law B has no terms at all."""

import jax
import jax.numpy as jnp
import numpy as np

from nnft_ppl import Observable, load
from nnft_ppl.symmetries import WardIdentities, conclude, declared, generators


def four_fields(phi):
    first, second = phi(jnp.zeros(1))
    return first**3 * second


def test_uniform_amplitudes_break_the_rotation_by_flux():
    theory = load("output_group", width=1, law="uniform")
    (generator,) = generators(theory, "so", declared(theory)["so"])
    ward = WardIdentities(theory, generator, {"F": Observable(four_fields)})
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(7), 8000))
    series = {name: np.asarray(value)[None] for name, value in jax.jit(jax.vmap(ward))(positions).items()}
    through_one = np.abs(series["flux"][..., 0])
    assert 0 < np.max(through_one) < 1e-12  # rounding, at least
    own = ("so", ward.rows, ward.averaged, ward.far_sites, series)
    tolerance = 1e4 * np.finfo(float).eps
    findings = conclude([own], redundancy=False, weights=None, independent=True, tolerance=tolerance)
    assert (findings.verdict, findings.broken_by) == ("anomalous", ["flux"])
    assert findings.ward["p_value"] > 1e-5
    one, row = findings.ward["rows"]
    assert (one["residual"], one["error"]) == (0.0, 0.0)
    assert abs(row["z"]) < 5
    # E[V(F)] = E[φ_1⁴ − 3 φ_1² φ_2²] up to sign = 1.8; without its flux the identity is rejected.
    change = row["change"]
    assert abs(abs(change["value"]) - 1.8) < 5 * change["error"]
    assert abs(change["value"]) > 8 * change["error"]
