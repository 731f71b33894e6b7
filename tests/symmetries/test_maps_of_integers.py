"""Symmetries of theories with discrete sites: maps of integers are counted, vector fields move the rest."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist

from nnft_ppl import Theory
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.identities import Current, ParameterField, VectorFieldError
from nnft_ppl.symmetries import DiscreteSymmetry, Invariance, MinimalLift, SymmetryError, default_basis
from nnft_ppl.symmetries.lift import minimal_lift

POINT = [[0.3]]


def path(location=0.0):
    n = numpyro.sample("n", IntegerNormal(1.0, location, largest=6))
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    numpyro.factor("pull", -0.1 * n**2 * (a[0] ** 2 + a[1] ** 2))
    return lambda x: jnp.cos(n * x[0]) * (a[0] ** 2 + a[1] ** 2)


def changes(theory, symmetry):
    found = Invariance(theory, "map", symmetry)
    keys = jax.random.split(jax.random.key(1), 50)
    return jax.tree.map(np.asarray, jax.jit(jax.vmap(lambda key: found(theory.free_draw(key))))(keys))


@pytest.mark.parametrize(("location", "breaks"), [(0.0, False), (0.4, True)])
def test_a_reflection_of_integers(location, breaks):
    """Probabilities of levels change, if any, by e^{2 c n}; there is no Jacobian, though n goes to −n."""
    mirror = DiscreteSymmetry(lambda t: {"n": -t["n"], "a": 1.0 * t["a"][::-1]}, points=POINT)
    found = changes(Theory(path, location=location), mirror)
    np.testing.assert_allclose(found["lift_missed"], 0, atol=1e-12)
    np.testing.assert_allclose(found["jacobian"], 0, atol=1e-12)
    assert (np.max(np.abs(found["score"] + found["action"])) > 0.1) == breaks


def test_vector_fields_leave_integers_alone():
    theory = Theory(path)
    turn = ParameterField("turn", lambda t: {"a": jnp.stack([-t["a"][1], t["a"][0]])})
    current = Current(theory, turn)
    carried = jax.jit(lambda z: current.carry(z, lambda returned, values: returned(jnp.array([0.2])) * values["n"]))
    parts = carried(theory.free_draw(jax.random.key(2)))
    np.testing.assert_allclose([parts.breaking, parts.change], 0, atol=1e-12)
    with pytest.raises(VectorFieldError, match="moves 'n', a discrete site, which changes by whole steps only"):
        Current(theory, ParameterField("shift", lambda t: {"n": 1.0}))
    assert not [one.name for one in default_basis(theory) if one.name.endswith("∂n")]


def test_no_small_change_of_integers_alone():
    def integers():
        n = numpyro.sample("n", IntegerNormal(1.0))
        return lambda x: n + 0 * x[0]

    for theory, lift in ((Theory(integers), MinimalLift()), (Theory(path), MinimalLift(sites=("n",)))):
        with pytest.raises(SymmetryError, match="no continuous parameter for it to act on"):
            minimal_lift("shift", theory, lambda phi, x: 1.0, jnp.array(POINT), lift)
