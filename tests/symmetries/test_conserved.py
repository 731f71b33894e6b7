"""A breaking function that cancels to rounding is none, though nothing else of it tells how large its terms are."""

import jax
import numpy as np
import pytest

from nnft_ppl import load
from nnft_ppl.observables import at, product
from nnft_ppl.symmetries import WardIdentities, conclude, generators

TWO = {"φφ": product(at([2.0], component=0), at([6.0], component=1))}


@pytest.mark.parametrize(("masses", "verdict"), [((0.25, 0.25), "symmetry"), ((0.25, 2.5), "anomalous")])
def test_the_phase_of_the_ring(masses, verdict, key):
    theory = load("charged_ring", mass_squared=masses)
    (generator,) = generators(theory, "phase", theory.symmetries["phase"])
    ward = WardIdentities(theory, generator, TWO)
    found = jax.jit(jax.vmap(ward))(jax.vmap(theory.free_draw)(jax.random.split(key, 4000)))
    series = {name: np.asarray(value)[None] for name, value in found.items()}
    own = ("phase", ward.rows, ward.averaged, ward.far_sites, series)
    tolerance = 1e4 * np.finfo(float).eps
    findings = conclude([own], redundancy=False, weights=None, independent=True, tolerance=tolerance)
    assert findings.verdict == verdict
    assert (findings.breaking["total"]["size"] == 0) == (verdict == "symmetry")
    assert np.max(np.abs(series["score"])) > 0  # rounding, at least
    assert np.min(series["breaking_size"]) > 0.1
