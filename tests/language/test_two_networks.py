"""Fields from several networks, and a density whose symmetry is broken where two points cannot see it."""

import jax
import numpy as np
from statements import judged, known, worst_pulls, written
from statistical import ACCEPTED, REJECTED, sigmas

from nnft_ppl import Theory
from nnft_ppl.symmetries import WardIdentities, free_amplitudes, generators

NETWORKS = written("two_networks")


def test_outputs_of_one_network_interact_and_two_networks_do_not(seed):
    run = judged(NETWORKS, seed, 4000, shared=True)
    assert max(worst_pulls(run, run.exact).values()) < ACCEPTED
    # Controls: two networks; and a square, of which the two-point function is the same.
    two, square = (known(NETWORKS, width=4, law=law, shared=law != "gaussian") for law in ("gaussian", "uniform"))
    assert worst_pulls(run, two)["between"] > REJECTED
    wrong = worst_pulls(run, square)
    assert wrong["two_point"] < ACCEPTED
    assert wrong["four_point"] > REJECTED


def test_a_square_is_rejected_at_four_points_and_not_at_two(key, rng):
    """With x, y along the axes δ(φ(x)³φ(y)) = φ(x)⁴ − 3φ(x)²φ(y)², of mean 3(⟨w⁴⟩ − 3)/N."""
    theory = Theory(NETWORKS, law="uniform", width=2)
    wards = {}
    for name in ("at_two_points", "at_four_points"):
        symmetry = theory.symmetries[name]
        (one,) = generators(theory, name, symmetry)
        wards[name] = WardIdentities(theory, one, symmetry.functionals, free_amplitudes(theory))
    z = jax.vmap(theory.free_draw)(jax.random.split(key, 10_000))
    found = jax.jit(jax.vmap(lambda z: {name: ward(z) for name, ward in wards.items()}))(z)
    two, four = (np.asarray(found[name]["averaged_change"]) for name in wards)
    assert max(sigmas(series, 0) for series in two.T) < ACCEPTED
    assert sigmas(four[:, 0], 3 * (9 / 5 - 3) / 2) < ACCEPTED
    assert sigmas(four[:, 0], 0) > REJECTED
    # It leaves through the edges of the square.
    assert sigmas(found["at_four_points"]["averaged_flux"][:, 0] - four[:, 0], 0) < ACCEPTED
    assert max(np.max(np.abs(found[name]["breaking"])) for name in wards) < 1e-12

    def change(w):
        t = np.einsum("nia,nib->nab", w, w) / 2
        return 3 * (t[:, 0, 0] ** 2 - t[:, 0, 0] * t[:, 1, 1] - 2 * t[:, 0, 1] ** 2)

    np.testing.assert_allclose(change(np.asarray(jax.vmap(theory.transport)(z)["one.w"])), four[:, 0], atol=1e-12)
    # The control: normal weights, which no functional rejects.
    assert sigmas(change(rng.normal(size=(10_000, 2, 2))), 0) < ACCEPTED
