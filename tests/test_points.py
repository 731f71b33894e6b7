"""Points and observables as a model is read: their dimension, lattices, whole numbers and truth values."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from nnft_ppl import Derived, Observable, Theory
from nnft_ppl.observables import n_point
from nnft_ppl.spaces import Box, Circle
from nnft_ppl.theory import ModelError, ModelFile

SITES = 12


def plane():
    w = numpyro.sample("w", dist.Normal(0, 1).expand([3]).to_event(1))
    return lambda x: w @ x


def with_own_keyword(dim=2):
    return plane()


def indexed():
    w = numpyro.sample("w", dist.Normal(0, 1).expand([2]).to_event(1))
    return lambda x: w[0] * jnp.cos(x[0]) + w[1] * jnp.cos(x[1])


def broadcast():
    w = numpyro.sample("w", dist.Normal(0, 1))
    return lambda x: w * jnp.sum(jnp.cos(x))


def ring():
    o = numpyro.sample("o", dist.Normal(0, 1).expand([SITES]).to_event(1))
    return lambda x: o[jnp.round(x[0]).astype(int) % SITES]


def flat():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a


def in_three():
    return {"g": n_point(np.ones((2, 3)))}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelFile(plane, "plane", observables=in_three), r"shape \(3,\), but .* Theory\(model, dim=3\)"),
        (ModelFile(broadcast, "sum", observables=in_three), r"'g' is measured at points of shape \(3,\)"),
        (plane, r"points x have shape \(1,\) here: give a space\(\), or --dim"),
        (indexed, r"field asks for x\[1\] or more at a point x of shape \(1,\): give the model a space"),
    ],
)
def test_points_of_another_dimension_are_refused(model, words):
    with pytest.raises(ModelError, match=words):
        Theory(model)


def test_the_dimension_of_points_is_given():
    assert Theory(plane, dim=3).dim == 3
    assert Theory(indexed, dim=2).dim == 2
    assert Theory(ModelFile(broadcast, "sum", observables=in_three), dim=3).shapes == {"g": ()}
    # A keyword of the model is the model's.
    with pytest.raises(ModelError, match=r"shape \(1,\)"):
        Theory(with_own_keyword, dim=3)
    with pytest.raises(ValueError, match="dim = 2, but its space has dim = 1"):
        Theory(ModelFile(flat, "flat", space=lambda: Circle(4.0)), dim=2)
    with pytest.raises(ValueError, match="dim = 0; give an integer >= 1"):
        Theory(flat, dim=0)


@pytest.mark.parametrize(
    "space", [None, lambda: Circle(12.0, points=12), lambda: Box(8.0, 1)], ids=["none", "circle", "box"]
)
def test_a_lattice_is_measured_on_its_sites(space):
    """The average over o of G(r) is δ_{r0} exactly: every pair is at two sites that lie r apart."""
    theory = Theory(ModelFile(ring, "ring", space=space))
    pairs = theory.observables["two_point"]
    assert pairs.coords == {"separation": (0.0, 1.0, 2.0)}
    z = jnp.eye(SITES) * np.sqrt(SITES)  # their average of o_i o_j is δ_ij
    values = jax.vmap(lambda position: pairs(theory.realise(position)))(z)
    np.testing.assert_allclose(jnp.mean(values, axis=0), [1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("model", [flat, broadcast])
def test_other_fields_are_measured_at_symmetric_pairs(model):
    pairs = Theory(model).observables["two_point"]
    assert pairs.coords == {"separation": (0.0, 0.5, 1.0, 2.0)}
    assert pairs.factors is not None
    left, right = (factor.parts[0].read.points for factor in pairs.factors)
    np.testing.assert_allclose(left, -right)


def with_observables(**observables):
    return Theory(ModelFile(flat, "flat", observables=lambda: observables))


def test_whole_numbers_and_truth_values_are_floats():
    theory = with_observables(
        above=Observable(lambda phi: phi(jnp.zeros(1)) > 0.5),
        sign=Observable(lambda phi: jnp.sign(phi(jnp.zeros(1))).astype(int)),
        counted=Observable(lambda phi: 3),
    )
    measured = theory.measure(jnp.array([-2.0]))["observables"]
    assert {name: (value.dtype, float(value)) for name, value in measured.items()} == {
        "above": (jnp.float64, 0.0),
        "sign": (jnp.float64, -1.0),
        "counted": (jnp.float64, 3.0),
    }


def at_origin(phi):
    return phi(jnp.zeros(1))


@pytest.mark.parametrize(
    ("observables", "words"),
    [
        ({"o": Observable(lambda phi: jnp.zeros((2, 0)))}, r"'o' has no entries, its shape is \(2, 0\)"),
        ({"chain": Observable(at_origin)}, "'chain' is stored as 'chain', the name of a dimension"),
        ({"o": Observable(lambda phi: jnp.zeros((2, 2)), ("r", "r"))}, "must be different names"),
        ({"o": Observable(lambda phi: jnp.zeros(2), ("a/b",))}, "must be different names, without /"),
        (
            {"o": Observable(lambda phi: jnp.zeros(2), ("r",)), "r": Derived(lambda means: means["o"])},
            "dimension .'r'. is the name of something else",
        ),
    ],
)
def test_observables_that_cannot_be_stored_are_refused(observables, words):
    with pytest.raises(ModelError, match=words):
        with_observables(**observables)


def test_a_kernel_of_two_points_is_no_field():
    """One that may be asked at a single point is."""

    def kernel(optional):
        w = numpyro.sample("w", dist.Normal(0, 1))
        return (lambda x, y=(0.0,): w * jnp.cos(x[0] - y[0])) if optional else (lambda x, y: w * jnp.cos(x[0] - y[0]))

    def theory(optional):
        moment = Observable(lambda phi: phi(jnp.zeros(1), jnp.zeros(1)))
        return Theory(ModelFile(lambda: kernel(optional), "kernel", observables=lambda: {"one": moment}))

    assert theory(optional=True).dimension == 1
    with pytest.raises(ModelError, match=r"field takes two points; a kernel .* is Bilocal"):
        theory(optional=False)
